import { sizeOf } from "./drafts.js";
import { asParleyError, ParleyError } from "./errors.js";
import { backoff, makeLock, Timer } from "./platform.js";
import { isMade, subjectOf } from "./store/change.js";
import type { Http } from "./net/http.js";
import type { Socket } from "./net/socket.js";
import type { Surface } from "./platform.js";
import type { DeviceStorage } from "./storage/storage.js";
import type { Change, Wanted } from "./store/change.js";
import type { State } from "./store/state.js";
import type { Message } from "./types.js";

/** A frame may have 32 KB; a change that is longer goes over REST. */
const FRAME_MAX_BYTES = 30_000;
/** An accepted change that is not seen made for so long is not waited for: what is stored is asked for, and shown. */
const LOST_MS = 30_000;
/** What the server fails at so often is not tried for ever: other changes wait behind it. */
const FAULTS_MAX_COUNT = 5;
const NOTHING: readonly Change[] = [];

/** A change on its way: `key` is its place in the storage; null until it has one. */
interface Entry {
  key: number | null;
  readonly change: Change;
  isAccepted: boolean;
  /** How often the server has failed at it. */
  faults: number;
  readonly lost: Timer;
  /** Tells whoever made it, if they wait for it. */
  readonly settle: ((error?: ParleyError) => void) | null;
}

/** Who is told. */
export interface ChangesWatcher {
  /** Brings the stored message anew, if it can be had. */
  fetchStored(messageId: string): Promise<void>;
  /** A change was refused that nobody waits for: it was made before the page was loaded. */
  refused(change: Change, error: ParleyError): void;
  broken(error: Error): void;
}

/**
 * Edits, deletes and reactions on their way. As the outbox does with messages, they are shown at once, kept on the device,
 * and made in their order when there is a connection. One is over when a stored version shows it, or when it is refused:
 * then what is stored is shown again.
 */
export class Changes {
  #entries: Entry[] = [];
  #isRunning = false;
  #failures = 0;
  /** Keeps the order of what is put in while the storage takes its time. */
  #keeping: Promise<unknown> = Promise.resolve();
  readonly #shown = new Map<string, readonly Change[]>();
  readonly #retry: Timer;
  readonly #lock: <R>(run: () => Promise<R>) => Promise<R>;
  userId = "";

  constructor(
    private readonly http: Http,
    private readonly storage: DeviceStorage,
    private readonly platform: Surface,
    private readonly state: State,
    private readonly watcher: ChangesWatcher,
    private readonly getSocket: () => Socket | null,
    name: string,
  ) {
    this.#retry = new Timer(platform);
    this.#lock = makeLock(platform, `${name}:changes`, storage.isShared);
  }

  /** The changes of a message in their order; the same list until it changes. */
  of(messageId: string): readonly Change[] {
    return this.#shown.get(messageId) ?? NOTHING;
  }

  /** Takes up what the device keeps. */
  async restore(): Promise<void> {
    const kept = (await this.storage.all("changes")) as (readonly [number, Change])[];
    for (const [key, change] of kept) if (change.userId === this.userId) this.#put(change, key, null);
  }

