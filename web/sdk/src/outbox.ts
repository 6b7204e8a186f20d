import { makeBody, makeOutgoing, sizeOf } from "./drafts.js";
import { asParleyError, isRetryable, ParleyError } from "./errors.js";
import { backoff, makeLock, Timer } from "./platform.js";
import type { SendBody } from "./drafts.js";
import type { Answers } from "./events.js";
import type { Http } from "./net/http.js";
import type { Socket } from "./net/socket.js";
import type { Outgoing } from "./outgoing.js";
import type { Surface } from "./platform.js";
import type { DeviceStorage, Write } from "./storage/storage.js";
import type { Draft, ErrorCode } from "./types.js";

const BATCH_MAX_COUNT = 25;
/** A frame may have 32 KB; a message that is longer goes over REST. */
const FRAME_MAX_BYTES = 30_000;
const FRAME_OVERHEAD_BYTES = 200;

type Result = Answers["SendAnswer"] | { clientMessageId: string; status: "refused"; code: ErrorCode };

/** An entry: `key` is its place in the storage, which all tabs share; null until it has one. */
interface Entry {
  key: number | null;
  outgoing: Outgoing;
}

/** Who is told. */
export interface OutboxWatcher {
  outboxChanged(conversationIds: ReadonlySet<string>): void;
  failed(outgoing: Outgoing): void;
  /** It could not be kept on the device: it goes on without. */
  broken(error: Error): void;
  /** Other tabs are to read it anew. */
  spread(): void;
}

/**
 * What is on its way: kept on the device, sent in order, and by its clientMessageId stored once, however often it is sent.
 * All tabs see the same; whichever has a connection sends, one at a time.
 */
export class Outbox {
  #entries: Entry[] = [];
  #isDraining = false;
  #isWanted = false;
  #failures = 0;
  /** What has left the outbox here: the storage may have it for a moment longer. */
  readonly #gone = new Set<string>();
  /** Keeps the order of what is put in while the storage takes its time. */
  #appending: Promise<unknown> = Promise.resolve();
  readonly #retry: Timer;
  readonly #lock: <R>(run: () => Promise<R>) => Promise<R>;
  userId = "";

  constructor(
    private readonly http: Http,
    private readonly storage: DeviceStorage,
    private readonly platform: Surface,
    private readonly watcher: OutboxWatcher,
    private readonly getSocket: () => Socket | null,
    name: string,
  ) {
    this.#retry = new Timer(platform);
    this.#lock = makeLock(platform, `${name}:outbox`, storage.isShared);
  }

  /** What is on its way to a conversation, in the order of sending. */
  of(conversationId: string): Outgoing[] {
    return this.#entries.flatMap(({ outgoing }) => (outgoing.conversationId === conversationId ? [outgoing] : []));
  }

  /** What has been accepted and not seen stored. */
  accepted(): Outgoing[] {
    return this.#entries.flatMap(({ outgoing }) => (outgoing.state === "accepted" ? [outgoing] : []));
  }

