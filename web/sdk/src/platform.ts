import type { Platform, PlatformExtras, WebSocketLike } from "./options.js";

export type Surface = Platform & PlatformExtras;

/** The platform as it is, with what was given in the place of its own. */
export function makePlatform(given: Partial<Surface> = {}): Surface {
  const page = globalThis as Partial<typeof globalThis>;
  return {
    fetch: (input, init) => fetch(input, init),
    WebSocket: page.WebSocket as unknown as new (url: string) => WebSocketLike,
    random: Math.random,
    now: Date.now,
    setTimeout: (run, ms) => setTimeout(run, ms),
    clearTimeout: (timer) => {
      clearTimeout(timer as number);
    },
    indexedDB: page.indexedDB,
    locks: page.navigator?.locks,
    BroadcastChannel: page.BroadcastChannel,
    events: [page.window, page.document].filter((target) => target !== undefined),
    // A platform without the property does not know, and is taken to be online.
    isOnline: () => (page.navigator as { readonly onLine?: boolean } | undefined)?.onLine !== false,
    XMLHttpRequest: page.XMLHttpRequest,
    ...given,
  };
}

/** Listens to what happens to the page, until the function it gives is called. */
export function listen({ events = [] }: Surface, names: readonly string[], heard: () => void): () => void {
  for (const target of events) for (const name of names) target.addEventListener(name, heard);
  return () => {
    for (const target of events) for (const name of names) target.removeEventListener(name, heard);
  };
}

/** 128 random bits as text: it needs no secure context, as `crypto.randomUUID` does. */
export function makeId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** One timer, which can be set anew and stopped. */
export class Timer {
  #timer: unknown;

  constructor(private readonly platform: Platform) {}

  get isSet(): boolean {
    return this.#timer !== undefined;
  }

  set(ms: number, run: () => void): void {
    this.stop();
    // Browsers run a longer one at once.
    this.#timer = this.platform.setTimeout(
      () => {
        this.#timer = undefined;
        run();
      },
      Math.min(ms, 2 ** 31 - 1),
    );
  }

  stop(): void {
    if (this.#timer !== undefined) this.platform.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** "Full jitter": anywhere up to a bound that doubles with each failure, and never before what the server asked for. */
export function backoff(platform: Platform, failures: number, retryAfter = 0, maxMs = 30_000): number {
  const bound = Math.min(maxMs, 500 * 2 ** Math.min(failures, 10));
  return retryAfter * 1000 + platform.random() * bound;
}

/** Runs something while no other tab does, or at least nothing else here. */
export function makeLock(platform: Surface, name: string, isShared: boolean): <Result>(run: () => Promise<Result>) => Promise<Result> {
  const { locks } = platform;
  if (isShared && locks !== undefined) {
    return async <Result>(run: () => Promise<Result>) => (await locks.request(name, run)) as Result;
  }
  let last: Promise<unknown> = Promise.resolve();
  return (run) => {
    const next = last.then(run, run);
    last = next.catch(() => undefined);
    return next;
  };
}
