import { vi } from "vitest";
import { conversation, ME, message, user } from "./samples.js";
import { ParleyClient } from "../../src/index.js";
import type { ServerEvent, SyncPage } from "../../src/events.js";
import type { ClientOptions, WebSocketLike } from "../../src/index.js";
import type { Surface } from "../../src/platform.js";

/** One frame that a client sent. */
export interface Sent {
  readonly action: string;
  readonly requestId: string;
  readonly data: Record<string, unknown>;
}

type Answer = { readonly event: string; readonly data: unknown } | null;

/** An error answer to a frame. */
export function refusal(code: string, retryable: boolean, retryAfter?: number): Answer {
  return { event: "error", data: { code, message: code, retryable, ...(retryAfter === undefined ? {} : { retryAfter }) } };
}

/** A WebSocket whose other end is the test. */
export class FakeSocket implements WebSocketLike {
  readyState = 0;
  onopen: ((event: unknown) => void) | null = null;
  onmessage: ((event: { readonly data: unknown }) => void) | null = null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null = null;
  onerror: ((event: unknown) => void) | null = null;
  readonly sent: Sent[] = [];

  constructor(
    readonly url: string,
    private readonly server: FakeServer,
  ) {
    server.sockets.push(this);
    if (server.accepts) queueMicrotask(() => { this.open(); });
  }

  get isOpen(): boolean {
    return this.readyState === 1;
  }

  open(): void {
    if (this.readyState !== 0) return;
    this.readyState = 1;
    this.onopen?.({});
  }

  send(data: string): void {
    const frame = JSON.parse(data) as Sent;
    this.sent.push(frame);
    const answer = this.server.answer(frame);
    if (answer !== null) queueMicrotask(() => { this.hear({ ...answer, requestId: frame.requestId }); });
  }

  close(): void {
    this.fall(1000);
  }

  /** It ends, as the network or the server has it. */
  fall(code = 1006): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.onclose?.({ code, reason: "" });
  }

  /** What the server says. */
  hear(frames: unknown): void {
    if (this.isOpen) this.onmessage?.({ data: JSON.stringify(frames) });
  }

  tell(...events: ServerEvent[]): void {
    this.hear(events.length === 1 ? events[0] : events);
  }

  frames(action: string): Sent[] {
    return this.sent.filter((frame) => frame.action === action);
  }
}

/** What a client calls and connects to: it answers as the contract says, and where a test says otherwise, so. */
export class FakeServer {
  readonly sockets: FakeSocket[] = [];
  readonly calls: { readonly method: string; readonly path: string; readonly query: URLSearchParams; readonly body: unknown; readonly token: string | null }[] = [];
  /** Whether sockets open by themselves. */
  accepts = true;
  /** What sync answers next; then there is nothing new. */
  pages: SyncPage[] = [{ changes: [{ conversation: conversation(), messages: [], members: [] }], complete: true, token: "t1" }];
  /** Answers to frames in the place of the usual, by action. */
  readonly frames = new Map<string, (frame: Sent) => Answer>();
  /** Answers to calls in the place of the usual, by method and path. */
  readonly routes = new Map<string, (body: never, query: URLSearchParams) => Response | Promise<Response>>();
  tokens = 0;
  /** Access tokens that are good; null for all. */
  good: Set<string> | null = null;

  get socket(): FakeSocket {
    const socket = this.sockets.findLast((one) => one.isOpen);
    if (socket === undefined) throw new Error("no socket is open");
    return socket;
  }

  get openCount(): number {
    return this.sockets.filter((socket) => socket.isOpen).length;
  }

  called(path: string): number {
    return this.calls.filter((call) => call.path === path).length;
  }

