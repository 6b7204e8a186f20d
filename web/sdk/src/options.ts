/** What the platform gives; each may be replaced, which tests do. */
export interface Platform {
  readonly fetch: typeof fetch;
  readonly WebSocket: new (url: string) => WebSocketLike;
  readonly random: () => number;
  readonly now: () => number;
  readonly setTimeout: (run: () => void, ms: number) => unknown;
  readonly clearTimeout: (timer: unknown) => void;
}

/** What of a WebSocket is used. */
export interface WebSocketLike {
  readonly readyState: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  onopen: ((event: unknown) => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
  onerror: ((event: unknown) => void) | null;
}

/** How a client is set up. */
export interface ClientOptions {
  /** Where Parley is, such as `https://chat.example.com`. The page's own origin where it is not given. */
  readonly url?: string;
  /** Told as the session's name in the list of sessions. */
  readonly deviceName?: string;
  /** Where tokens, the cache and the outbox are kept: the browser's IndexedDB where there is one, else memory. */
  readonly storage?: "auto" | "memory";
  /** Keeps clients of the same origin apart. */
  readonly namespace?: string;
  readonly platform?: Partial<Platform & PlatformExtras>;
}

/** What else a platform may give, and is done without where it does not. */
export interface PlatformExtras {
  readonly indexedDB?: IDBFactory | undefined;
  readonly locks?: LockManager | undefined;
  readonly BroadcastChannel?: typeof BroadcastChannel | undefined;
  /** Tells `online`, `offline`, `visibilitychange` and the like. */
  readonly events?: readonly EventTarget[];
  readonly isOnline?: () => boolean;
  readonly XMLHttpRequest?: typeof XMLHttpRequest | undefined;
}