  /** Makes a change: settles when it is accepted, raises where it is refused. It is shown until then, and until it is stored. */
  make(messageId: string, wanted: Wanted): Promise<void> {
    const { userId } = this;
    if (userId === "") return Promise.reject(new ParleyError("unauthorized", "Nobody is signed in."));
    const createdAt = new Date(this.platform.now()).toISOString();
    const change: Change = { ...wanted, userId, messageId, baseRev: this.state.find(messageId)?.rev ?? 0, createdAt };
    return new Promise((resolve, reject) => {
      const entry = this.#put(change, null, (error) => {
        if (error === undefined) resolve();
        else reject(error);
      });
      this.#keeping = this.#keeping
        .then(async () => {
          entry.key = await this.storage.append("changes", change);
        })
        .catch((error: unknown) => {
          this.watcher.broken(asParleyError(error));
        });
      this.wake();
    });
  }

  /** There is another version of a message: it may show what was changed here. */
  note({ messageId }: Message): void {
    if (this.#shown.has(messageId)) this.#settle(messageId);
  }

  /** Sends what waits. Safe to call at any time. */
  wake(): void {
    if (!this.#isRunning && !this.#retry.isSet) void this.#run();
  }

  /** There is a new connection: what waited for a better time is tried at once. */
  kick(): void {
    this.#retry.stop();
    this.wake();
  }

  /** Forgets what was here; what the device keeps is another's business. */
  clear(): void {
    const entries = this.#entries;
    this.#retry.stop();
    this.#failures = 0;
    this.#entries = [];
    this.#shown.clear();
    for (const { lost, settle, isAccepted } of entries) {
      lost.stop();
      if (!isAccepted) settle?.(new ParleyError("aborted", "The client stopped, or somebody signed out, before it was made."));
    }
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      for (let entry = this.#next(); entry !== undefined; entry = this.#next()) await this.#send(entry);
      this.#failures = 0;
    } catch (error) {
      const { code, retryAfter } = asParleyError(error);
      if (code === "unauthorized") return; // There will be another call when somebody is signed in.
      this.#retry.set(backoff(this.platform, this.#failures, retryAfter), () => {
        this.wake();
      });
      this.#failures += 1;
    } finally {
      this.#isRunning = false;
    }
  }

  #next(): Entry | undefined {
    return this.#entries.find((entry) => !entry.isAccepted);
  }

  /** Brings one change to its end, or raises what asks for another try later. */
  async #send(entry: Entry): Promise<void> {
    await this.#keeping;
    const { change } = entry;
    try {
      await this.#lock(async () => {
        // Another tab may have taken it up and made it.
        const isThere = entry.key === null || (await this.storage.get("changes", entry.key)) !== undefined;
        if (!isThere || !this.#entries.includes(entry)) return;
        await this.#ask(change);
        await this.#forget(entry);
      });
    } catch (error) {
      const failure = asParleyError(error);
      if (failure.code === "internal") entry.faults += 1;
      if ((failure.retryable || failure.code === "unauthorized") && entry.faults < FAULTS_MAX_COUNT) throw failure;
      await this.#refuse(entry, failure);
      return;
    }
    if (!this.#entries.includes(entry)) return;
    entry.isAccepted = true;
    entry.settle?.();
    entry.lost.set(LOST_MS, () => {
      void this.watcher.fetchStored(change.messageId).then(() => {
        this.#drop(entry);
      });
    });
    this.#settle(change.messageId);
  }

  async #ask(change: Change): Promise<void> {
    const { messageId } = change;
    const socket = this.getSocket();
    if (change.kind === "edit") {
      const { content } = change;
      if (socket !== null && sizeOf(content) < FRAME_MAX_BYTES) await socket.request("edit", { messageId, content });
      else await this.http.call("put", "/api/chat/{messageId}", { path: { messageId }, body: { content } });
    } else if (change.kind === "delete") {
      if (socket !== null) await socket.request("delete", { messageId });
      else await this.http.call("delete", "/api/chat/{messageId}", { path: { messageId } });
    } else {
      const { emoji, remove } = change;
      if (socket !== null) await socket.request("react", { messageId, emoji, remove });
      else await this.http.call(remove ? "delete" : "put", "/api/chat/{messageId}/reactions/{emoji}", { path: { messageId, emoji } });
    }
  }

  async #refuse(entry: Entry, error: ParleyError): Promise<void> {
    await this.#forget(entry);
    if (!this.#entries.includes(entry)) return;
    this.#drop(entry);
    if (entry.settle !== null) entry.settle(error);
    else this.watcher.refused(entry.change, error);
  }

  async #forget({ key }: Entry): Promise<void> {
    if (key === null) return;
    await this.storage.write([{ area: "changes", key }]).catch((error: unknown) => {
      this.watcher.broken(asParleyError(error));
    });
  }

  /** Lets go of the accepted changes of a message that are seen made; of those of one thing none before the one before it. */
  #settle(messageId: string): void {
    const stored = this.state.find(messageId);
    const open = new Set<string>();
    for (const entry of this.#entries.filter(({ change }) => change.messageId === messageId)) {
      const subject = subjectOf(entry.change);
      if (entry.isAccepted && !open.has(subject) && (stored === undefined || isMade(stored, entry.change))) this.#drop(entry);
      else open.add(subject);
    }
  }

  #put(change: Change, key: number | null, settle: Entry["settle"]): Entry {
    const entry: Entry = { key, change, isAccepted: false, faults: 0, lost: new Timer(this.platform), settle };
    this.#entries.push(entry);
    this.#show(change.messageId);
    return entry;
  }

  #drop(entry: Entry): void {
    entry.lost.stop();
    this.#entries = this.#entries.filter((one) => one !== entry);
    this.#show(entry.change.messageId);
  }

  #show(messageId: string): void {
    const changes = this.#entries.flatMap(({ change }) => (change.messageId === messageId ? [change] : []));
    if (changes.length > 0) this.#shown.set(messageId, changes);
    else this.#shown.delete(messageId);
    this.state.touchMessage(messageId);
  }
}
