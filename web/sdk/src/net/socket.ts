import { ParleyError } from "../errors.js";
import { Timer } from "../platform.js";
import type { Answers, ServerEvent } from "../events.js";
import type { WebSocketLike } from "../options.js";
import type { Surface } from "../platform.js";

const OPEN_TIMEOUT_MS = 15_000;
const ANSWER_TIMEOUT_MS = 15_000;
/** Bounds how long what a socket missed stays so. */
const BEAT_MS = 25_000;
const PONG_TIMEOUT_MS = 10_000;

/** Who is told of what a socket hears. */
export interface SocketWatcher {
  /** The events of one frame, in their order. */
  heard(events: readonly ServerEvent[], socket: Socket): void;
  /** Something may not have reached it, though it is open; said once. */
  missed(socket: Socket): void;
  closed(socket: Socket, code: number): void;
}

interface Frame {
  readonly event: string;
  readonly requestId?: string;
  readonly data: unknown;
}

interface Waiting {
  readonly timer: Timer;
  readonly resolve: (data: unknown) => void;
  readonly reject: (error: ParleyError) => void;
}

/** One WebSocket: frames that are answered, events that are not, and a pulse that tells when the other end is gone. */
export class Socket {
  readonly #socket: WebSocketLike;
  readonly #waiting = new Map<string, Waiting>();
  readonly #pulse: Timer;
  readonly #opening: Timer;
  #requests = 0;
  #isOpen = false;
  #isClosed = false;
  #resolveOpen: (() => void) | null = null;
  #rejectOpen: ((error: ParleyError) => void) | null = null;
  /** Settles when the socket is open, or raises `network` or `timeout`. */
  readonly opened: Promise<void>;

  constructor(
    url: string,
    private readonly platform: Surface,
    private readonly watcher: SocketWatcher,
  ) {
    this.#pulse = new Timer(platform);
    this.#opening = new Timer(platform);
    this.opened = new Promise((resolve, reject) => {
      this.#resolveOpen = resolve;
      this.#rejectOpen = reject;
    });
    this.opened.catch(() => undefined); // Whoever waits for it is told; nobody has to wait.
    const socket = new platform.WebSocket(url);
    this.#socket = socket;
    socket.onopen = () => {
      this.#isOpen = true;
      this.#opening.stop();
      this.#resolveOpen?.();
      this.#beat();
    };
    socket.onmessage = ({ data }) => {
      this.#hear(data);
    };
    socket.onerror = () => undefined; // A close follows, which is heard.
    socket.onclose = ({ code }) => {
      this.#end(code, new ParleyError("network", "The connection was lost."));
    };
    this.#opening.set(OPEN_TIMEOUT_MS, () => {
      this.drop(new ParleyError("timeout", "The connection was not made in time."));
    });
  }

  get isOpen(): boolean {
    return this.#isOpen && !this.#isClosed;
  }

  /** How many frames wait for their answer. */
  get pendingCount(): number {
    return this.#waiting.size;
  }

  /**
   * Sends a frame and waits for its answer; raises what the answer says, or `timeout`: then the frame may have been lost
   * alone, or with the connection, which is asked.
   */
  request(action: string, data?: unknown, timeoutMs = ANSWER_TIMEOUT_MS): Promise<unknown> {
    if (!this.isOpen) return Promise.reject(new ParleyError("network", "There is no connection."));
    this.#requests += 1;
    const requestId = String(this.#requests);
    return new Promise((resolve, reject) => {
      const timer = new Timer(this.platform);
      this.#waiting.set(requestId, { timer, resolve, reject });
      timer.set(timeoutMs, () => {
        this.#waiting.delete(requestId);
        const error = new ParleyError("timeout", "There was no answer in time.");
        reject(error);
        if (action === "ping") this.drop(error);
        else this.probe();
      });
      this.#socket.send(JSON.stringify(data === undefined ? { action, requestId } : { action, requestId, data }));
    });
  }

  /** Asks at once whether the other end is there still, and whether everything has come. */
  probe(timeoutMs = PONG_TIMEOUT_MS): void {
    if (!this.isOpen) return;
    this.request("ping", undefined, timeoutMs).then(
      (answer) => {
        if ((answer as Answers["PongData"]).missed === true) this.watcher.missed(this);
      },
      () => undefined,
    );
  }

  /** Ends it in good order. */
  close(): void {
    this.drop(new ParleyError("network", "The connection was closed."));
  }

  /** Ends it for a reason, without waiting for the other end. */
  drop(error: ParleyError): void {
    this.#end(1000, error);
    try {
      this.#socket.close(1000);
    } catch {
      // It was never open.
    }
  }

  #end(code: number, error: ParleyError): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#opening.stop();
    this.#pulse.stop();
    this.#rejectOpen?.(error);
    for (const { timer, reject } of this.#waiting.values()) {
      timer.stop();
      reject(error);
    }
    this.#waiting.clear();
    this.watcher.closed(this, code);
  }

  /** Not only after a silence: what is heard does not tell what is not. */
  #beat(): void {
    this.#pulse.set(BEAT_MS, () => {
      this.probe();
      this.#beat();
    });
  }

  #hear(text: unknown): void {
    if (this.#isClosed) return;
    let frames: unknown;
    try {
      frames = JSON.parse(String(text));
    } catch {
      return; // Nothing that the contract knows.
    }
    const events: ServerEvent[] = [];
    for (const frame of (Array.isArray(frames) ? frames : [frames]) as Frame[]) {
      if (frame.requestId !== undefined) this.#settle(frame.requestId, frame);
      else if (frame.event !== "error") events.push(frame as ServerEvent);
    }
    if (events.length > 0) this.watcher.heard(events, this);
  }

  #settle(requestId: string, { event, data }: Frame): void {
    const waiting = this.#waiting.get(requestId);
    if (waiting === undefined) return;
    this.#waiting.delete(requestId);
    waiting.timer.stop();
    if (event !== "error") {
      waiting.resolve(data);
      return;
    }
    const { code, message, retryable, retryAfter, errors } = data as Answers["ErrorData"];
    waiting.reject(new ParleyError(code, message, { retryable, ...(retryAfter === undefined ? {} : { retryAfter }), ...(errors === undefined ? {} : { errors }) }));
  }
}
