import { Timer } from "./platform.js";
import type { Answers } from "./events.js";
import type { Http } from "./net/http.js";
import type { Socket } from "./net/socket.js";
import type { Surface } from "./platform.js";
import type { State } from "./store/state.js";

/** The contract's: a start lapses after it. */
const TYPING_LAPSE_MS = 6_000;
/** A start is said again so often while somebody goes on. */
const TYPING_REPEAT_MS = 3_000;
const TYPING_PAUSE_MS = 5_000;
const PRESENCE_DELAY_MS = 50;
const PRESENCE_EVERY_MS = 60_000;
const PRESENCE_MAX_COUNT = 100;
const NOBODY: readonly string[] = [];

/** What lasts only while it lasts: which conversations are open, who types, who is online. */
export class Live {
  readonly #rooms = new Map<string, number>();
  readonly #typing = new Map<string, Map<string, Timer>>();
  readonly #typists = new Map<string, readonly string[]>();
  readonly #own = new Map<string, { saidAt: number; readonly pause: Timer }>();
  readonly #watched = new Map<string, number>();
  readonly #presence: Timer;

  constructor(
    private readonly http: Http,
    private readonly platform: Surface,
    private readonly state: State,
    private readonly getSocket: () => Socket | null,
  ) {
    this.#presence = new Timer(platform);
  }

  /** Who types in a conversation; the same list until it changes. */
  typing(conversationId: string): readonly string[] {
    return this.#typists.get(conversationId) ?? NOBODY;
  }

  /** Joins a conversation until the function it gives is called; two who join it leave it with the last. */
  join(conversationId: string): () => void {
    const count = this.#rooms.get(conversationId) ?? 0;
    this.#rooms.set(conversationId, count + 1);
    const socket = this.getSocket();
    if (count === 0 && socket !== null) this.#enter(conversationId, socket);
    return once(() => {
      const left = (this.#rooms.get(conversationId) ?? 1) - 1;
      if (left > 0) this.#rooms.set(conversationId, left);
      else {
        this.#rooms.delete(conversationId);
        ask(this.getSocket(), "leave", { conversationId });
      }
    });
  }

  /** A socket is new: it joins what is open, and presence is asked for, since nobody told of it meanwhile. */
  serve(socket: Socket): void {
    for (const conversationId of this.#rooms.keys()) this.#enter(conversationId, socket);
    this.#refreshPresence(PRESENCE_DELAY_MS);
  }

  /** Notes that somebody begins or stops to type. */
  note(conversationId: string, userId: string, isTyping: boolean): void {
    const timers = this.#typing.get(conversationId) ?? new Map<string, Timer>();
    const timer = timers.get(userId);
    if (timer === undefined && (!isTyping || userId === this.state.userId)) return;
    const lapsing = timer ?? new Timer(this.platform);
    lapsing.stop();
    if (isTyping) {
      timers.set(userId, lapsing);
      lapsing.set(TYPING_LAPSE_MS, () => {
        this.note(conversationId, userId, false);
      });
    } else timers.delete(userId);
    this.#typing.set(conversationId, timers);
    if (isTyping !== (timer !== undefined)) {
      this.#typists.set(conversationId, [...timers.keys()]);
      this.state.topics.touch(`typing:${conversationId}`);
    }
  }

  /** Says that the caller types, at most every 3 s; it ends by itself 5 s after the last call. */
  setTyping(conversationId: string, isTyping: boolean): void {
    const known = this.#own.get(conversationId);
    if (!isTyping) {
      if (known === undefined) return;
      known.pause.stop();
      this.#own.delete(conversationId);
      ask(this.getSocket(), "typing", { conversationId, state: "stop" });
      return;
    }
    const own = known ?? { saidAt: -Infinity, pause: new Timer(this.platform) };
    this.#own.set(conversationId, own);
    own.pause.set(TYPING_PAUSE_MS, () => {
      this.setTyping(conversationId, false);
    });
    const now = this.platform.now();
    if (now - own.saidAt < TYPING_REPEAT_MS) return;
    own.saidAt = now;
    ask(this.getSocket(), "typing", { conversationId, state: "start" });
  }

  /** A message was sent: whoever sees it need not be told that the writing has stopped. */
  endTyping(conversationId: string): void {
    this.#own.get(conversationId)?.pause.stop();
    this.#own.delete(conversationId);
  }

  /** Keeps the presence of people known until the function it gives is called. */
  watch(userIds: readonly string[]): () => void {
    for (const userId of userIds) this.#watched.set(userId, (this.#watched.get(userId) ?? 0) + 1);
    if (userIds.some((userId) => this.state.people.presence(userId) === undefined)) this.#refreshPresence(PRESENCE_DELAY_MS);
    return once(() => {
      for (const userId of userIds) {
        const left = (this.#watched.get(userId) ?? 1) - 1;
        if (left > 0) this.#watched.set(userId, left);
        else this.#watched.delete(userId);
      }
    });
  }

  /** Forgets everything: somebody signed out. */
  clear(): void {
    this.#presence.stop();
    for (const timers of this.#typing.values()) for (const timer of timers.values()) timer.stop();
    for (const { pause } of this.#own.values()) pause.stop();
    for (const known of [this.#typing, this.#typists, this.#own]) known.clear();
  }

  #enter(conversationId: string, socket: Socket): void {
    socket.request("join", { conversationId }).then(
      (answer) => {
        const { online } = answer as Answers["JoinAnswer"];
        const lastSeenAt = new Date(this.platform.now()).toISOString();
        this.state.topics.change(() => {
          for (const userId of online) this.state.people.putPresence({ userId, online: true, lastSeenAt });
        });
      },
      () => undefined, // Not a member any more, or not connected: the next socket tries again.
    );
  }

  /** Events tell of those who share an open conversation; of the others it is asked now and then. */
  #refreshPresence(delayMs: number): void {
    this.#presence.set(delayMs, () => {
      if (this.getSocket() === null || this.#watched.size === 0) return;
      const userIds = [...this.#watched.keys()];
      for (let place = 0; place < userIds.length; place += PRESENCE_MAX_COUNT) {
        const ids = userIds.slice(place, place + PRESENCE_MAX_COUNT).join(",");
        this.http.call("get", "/api/users/presence", { query: { ids } }).then(
          ({ items }) => {
            this.state.topics.change(() => {
              for (const presence of items) this.state.people.putPresence(presence);
            });
          },
          () => undefined, // It is asked again soon.
        );
      }
      this.#refreshPresence(PRESENCE_EVERY_MS);
    });
  }
}

/** Says something that is not worth a second try. */
function ask(socket: Socket | null, action: string, data: unknown): void {
  socket?.request(action, data).then(undefined, () => undefined);
}

function once(run: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) run();
    isDone = true;
  };
}
