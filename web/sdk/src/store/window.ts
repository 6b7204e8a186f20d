import { asParleyError } from "../errors.js";
import { isSameList, isSameThing } from "./same.js";
import type { ConversationState } from "./conversation.js";
import type { StoreReader } from "./reader.js";
import type { ChatMessage, MessagesSnapshot, MessageWindow } from "../types.js";

const PAGE = 50;
const AROUND = 25;

/** Brings a piece of a conversation's history into the state. */
export type LoadHistory = (conversationId: string, place: { readonly before?: number; readonly after?: number; readonly limit: number }) => Promise<void>;

/**
 * A window on messages: an unbroken run of seqs, which grows at its end as messages come, and at both as they are loaded.
 * Seqs are dense, so that a hole shows itself; what lies beyond one is not shown before it is filled.
 */
export class Window implements MessageWindow {
  #first = 0;
  #last = 0;
  #isPlaced = false;
  /** Whether it follows what comes: then what is missing at the end is on its way. */
  #isAtEnd = false;
  #wanted: number | "latest";
  #isLoadingOlder = false;
  #isLoadingNewer = false;
  #isPlacing = false;
  #error: Error | null = null;
  #snapshot: MessagesSnapshot | null = null;
  #isStale = true;
  readonly #listeners = new Set<() => void>();
  readonly #unsubscribes: readonly (() => void)[];

  constructor(
    readonly conversationId: string,
    place: number | "latest",
    private readonly reader: StoreReader,
    private readonly load: LoadHistory,
  ) {
    this.#wanted = place;
    this.#unsubscribes = [
      reader.subscribe(`messages:${conversationId}`, () => {
        this.#follow();
      }),
    ];
    void this.#place();
  }

  /** The same object, and in it the same `items`, as long as nothing in it has changed. */
  getSnapshot(): MessagesSnapshot {
    const known = this.#snapshot;
    if (known !== null && !this.#isStale) return known;
    const taken = this.#take();
    const next = known !== null && isSameList(known.items, taken.items) ? { ...taken, items: known.items } : taken;
    const snapshot = known !== null && isSameThing(known, next) ? known : next;
    this.#snapshot = snapshot;
    this.#isStale = false;
    return snapshot;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async loadOlder(): Promise<void> {
    if (!this.#isPlaced) return this.#place();
    if (this.#isLoadingOlder || this.#first <= 1) return;
    const messages = this.#conversation?.messages;
    if (messages?.has(this.#first - 1) !== true) {
      await this.#loading((isLoading) => (this.#isLoadingOlder = isLoading), { before: this.#first, limit: PAGE });
    }
    this.#first = this.#conversation?.messages.runStart(this.#first, this.#first - PAGE) ?? this.#first;
    this.#changed();
  }

  async loadNewer(): Promise<void> {
    if (!this.#isPlaced) return this.#place();
    if (this.#isLoadingNewer || !this.getSnapshot().hasNewer) return;
    await this.#loading((isLoading) => (this.#isLoadingNewer = isLoading), { after: this.#last, limit: PAGE });
    this.#follow();
  }

  async jumpTo(place: number | "latest"): Promise<void> {
    this.#wanted = place;
    this.#isPlaced = false;
    this.#isPlacing = false;
    await this.#place();
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribes) unsubscribe();
    this.#listeners.clear();
  }

  get #conversation(): ConversationState | undefined {
    return this.reader.state.conversations.get(this.conversationId);
  }

  /** Finds the wanted place among what is here, or loads it first. */
  async #place(): Promise<void> {
    if (this.#isPlacing || this.#tryToPlace()) return;
    const wanted = this.#wanted;
    if (this.#conversation === undefined) return; // It is placed when it becomes known.
    this.#isPlacing = true;
    try {
      if (wanted === "latest") await this.#loading((isLoading) => (this.#isLoadingOlder = isLoading), { limit: PAGE });
      else {
        await this.#loading((isLoading) => (this.#isLoadingOlder = isLoading), { before: wanted + 1, limit: AROUND });
        await this.#loading((isLoading) => (this.#isLoadingNewer = isLoading), { after: wanted, limit: AROUND });
      }
    } finally {
      this.#isPlacing = false;
    }
    // Whoever jumped elsewhere meanwhile is served by their own call.
    if (wanted === this.#wanted && !this.#isPlaced) this.#tryToPlace(true);
    this.#changed();
  }

  /** @param isLast to take what comes next to it where the place itself is not to be had. */
  #tryToPlace(isLast = false): boolean {
    const conversation = this.#conversation;
    if (conversation === undefined) return false;
    const { messages, lastSeq } = conversation;
    let seq = this.#wanted === "latest" ? lastSeq : Math.max(1, Math.min(this.#wanted, lastSeq));
    if (lastSeq > 0 && !messages.has(seq)) {
      if (!isLast || messages.lastSeq === 0) return false;
      seq = messages.lastSeq;
    }
    this.#first = lastSeq === 0 ? 1 : messages.runStart(seq, seq - (this.#wanted === "latest" ? PAGE : AROUND) + 1);
    this.#last = lastSeq === 0 ? 0 : messages.runEnd(seq);
    this.#isPlaced = true;
    this.#isAtEnd = this.#wanted === "latest" || this.#last >= lastSeq;
    this.#changed();
    // What happens to be here may be less than anybody's screen holds.
    if (!isLast && this.#last - this.#first + 1 < AROUND) void this.loadOlder();
    return true;
  }

  /** Takes in what has come at the end; where what was shown is gone, the window is placed anew. */
  #follow(): void {
    const messages = this.#conversation?.messages;
    if (!this.#isPlaced) void this.#place();
    else if (messages !== undefined) {
      if (this.#last > 0 && !messages.has(this.#last)) {
        this.#isPlaced = false;
        void this.#place();
      } else {
        this.#last = messages.runEnd(this.#last);
        this.#isAtEnd ||= this.#last >= (this.#conversation?.lastSeq ?? 0);
        if (this.#last > 0) this.#first = Math.max(this.#first, messages.runStart(this.#last, this.#first));
      }
    }
    this.#changed();
  }

  /** Loads a piece; whoever calls it tells of its end. */
  async #loading(mark: (isLoading: boolean) => void, place: { before?: number; after?: number; limit: number }): Promise<void> {
    mark(true);
    this.#error = null;
    this.#changed();
    try {
      await this.load(this.conversationId, place);
    } catch (error) {
      this.#error = asParleyError(error);
    } finally {
      mark(false);
    }
  }

  #changed(): void {
    this.#isStale = true;
    if (this.#listeners.size === 0) return;
    const known = this.#snapshot;
    // Most of what is told of a conversation is of messages outside the window.
    if (this.getSnapshot() !== known) for (const listener of [...this.#listeners]) listener();
  }

  #take(): MessagesSnapshot {
    const conversation = this.#conversation;
    const isPlaced = this.#isPlaced && conversation !== undefined;
    const items: ChatMessage[] = isPlaced ? this.reader.showMessages(conversation, this.#first, this.#last) : [];
    const hasNewer = isPlaced && !this.#isAtEnd;
    if (!hasNewer) items.push(...this.reader.showOutgoing(this.conversationId));
    return {
      items,
      isLoaded: isPlaced,
      hasOlder: isPlaced && this.#first > 1,
      hasNewer,
      isLoadingOlder: this.#isLoadingOlder,
      isLoadingNewer: this.#isLoadingNewer,
      error: this.#error,
    };
  }
}