  /** Reads what the device keeps: at the start, and when another tab has changed it. */
  async restore(): Promise<void> {
    const stored = (await this.storage.all("outbox")) as (readonly [number, Outgoing])[];
    const before = new Map(this.#entries.map(({ outgoing }) => [outgoing.clientMessageId, outgoing]));
    const own = stored.filter(([, outgoing]) => outgoing.senderId === this.userId && !this.#gone.has(outgoing.clientMessageId));
    const waiting = this.#entries.filter((entry) => entry.key === null);
    const kept = own.map(([key, outgoing]) => {
      const known = before.get(outgoing.clientMessageId);
      // What is accepted here is so, also while the storage does not know of it yet.
      return { key, outgoing: known !== undefined && (known.state === "accepted" || isSame(known, outgoing)) ? known : outgoing };
    });
    const keptIds = new Set(kept.map(({ outgoing }) => outgoing.clientMessageId));
    const after = [...kept, ...waiting.filter(({ outgoing }) => !keptIds.has(outgoing.clientMessageId))];
    const changed = new Set([...this.#entries, ...after].map(({ outgoing }) => outgoing.conversationId));
    this.#entries = after;
    if (changed.size > 0) this.watcher.outboxChanged(changed);
  }

  /** Puts a message in; it is shown at once. Raises `invalid_request` where it can never be sent. */
  add(conversationId: string, draft: Draft): Outgoing {
    const outgoing = makeOutgoing(conversationId, draft, this.userId, this.platform.now());
    this.#append(outgoing);
    return outgoing;
  }

  /** Sends a failed message once more, behind what waits. */
  retry(clientMessageId: string): void {
    const entry = this.#find(clientMessageId);
    if (entry?.outgoing.state !== "failed") return;
    this.#drop([entry]);
    this.#append({ ...entry.outgoing, state: "pending", error: null });
  }

  /** Takes a message out that is not accepted; false where it is too late. */
  async discard(clientMessageId: string): Promise<boolean> {
    await this.#appending;
    // What is being sent is settled first, here or in another tab.
    return this.#lock(async () => {
      await this.restore();
      const entry = this.#find(clientMessageId);
      if (entry === undefined || entry.outgoing.state === "accepted") return false;
      this.#drop([entry]);
      return true;
    });
  }

  /** A message has been seen stored: it is on its way no more. */
  settle(clientMessageId: string): void {
    const entry = this.#find(clientMessageId);
    if (entry !== undefined) this.#drop([entry]);
  }

  /** A conversation is left: nothing can be sent to it. */
  leave(conversationId: string): void {
    this.#drop(this.#entries.filter(({ outgoing }) => outgoing.conversationId === conversationId));
  }

  /** Stops, and forgets what was in it here; the storage is another's business. */
  clear(): void {
    this.#entries = [];
    this.#gone.clear();
    this.#retry.stop();
    this.#failures = 0;
  }

  stop(): void {
    this.#retry.stop();
  }

  /** Sends what waits, as soon as there is a connection. Safe to call at any time. */
  drain(): void {
    this.#isWanted = true;
    if (this.#isDraining) return;
    this.#isDraining = true;
    void this.#drainAll().finally(() => {
      this.#isDraining = false;
      if (this.#isWanted) this.drain();
    });
  }

  /** There is a new connection: what waited for a better time is tried at once. */
  kick(): void {
    this.#retry.stop();
    this.drain();
  }

  async #drainAll(): Promise<void> {
    while (this.#isWanted) {
      this.#isWanted = false;
      await this.#appending;
      if (this.getSocket() === null || this.#retry.isSet || !this.#entries.some(isPending)) continue;
      try {
        await this.#lock(() => this.#sendAll());
        this.#failures = 0;
      } catch (error) {
        const { code, retryAfter } = asParleyError(error);
        // Without a connection, or without anybody signed in, there will be another call when there is.
        if (this.getSocket() === null || code === "unauthorized") return;
        this.#retry.set(backoff(this.platform, this.#failures, retryAfter), () => {
          this.drain();
        });
        this.#failures += 1;
      }
    }
  }

  /** Sends batch by batch. Raises what asks for another try later, with all that is not through still in its place. */
  async #sendAll(): Promise<void> {
    // Another tab may have sent what this one thinks waits.
    if (this.storage.isShared) await this.restore();
    for (let maxCount = BATCH_MAX_COUNT; ; ) {
      const batch = takeBatch(this.#entries.filter(isPending), maxCount);
      if (batch.length === 0) return;
      let results: readonly Result[];
      try {
        results = await this.#send(batch.map((entry) => makeBody(entry.outgoing)));
        maxCount = BATCH_MAX_COUNT;
      } catch (error) {
        const failure = asParleyError(error);
        if (failure.retryable || failure.code === "unauthorized") throw failure;
        if (batch.length > 1) {
          maxCount = 1; // A frame that is not well-formed is refused whole: which one it was shows when each goes alone.
          continue;
        }
        results = batch.map(({ outgoing }) => ({ clientMessageId: outgoing.clientMessageId, status: "refused", code: failure.code }));
      }
      await this.#take(results);
    }
  }

