import { asParleyError } from "../errors.js";
import { Timer } from "../platform.js";
import type { DeviceStorage, Write } from "./storage.js";
import type { Surface } from "../platform.js";
import type { StoredConversation } from "../store/conversation.js";
import type { State } from "../store/state.js";

const DELAY_MS = 500;
const MESSAGES_MAX_COUNT = 100;

/**
 * Keeps the state on the device, so that a reload shows it at once and asks only for what is new. Of several tabs one
 * does it: what is kept is always one tab's whole state, together with the token that it is at least as new as.
 */
export class Keeper {
  readonly #timer: Timer;
  #isKeeper = false;
  #letGo: (() => void) | null = null;
  /** Whether what is kept of other conversations is this tab's too. */
  #isWhole = true;
  #saving: Promise<void> = Promise.resolve();

  constructor(
    private readonly storage: DeviceStorage,
    private readonly platform: Surface,
    private readonly state: State,
    private readonly getToken: () => string | null,
    private readonly broken: (error: Error) => void,
    private readonly name: string,
  ) {
    this.#timer = new Timer(platform);
  }

  /** What was kept for a user, put into the state; the token to go on from, null where there is none. */
  async restore(userId: string): Promise<string | null> {
    const sync = (await this.storage.get("meta", "sync")) as { readonly userId: string; readonly token: string } | undefined;
    if (sync?.userId !== userId) return null;
    const kept = await this.storage.all("cache");
    this.state.restore(
      kept.map(([, value]) => value as StoredConversation),
      [],
    );
    return sync.token;
  }

  /** Begins to keep, once no other tab does. */
  start(): void {
    const { locks } = this.platform;
    if (!this.storage.isShared || locks === undefined) {
      this.#isKeeper = true;
      return;
    }
    const waiting = new AbortController();
    const held = new Promise<void>((resolve) => {
      this.#letGo = () => {
        waiting.abort();
        resolve();
      };
    });
    locks
      .request(`${this.name}:keeper`, { signal: waiting.signal }, () => {
        if (waiting.signal.aborted) return undefined;
        this.#isKeeper = true;
        // Whoever kept before may have known more of some, and this tab less: its own state is whole in itself.
        for (const id of this.state.conversations.keys()) this.state.unsaved.add(id);
        this.#isWhole = false;
        this.wake();
        return held;
      })
      .catch((error: unknown) => {
        if (!waiting.signal.aborted) this.broken(asParleyError(error));
      });
  }

  /** Something has changed, which is kept soon. */
  wake(): void {
    if (this.#isKeeper && !this.#timer.isSet) this.#timer.set(DELAY_MS, () => void this.save());
  }

  /** Keeps what has changed now. */
  save(): Promise<void> {
    this.#timer.stop();
    this.#saving = this.#saving.then(() => this.#save()).catch((error: unknown) => {
      this.broken(asParleyError(error));
    });
    return this.#saving;
  }

  /** Ends keeping; what has changed is kept before. */
  async stop(isKept: boolean): Promise<void> {
    if (isKept) await this.save();
    this.#timer.stop();
    this.#isKeeper = false;
    await this.#saving;
    this.#letGo?.();
    this.#letGo = null;
  }

  async #save(): Promise<void> {
    const token = this.getToken();
    // Without a token what is kept could never be made whole.
    if (!this.#isKeeper || token === null || this.state.userId === "") return;
    const ids = [...this.state.unsaved];
    this.state.unsaved.clear();
    const writes: Write[] = ids.map((id) => ({ area: "cache", key: id, value: this.state.conversations.get(id)?.dump(MESSAGES_MAX_COUNT) }));
    if (!this.#isWhole) {
      for (const [key] of await this.storage.all("cache")) if (!this.state.conversations.has(String(key))) writes.push({ area: "cache", key });
    }
    try {
      await this.storage.write([...writes, { area: "meta", key: "sync", value: { userId: this.state.userId, token } }]);
      this.#isWhole = true;
    } catch (error) {
      for (const id of ids) this.state.unsaved.add(id);
      throw error;
    }
  }
}