  answer(frame: Sent): Answer {
    const special = this.frames.get(frame.action);
    if (special !== undefined) return special(frame);
    switch (frame.action) {
      case "ping":
        return { event: "pong", data: { serverTime: new Date().toISOString() } };
      case "sync":
        return { event: "sync", data: this.#page() };
      case "send":
        return { event: "chat:send:ack", data: { results: (frame.data.messages as { clientMessageId: string }[]).map(accept) } };
      case "seen":
        return { event: "chat:seen:ack", data: { conversationId: frame.data.conversationId, lastDeliveredSeq: 0, lastReadSeq: 0 } };
      case "join":
        return { event: "chat:join:ack", data: { conversationId: frame.data.conversationId, online: [ME, "u_ben"] } };
      default:
        return { event: `chat:${frame.action}:ack`, data: {} };
    }
  }

  readonly fetch = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : input);
    const method = init.method ?? "GET";
    const token = new Headers(init.headers).get("authorization")?.replace("Bearer ", "") ?? null;
    const body: unknown = typeof init.body === "string" ? JSON.parse(init.body) : init.body;
    this.calls.push({ method, path: url.pathname, query: url.searchParams, body, token });
    await Promise.resolve();
    if (init.signal?.aborted === true) throw new DOMException("aborted", "AbortError");
    if (token !== null && this.good !== null && !this.good.has(token)) return problem(401, "unauthorized");
    const special = this.routes.get(`${method} ${url.pathname}`);
    return special === undefined ? this.#route(method, url) : special(body as never, url.searchParams);
  };

  #page(): SyncPage {
    return this.pages.shift() ?? { changes: [], complete: true, token: "later" };
  }

  #route(method: string, url: URL): Response {
    switch (`${method} ${url.pathname}`) {
      case "POST /api/auth/login":
      case "POST /api/auth/register":
        return json({ user: { ...user(ME), email: "me@example.com" }, ...this.newTokens() }, 201);
      case "POST /api/auth/refresh":
        return json(this.newTokens());
      case "POST /api/auth/ws-ticket":
        return json({ ticket: "k", url: "wss://socket.test/?ticket=k", expiresIn: 30 }, 201);
      case "GET /api/sync":
        return json(this.#page());
      case "GET /api/users/presence":
        return json({ items: [{ userId: "u_ben", online: false, lastSeenAt: null }] });
      case "POST /api/auth/logout":
        return new Response(null, { status: 204 });
      default:
        return url.pathname.startsWith("/api/messages/conversation/") ? json(history(url.searchParams)) : json({ items: [], nextCursor: null });
    }
  }

  newTokens(): { accessToken: string; refreshToken: string; expiresIn: number } {
    this.tokens += 1;
    const accessToken = `access-${String(this.tokens)}`;
    this.good?.add(accessToken);
    return { accessToken, refreshToken: `refresh-${String(this.tokens)}`, expiresIn: 900 };
  }
}

function accept({ clientMessageId }: { clientMessageId: string }): unknown {
  return { messageId: `m_${clientMessageId}`, clientMessageId, status: "accepted" };
}

/** A history of 200 messages. */
function history(query: URLSearchParams): unknown {
  const limit = Number(query.get("limit") ?? 50);
  const after = query.get("after");
  const first = after === null ? Math.max(1, Number(query.get("before") ?? 201) - limit) : Number(after) + 1;
  const last = after === null ? Number(query.get("before") ?? 201) - 1 : Math.min(200, Number(after) + limit);
  const items = Array.from({ length: Math.max(0, last - first + 1) }, (_, place) => message(first + place));
  return { items: after === null ? items.reverse() : items, nextCursor: null };
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", ...headers } });
}

export function problem(status: number, code: string, headers: Record<string, string> = {}): Response {
  return json({ type: `urn:parley:error:${code}`, title: code, status, detail: code, code, requestId: "r" }, status, headers);
}

/** The locks of one browser. */
export class FakeLocks {
  readonly #last = new Map<string, Promise<unknown>>();

  readonly request = (name: string, ...[first, second]: [() => unknown] | [LockOptions, () => unknown]): Promise<unknown> => {
    const run = second ?? (first as () => unknown);
    const next = (this.#last.get(name) ?? Promise.resolve()).then(run, run);
    this.#last.set(name, next.catch(() => undefined));
    return next;
  };
}

/** The channels of one browser. */
export function makeChannels(): typeof BroadcastChannel {
  const all = new Set<FakeChannel>();
  class FakeChannel {
    onmessage: ((event: { data: unknown }) => void) | null = null;
    constructor() {
      all.add(this);
    }
    postMessage(data: unknown): void {
      for (const other of all) if (other !== this) queueMicrotask(() => other.onmessage?.({ data }));
    }
    close(): void {
      all.delete(this);
    }
  }
  return FakeChannel as unknown as typeof BroadcastChannel;
}

const clients: ParleyClient[] = [];

/** A client of the server, with no jitter: every wait is as long as it can be. */
export function makeClient(server: FakeServer, platform: Partial<Surface> = {}, options: ClientOptions = {}): ParleyClient {
  const client = new ParleyClient({
    url: "https://chat.test/",
    storage: platform.indexedDB === undefined ? "memory" : "auto",
    ...options,
    platform: {
      fetch: server.fetch,
      WebSocket: class extends FakeSocket {
        constructor(url: string) {
          super(url, server);
        }
      },
      random: () => 1,
      locks: undefined,
      BroadcastChannel: undefined,
      events: [],
      ...platform,
    },
  });
  clients.push(client);
  return client;
}

/** A client that is signed in, connected and whole. */
export async function signedIn(server: FakeServer, platform: Partial<Surface> = {}): Promise<ParleyClient> {
  const client = makeClient(server, platform);
  await client.login({ login: "me", password: "secret" });
  await settle();
  return client;
}

export async function stopAll(): Promise<void> {
  await Promise.all(clients.splice(0).map((client) => client.stop()));
}

/** Lets everything happen that needs no time. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 80; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Lets time pass. */
export async function advance(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  await settle();
}

/** A clock that stands still, for timers and for the time of day. */
export function useFakeClock(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"], now: Date.UTC(2026, 0, 2) });
}
