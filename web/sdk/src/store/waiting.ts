import type { ServerEvent } from "../events.js";

const EVENTS_MAX_COUNT = 200;

/** What waits for one conversation. */
export interface Waiting {
  /** The request of sync that went on when the first came: a later one tells of the conversation, or there is none. */
  readonly request: number;
  readonly events: ServerEvent[];
  /** The newest rev that was seen of a stay which is not known yet; 0 for none. */
  readonly rev: number;
}

/** Events of conversations that nothing is known of yet: what tells of them may come after. */
export class WaitingEvents {
  readonly #byId = new Map<string, Waiting>();

  get size(): number {
    return this.#byId.size;
  }

  /** Keeps an event; of very many the first. */
  add(id: string, event: ServerEvent, request: number): void {
    const waiting = this.#byId.get(id) ?? { request, events: [], rev: 0 };
    this.#byId.set(id, waiting);
    if (waiting.events.length < EVENTS_MAX_COUNT) waiting.events.push(event);
  }

  /** What waits for a conversation, which waits no more. */
  take(id: string): Waiting | undefined {
    const waiting = this.#byId.get(id);
    this.#byId.delete(id);
    return waiting;
  }

  /** The events that are newer than a rev. */
  newerThan(id: string, rev: number): ServerEvent[] {
    return (this.#byId.get(id)?.events ?? []).filter((event) => "rev" in event.data && event.data.rev > rev);
  }

  set(id: string, waiting: Waiting): void {
    this.#byId.set(id, waiting);
  }

  delete(id: string): void {
    this.#byId.delete(id);
  }

  /** Drops what an answer would have told of, which was asked for after it came. */
  dropBefore(request: number): void {
    for (const [id, waiting] of this.#byId) if (waiting.request < request) this.#byId.delete(id);
  }

  clear(): void {
    this.#byId.clear();
  }
}
