import { asParleyError, ParleyError } from "../errors.js";
import { backoff, Timer } from "../platform.js";
import type { Http } from "./http.js";
import type { Socket } from "./socket.js";
import type { SyncPage } from "../events.js";
import type { Surface } from "../platform.js";
import type { State } from "../store/state.js";

/** How long a missing rev may take to come by itself, as the contract has it. */
const GAP_MS = 2_000;

/** Asks for what was missed, page by page, and heals what is missing. */
export class Sync {
  /** Where to go on: of the last page, and of the last pass that was complete, which is what a device may keep. */
  #token: string | null = null;
  #completeToken: string | null = null;
  #running: Promise<void> | null = null;
  #isWanted = false;
  /** Counts who was signed in: an answer for somebody else is nobody's business. */
  #epoch = 0;
  readonly #gap: Timer;

  constructor(
    private readonly http: Http,
    private readonly platform: Surface,
    private readonly state: State,
    /** The socket to ask over; null where there is none. */
    private readonly getSocket: () => Socket | null,
    private readonly completed: () => void,
  ) {
    this.#gap = new Timer(platform);
  }

  /** The token that goes with what is in the state at least. */
  get completeToken(): string | null {
    return this.#completeToken;
  }

  /** Takes up a token that the device kept. */
  restore(token: string | null): void {
    this.#token = this.#completeToken = token;
  }

  /** Forgets where it was. */
  reset(): void {
    this.restore(null);
    this.#epoch += 1;
    this.#gap.stop();
    this.#isWanted = false;
  }

  /**
   * Brings everything since the last time. One runs at a time: who asks meanwhile waits for one that began after it asked.
   * @param socket over which to ask; without one, and for the first state, REST is asked, whose pages are larger.
   */
  async run(socket: Socket | null): Promise<void> {
    while (this.#running !== null) {
      this.#isWanted = true;
      await this.#running.catch(() => undefined);
    }
    this.#isWanted = false;
    this.#running = this.#pass(socket).finally(() => {
      this.#running = null;
    });
    await this.#running;
  }

  /** Looks whether something is missing; what has not come in two seconds is asked for. */
  watch(): void {
    if (this.#gap.isSet || !this.state.hasGap) return;
    this.#gap.set(GAP_MS, () => {
      const socket = this.getSocket();
      // Without a connection there will be a sync as soon as there is one.
      if (!this.state.hasGap || socket === null || this.#isWanted) return;
      this.run(socket).then(undefined, () => {
        this.watch();
      });
    });
  }

  async #pass(socket: Socket | null): Promise<void> {
    const epoch = this.#epoch;
    for (let failures = 0; ; ) {
      const token = this.#token;
      this.state.beginRequest(token === null);
      try {
        const page = await this.#ask(socket, token);
        if (epoch !== this.#epoch) return;
        this.state.applyPage(page);
        this.#token = page.token;
        failures = 0;
        if (!page.complete) continue;
        this.#completeToken = page.token;
        this.completed();
        this.watch();
        return;
      } catch (error) {
        const failure = asParleyError(error);
        if (epoch !== this.#epoch) throw failure;
        if (failure.code === "sync_token_invalid" && token !== null) this.#token = null;
        else if (!failure.retryable || (socket !== null && !socket.isOpen) || failures >= 4) throw failure;
        else await this.#pause(backoff(this.platform, failures, failure.retryAfter, 5_000));
        failures += 1;
      }
    }
  }

  async #ask(socket: Socket | null, token: string | null): Promise<SyncPage> {
    if (socket === null || token === null) return await this.http.call("get", "/api/sync", { query: { token } });
    if (!socket.isOpen) throw new ParleyError("network", "The connection was lost.");
    return (await socket.request("sync", { token })) as SyncPage;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.platform.setTimeout(resolve, ms));
  }
}