  async #send(bodies: readonly SendBody[]): Promise<readonly Result[]> {
    const [first] = bodies;
    if (first !== undefined && bodies.length === 1 && sizeOf(first) > FRAME_MAX_BYTES - FRAME_OVERHEAD_BYTES) {
      return [await this.http.call("post", "/api/chat/send", { body: { ...first } })];
    }
    const socket = this.getSocket();
    if (socket === null) throw new ParleyError("network", "There is no connection.");
    return ((await socket.request("send", { messages: bodies })) as Answers["SendResults"]).results;
  }

  /** Notes how each of a batch fared; raises when some of it is to be sent again. */
  async #take(results: readonly Result[]): Promise<void> {
    let again: ErrorCode | null = null;
    const writes: Write[] = [];
    const changed = new Set<string>();
    for (const result of results) {
      const entry = this.#find(result.clientMessageId);
      if (entry === undefined) continue; // It was seen stored before its acknowledgement came.
      if (result.status === "accepted") entry.outgoing = { ...entry.outgoing, state: "accepted", messageId: result.messageId };
      else if (isRetryable(result.code)) again ??= result.code;
      else entry.outgoing = { ...entry.outgoing, state: "failed", error: { code: result.code, message: `The message was refused: ${result.code}.` } };
      changed.add(entry.outgoing.conversationId);
      if (entry.key !== null) writes.push({ area: "outbox", key: entry.key, value: entry.outgoing });
      if (entry.outgoing.state === "failed") this.watcher.failed(entry.outgoing);
    }
    this.watcher.outboxChanged(changed);
    await this.#write(writes);
    if (again !== null) throw new ParleyError(again, "A message is to be sent again.");
  }

  #append(outgoing: Outgoing): void {
    const entry: Entry = { key: null, outgoing };
    this.#gone.delete(outgoing.clientMessageId);
    this.#entries.push(entry);
    this.watcher.outboxChanged(new Set([outgoing.conversationId]));
    this.#appending = this.#appending
      .then(() => this.storage.append("outbox", outgoing))
      .then((key) => {
        entry.key = key;
        // It may have been settled or read anew while the storage took its time.
        const known = this.#find(outgoing.clientMessageId);
        if (known === undefined) return this.#write([{ area: "outbox", key }]);
        known.key = key;
        this.watcher.spread();
        return undefined;
      })
      .catch((error: unknown) => {
        this.watcher.broken(asParleyError(error));
      });
    this.drain();
  }

  #find(clientMessageId: string): Entry | undefined {
    return this.#entries.find(({ outgoing }) => outgoing.clientMessageId === clientMessageId);
  }

  #drop(entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    this.#entries = this.#entries.filter((entry) => !entries.includes(entry));
    for (const { outgoing } of entries) this.#gone.add(outgoing.clientMessageId);
    this.watcher.outboxChanged(new Set(entries.map(({ outgoing }) => outgoing.conversationId)));
    void this.#write(entries.flatMap(({ key }) => (key === null ? [] : [{ area: "outbox", key }])));
  }

  async #write(writes: readonly Write[]): Promise<void> {
    if (writes.length === 0) return;
    try {
      await this.storage.write(writes);
      this.watcher.spread();
    } catch (error) {
      this.watcher.broken(asParleyError(error));
    }
  }
}

function isPending({ outgoing }: Entry): boolean {
  return outgoing.state === "pending";
}

/** As many as fit into one frame; at least one. */
function takeBatch(entries: readonly Entry[], maxCount: number): Entry[] {
  const batch: Entry[] = [];
  let bytes = FRAME_OVERHEAD_BYTES;
  for (const entry of entries.slice(0, maxCount)) {
    bytes += sizeOf(makeBody(entry.outgoing)) + 1;
    if (batch.length > 0 && bytes > FRAME_MAX_BYTES) break;
    batch.push(entry);
  }
  return batch;
}

function isSame(one: Outgoing, other: Outgoing): boolean {
  return one.state === other.state && one.messageId === other.messageId && one.createdAt === other.createdAt;
}
