import { Socket } from "./socket.js";
import { asParleyError, ParleyError } from "../errors.js";
import { backoff, listen, Timer } from "../platform.js";
import type { Http } from "./http.js";
import type { SocketWatcher } from "./socket.js";
import type { ServerEvent } from "../events.js";
import type { Surface } from "../platform.js";
import type { ConnectionState } from "../types.js";

const PROBE_TIMEOUT_MS = 4_000;
const DRAIN_TIMEOUT_MS = 10_000;
const DRAIN_STEP_MS = 200;
/** A successor is open so long before the end at the latest. */
const SPARE_MS = 60_000;
/** How long a socket must have served before a loss of it counts as the first again. */
const STABLE_MS = 10_000;

/** What is done with the connection. */
export interface ConnectionUser {
  heard(events: readonly ServerEvent[]): void;
  /** A socket is open, and is to be made of use: it is served when the promise settles, and of no use if that raises. */
  serve(socket: Socket): Promise<void>;
  connectionChanged(state: ConnectionState): void;
  /** The session is over. */
  ended(reason: string): void;
}

/**
 * Keeps one socket open: connects by ticket, comes back after a loss with full jitter, and puts a new socket in the place
 * of one that is about to expire before that ends.
 */
export class Connection implements SocketWatcher {
  #state: ConnectionState = { status: "idle", retryAt: null, error: null };
  #isWanted = false;
  #current: Socket | null = null;
  /** The one that is being made, be it the first or a successor; and those that have been followed and finish. */
  #next: Socket | null = null;
  readonly #leaving = new Set<Socket>();
  /** Counts tries: what a try finds when another has begun is not its business any more. */
  #epoch = 0;
  #failures = 0;
  #isSucceeding = false;
  #servedAt = 0;
  readonly #retry: Timer;
  readonly #succession: Timer;
  readonly #drain: Timer;
  readonly #stopListening: () => void;

