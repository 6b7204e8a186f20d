import { makeTombstone } from "./change.js";
import type { Message } from "../types.js";

/** The messages of one conversation that are here, by `seq`. Each is the newest of all that came, in whatever order. */
export class Timeline {
  readonly #held = new Map<number, Message>();
  /** Deletions of messages that are not here: they may come after it, from before it. */
  readonly #deletions = new Map<number, { readonly rev: number; readonly at: string }>();
  #lastSeq = 0;

  /** The largest seq that is here; 0 for none. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  get(seq: number): Message | undefined {
    return this.#held.get(seq);
  }

  has(seq: number): boolean {
    return this.#held.has(seq);
  }

  values(): Iterable<Message> {
    return this.#held.values();
  }

  /** Keeps a message unless a newer version is here. True if it changed anything. */
  put(message: Message): boolean {
    const { seq } = message;
    const known = this.#held.get(seq);
    if (known !== undefined && (known.rev > message.rev || isSame(known, message))) return false;
    const deletion = this.#deletions.get(seq);
    this.#deletions.delete(seq);
    this.#held.set(seq, deletion !== undefined && deletion.rev > message.rev ? makeTombstone(message, deletion.rev, deletion.at) : message);
    this.#lastSeq = Math.max(this.#lastSeq, seq);
    return true;
  }

  /** Makes a message its tombstone, also if it comes later. True if it changed anything. */
  delete(seq: number, rev: number, at: string): boolean {
    const known = this.#held.get(seq);
    if (known === undefined) {
      const before = this.#deletions.get(seq);
      if (before !== undefined && before.rev >= rev) return false;
      this.#deletions.set(seq, { rev, at });
      return true;
    }
    if (known.rev >= rev) return false;
    this.#held.set(seq, makeTombstone(known, rev, at));
    return true;
  }

  /** How many of the messages that are here or known to be deleted meet a condition. */
  count(holds: (seq: number, rev: number, isDeleted: boolean) => boolean): number {
    let count = 0;
    for (const message of this.#held.values()) if (holds(message.seq, message.rev, message.deletedAt !== null)) count += 1;
    for (const [seq, { rev }] of this.#deletions) if (holds(seq, rev, true)) count += 1;
    return count;
  }

  /** The first seq of the unbroken run that a seq is in, not going below `least`. */
  runStart(seq: number, least = 1): number {
    let first = seq;
    while (first > least && this.#held.has(first - 1)) first -= 1;
    return first;
  }

  /** The last seq of the unbroken run that a seq is in. */
  runEnd(seq: number): number {
    let last = seq;
    while (this.#held.has(last + 1)) last += 1;
    return last;
  }

  /** The latest messages without a hole, oldest first. */
  tail(count: number): Message[] {
    const first = this.runStart(this.#lastSeq, this.#lastSeq - count + 1);
    const found: Message[] = [];
    for (let seq = first; seq <= this.#lastSeq; seq += 1) {
      const message = this.#held.get(seq);
      if (message !== undefined) found.push(message);
    }
    return found;
  }

  /** Forgets all that is not newer than a rev, but for some seqs. */
  forget(rev: number, except?: ReadonlySet<number>): void {
    for (const [seq, message] of this.#held) if (message.rev <= rev && except?.has(seq) !== true) this.#held.delete(seq);
    for (const [seq, deletion] of this.#deletions) if (deletion.rev <= rev) this.#deletions.delete(seq);
    this.#lastSeq = [...this.#held.keys()].reduce((last, seq) => Math.max(last, seq), 0);
  }
}

/** Whether it is the same version and says the same; addresses of attachments are renewed within one version. */
function isSame(one: Message, other: Message): boolean {
  return one.rev === other.rev && JSON.stringify(one) === JSON.stringify(other);
}
