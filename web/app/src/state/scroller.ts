import type { ChatMessage, ParleyClient } from "@parley/client";
import type { Messages } from "@parley/react";
import type { VirtualizerHandle } from "virtua";
import { indexAt, lastSeq } from "./runs";
import { keepPlaceOf, type Opening, type Target } from "./places";

/** Pixels from an end at which the next page is asked for, and within which the end counts as reached. */
const AHEAD_PX = 1500;
const NEAR_PX = 48;
const JUMP_MARGIN_PX = 200;
const HIGHLIGHT_MS = 2400;
/** Frames without a change after which a place counts as reached, and after which it is given up. */
const SETTLED_FRAMES = 3;
const MOST_FRAMES = 60;

/** What the list shows of where it is. */
export interface Shows {
  away(isAway: boolean): void;
  highlight(key: string | null): void;
}

/**
 * Where the list of messages is: it opens at a place, stays at the end while it is there, goes where it is sent, and keeps its
 * place over a reload. It lives as long as the list; `messages` is what the list shows now.
 */
export class Scroller {
  readonly list: { current: VirtualizerHandle | null } = { current: null };
  messages: Messages;
  #target: Target | null;
  #isSettling = false;
  #isAtEnd: boolean;
  #lastKey: string | undefined;

  constructor(
    private readonly client: ParleyClient,
    private readonly conversationId: string,
    opening: Opening,
    messages: Messages,
    private readonly shows: Shows,
  ) {
    this.messages = messages;
    this.#target = opening.target;
    this.#isAtEnd = opening.target === null;
  }

  /** The messages have changed: goes where it is sent as soon as that is there, or stays at the end. */
  follow(): void {
    const { items, isLoaded, hasNewer } = this.messages;
    if (!isLoaded) return;
    const last = items.at(-1);
    const hasWritten = last?.seq === null && last.key !== this.#lastKey;
    this.#lastKey = last?.key;
    if (this.#target) this.#settle();
    else if (!hasNewer && (this.#isAtEnd || hasWritten)) this.#toEnd();
  }

  /** Sizes have changed. */
  onResize(): void {
    if (this.#isAtEnd && !this.messages.hasNewer && !this.#target) this.#toEnd();
  }

  onScroll(): void {
    const list = this.list.current;
    if (!list) return;
    const rest = list.scrollSize - list.viewportSize - list.scrollOffset;
    this.#isAtEnd = rest < NEAR_PX;
    this.shows.away(rest > list.viewportSize / 2 || (this.messages.hasNewer && !this.#isAtEnd));
    this.fill();
  }

  onScrollEnd(): void {
    this.keepPlace();
    this.markRead();
  }

  /** Whoever scrolls by hand is not pulled back. */
  letGo(): void {
    if (this.#isSettling) this.#target = null;
  }

  /** Asks for more where an end is near. */
  fill(): void {
    const list = this.list.current;
    if (!list || this.#target) return;
    const { hasOlder, hasNewer, loadOlder, loadNewer } = this.messages;
    if (hasOlder && list.scrollOffset < AHEAD_PX) void loadOlder();
    if (hasNewer && list.scrollOffset > list.scrollSize - list.viewportSize - AHEAD_PX) void loadNewer();
  }

  /** What is in view has been read, if somebody looks. */
  markRead(): void {
    const { items } = this.messages;
    const list = this.list.current;
    if (!list || items.length === 0 || document.visibilityState !== "visible" || !document.hasFocus()) return;
    const last = items[Math.min(list.findItemIndex(list.scrollOffset + list.viewportSize - 8), items.length - 1)];
    const seq = last?.seq ?? lastSeq(items);
    const known = this.client.store.getConversation(this.conversationId)?.lastReadSeq ?? 0;
    if (seq !== null && seq > known) this.client.markRead(this.conversationId, seq);
  }

  /** Notes the place for a reload; at the end there is none to note. */
  keepPlace(): void {
    const { items, hasNewer } = this.messages;
    const list = this.list.current;
    if (!list || this.#target) return;
    const top = list.findItemIndex(list.scrollOffset);
    const seq = items[top]?.seq;
    const isPlace = seq && (!this.#isAtEnd || hasNewer);
    keepPlaceOf(this.conversationId, isPlace ? { seq, offset: Math.round(list.scrollOffset - list.getItemOffset(top)) } : null);
  }

  /** Goes to a message, which may have to be loaded first. */
  show(seq: number): void {
    const isThere = this.messages.items.some((item) => item.seq === seq);
    this.#target = { seq, align: "center", highlight: true };
    this.#isAtEnd = false;
    // A reload on the way arrives there as well.
    keepPlaceOf(this.conversationId, { seq, offset: -JUMP_MARGIN_PX });
    if (isThere) this.#settle();
    else void this.messages.jumpTo(seq);
  }

  toLatest(): void {
    this.#target = null;
    this.#isAtEnd = true;
    if (this.messages.hasNewer) void this.messages.jumpTo("latest");
    else this.#toEnd();
  }

  /** Brings a message into view if it is not. */
  reveal(message: ChatMessage): void {
    this.list.current?.scrollToIndex(this.messages.items.indexOf(message), { align: "nearest" });
  }

  #toEnd(): void {
    const { items } = this.messages;
    if (items.length > 0) this.list.current?.scrollToIndex(items.length - 1, { align: "end" });
  }

  /** Goes where it was asked to, as soon as that message is there: again until what is above it has been measured. */
  #settle(): void {
    const wanted = this.#target;
    if (!wanted || this.#isSettling || indexAt(this.messages.items, wanted.seq) === null) return;
    this.#isSettling = true;
    let [tries, still, last] = [0, 0, Number.NaN];
    const step = (): void => {
      const list = this.list.current;
      const index = indexAt(this.messages.items, wanted.seq);
      if (this.#target !== wanted || !list || index === null) {
        this.#isSettling = false;
        if (this.#target) this.#settle();
        return;
      }
      list.scrollToIndex(index, { align: wanted.align, offset: wanted.offset ?? 0 });
      const place = list.getItemOffset(index) - list.scrollOffset;
      still = place === last ? still + 1 : 0;
      last = place;
      if (still < SETTLED_FRAMES && ++tries < MOST_FRAMES) requestAnimationFrame(step);
      else this.#arrive(wanted, this.messages.items[index]?.key ?? null);
    };
    step();
  }

  #arrive(wanted: Target, key: string | null): void {
    this.#isSettling = false;
    this.#target = null;
    if (wanted.highlight) {
      this.shows.highlight(key);
      setTimeout(() => { this.shows.highlight(null); }, HIGHLIGHT_MS);
    }
    this.onScroll();
    this.keepPlace();
    this.markRead();
  }
}