  constructor(
    private readonly http: Http,
    private readonly platform: Surface,
    private readonly user: ConnectionUser,
  ) {
    this.#retry = new Timer(platform);
    this.#succession = new Timer(platform);
    this.#drain = new Timer(platform);
    // `offline` is a hint: a stack on this very machine is reached without any network.
    this.#stopListening = listen(platform, ["online", "offline", "visibilitychange", "pageshow"], () => {
      this.reconnect();
    });
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** The socket that serves, if one does. */
  get socket(): Socket | null {
    return this.#current?.isOpen === true ? this.#current : null;
  }

  start(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#failures = 0;
    void this.#connect();
  }

  /** Closes everything, until `start`. */
  stop(): void {
    this.#isWanted = false;
    this.#epoch += 1;
    for (const timer of [this.#retry, this.#succession, this.#drain]) timer.stop();
    const sockets = [this.#current, this.#next, ...this.#leaving];
    this.#current = this.#next = null;
    this.#leaving.clear();
    for (const socket of sockets) socket?.close();
    this.#become("idle");
  }

  /** Lets go of the platform too. */
  dispose(): void {
    this.stop();
    this.#stopListening();
  }

  /** Tries now rather than after the wait; a connection that seems to be there is asked whether it is. */
  reconnect(): void {
    if (!this.#isWanted) return;
    if (this.#retry.isSet) {
      this.#retry.stop();
      void this.#connect();
    } else this.#current?.probe(PROBE_TIMEOUT_MS);
  }

  heard(events: readonly ServerEvent[], socket: Socket): void {
    // Both of two that overlap are heard: whatever comes twice is dropped by its rev.
    const others: ServerEvent[] = [];
    for (const event of events) {
      if (event.event === "session:expiring") {
        if (socket === this.#current) this.#planSuccession(Date.parse(event.data.reconnectBy));
      } else if (event.event === "session:ended") this.user.ended(event.data.reason);
      else others.push(event);
    }
    if (others.length > 0) this.user.heard(others);
  }

  /** It is made use of anew, like one that has just opened; a socket for which that fails is given up for another. */
  missed(socket: Socket): void {
    if (socket !== this.#current) return; // What takes its place is, or was, served by itself.
    this.user.serve(socket).catch((error: unknown) => {
      socket.drop(asParleyError(error));
    });
  }

  closed(socket: Socket): void {
    this.#leaving.delete(socket);
    if (socket !== this.#current) return; // Whoever makes one hears of it by its promise.
    this.#current = null;
    this.#succession.stop();
    if (!this.#isWanted) return;
    if (this.platform.now() - this.#servedAt >= STABLE_MS) this.#failures = 0;
    // A successor that is being made is there soonest.
    if (!this.#isSucceeding) this.#wait(new ParleyError("network", "The connection was lost."));
  }

  async #connect(): Promise<void> {
    this.#epoch += 1;
    const epoch = this.#epoch;
    this.#become("connecting");
    try {
      const socket = await this.#open(epoch);
      this.#current = socket;
      this.#become("syncing");
      await this.user.serve(socket);
      if (epoch !== this.#epoch || !socket.isOpen) return;
      this.#served();
    } catch (error) {
      this.#failed(epoch, asParleyError(error));
    }
  }

  async #open(epoch: number): Promise<Socket> {
    const { url } = await this.http.call("post", "/api/auth/ws-ticket");
    this.#check(epoch);
    const socket = new Socket(url, this.platform, this);
    this.#next = socket;
    try {
      await socket.opened;
      this.#check(epoch);
      return socket;
    } catch (error) {
      socket.close();
      throw error;
    } finally {
      if (this.#next === socket) this.#next = null;
    }
  }

  #check(epoch: number): void {
    if (epoch !== this.#epoch) throw new ParleyError("aborted", "Another connection is being made.");
  }

  #failed(epoch: number, error: ParleyError): void {
    if (epoch !== this.#epoch || !this.#isWanted) return;
    const socket = this.#current;
    this.#current = null;
    socket?.close();
    if (error.status === 401) this.#become("idle"); // Whoever keeps the session has ended it.
    else if (!this.#retry.isSet) this.#wait(error);
  }

  #served(): void {
    this.#servedAt = this.platform.now();
    this.#become("online");
  }

  #wait(error: ParleyError): void {
    const ms = backoff(this.platform, this.#failures, error.retryAfter);
    this.#failures += 1;
    this.#epoch += 1;
    this.#retry.set(ms, () => void this.#connect());
    this.#become(this.platform.isOnline?.() === false ? "offline" : "waiting", error, this.platform.now() + ms);
  }

  /** Somewhere in the time that is left, so that not all whose sockets opened together come back together. */
  #planSuccession(reconnectBy: number, failures = 0): void {
    const left = reconnectBy - this.platform.now() - SPARE_MS;
    const ms = failures === 0 ? this.platform.random() * Math.max(0, left) : backoff(this.platform, failures);
    this.#succession.set(ms, () => void this.#succeed(reconnectBy, failures));
  }

  /** Makes a socket and has it served; only then the old one goes, once its frames are answered. */
  async #succeed(reconnectBy: number, failures: number): Promise<void> {
    const epoch = this.#epoch;
    let socket: Socket | null = null;
    this.#isSucceeding = true;
    try {
      socket = await this.#open(epoch);
      await this.user.serve(socket);
      if (epoch !== this.#epoch || !socket.isOpen) throw new ParleyError("network", "The connection was lost.");
      const old = this.#current;
      this.#current = socket;
      this.#served();
      if (old !== null) this.#letGo(old, this.platform.now() + DRAIN_TIMEOUT_MS);
    } catch {
      socket?.close();
      if (epoch !== this.#epoch || !this.#isWanted) return;
      if (this.#current === null) this.#wait(new ParleyError("network", "The connection was lost."));
      else this.#planSuccession(reconnectBy, failures + 1);
    } finally {
      this.#isSucceeding = false;
    }
  }

  #letGo(socket: Socket, until: number): void {
    this.#leaving.add(socket);
    const step = (): void => {
      if (socket.pendingCount === 0 || this.platform.now() >= until) socket.close();
      else this.#drain.set(DRAIN_STEP_MS, step);
    };
    this.#drain.set(DRAIN_STEP_MS, step);
  }

  #become(status: ConnectionState["status"], error: Error | null = null, retryAt: number | null = null): void {
    if (this.#state.status === status && this.#state.error === error && this.#state.retryAt === retryAt) return;
    this.#state = { status, error, retryAt };
    this.user.connectionChanged(this.#state);
  }
}
