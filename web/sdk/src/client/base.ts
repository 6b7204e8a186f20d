import { Core } from "../core.js";
import type { ClientOptions } from "../options.js";
import type { ParleyStore } from "../store.js";
import type { AuthState, ClientEvents, ConnectionState } from "../types.js";

/** What all calls of a client stand on: its parts, its beginning and its end, and what it tells. */
export abstract class BaseClient {
  protected readonly core: Core;
  #starting: Promise<AuthState> | null = null;

  constructor(protected readonly options: ClientOptions = {}) {
    this.core = new Core(options);
  }

  /** What is known, to be shown. */
  get store(): ParleyStore {
    return this.core.reader;
  }

  /** Reads what the device keeps, and connects if somebody is signed in. Call it once; later calls give the same promise. */
  start(): Promise<AuthState> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** Closes sockets, timers and storage. What is in the outbox stays there. The client is of no use afterwards. */
  async stop(): Promise<void> {
    await this.#starting?.catch(() => undefined);
    await this.core.stop();
  }

  /** Tells of something whenever it happens, until the function it gives is called. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): () => void {
    return this.core.events.on(name, listener);
  }

  getAuth(): AuthState {
    return this.core.auth.state;
  }

  getConnection(): ConnectionState {
    return this.core.connection.state;
  }

  /** Tries to connect now rather than after the wait. */
  reconnect(): void {
    this.core.connection.reconnect();
  }

  async #start(): Promise<AuthState> {
    await this.core.auth.restore();
    await this.core.entering;
    return this.core.auth.state;
  }
}
