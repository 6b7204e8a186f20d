/** The pass of sync that goes on: what it has brought, and what it cannot know of. */
export class SyncPass {
  /** How often sync was asked. An answer may be older than what events told since then. */
  #request = 0;
  #isAnew = false;
  /** The seqs that it has brought so far, by conversation. */
  readonly #seqs = new Map<string, Set<number>>();
  /** What came into being by an event, by the request that may not know of it. */
  readonly #created = new Map<string, number>();

  get request(): number {
    return this.#request;
  }

  /** Whether it tells everything, so that what it does not name is gone. */
  get isAnew(): boolean {
    return this.#isAnew;
  }

  begin(isAnew: boolean): void {
    this.#request += 1;
    if (!isAnew) return;
    this.#seqs.clear();
    this.#created.clear();
    this.#isAnew = true;
  }

  /** Notes what it has brought of a conversation; all that it brought of it, and whether this was the first. */
  note(id: string, messages: readonly { readonly seq: number }[]): { readonly seqs: ReadonlySet<number>; readonly isFirst: boolean } {
    const known = this.#seqs.get(id);
    const seqs = known ?? new Set<number>();
    for (const { seq } of messages) seqs.add(seq);
    this.#seqs.set(id, seqs);
    return { seqs, isFirst: known === undefined };
  }

  /** An event told of a conversation that was not known. */
  noteCreated(id: string): void {
    this.#created.set(id, this.#request);
  }

  /** Whether the answer to the last request may not know of a conversation yet. */
  isNewerThanAnswer(id: string): boolean {
    return this.#created.get(id) === this.#request;
  }

  /** Whether a pass that began anew says by not naming it that a conversation is gone. */
  isGone(id: string): boolean {
    return this.#isAnew && !this.#seqs.has(id) && !this.#created.has(id);
  }

  /** It is complete, or given up. */
  end(): void {
    this.#isAnew = false;
    this.#seqs.clear();
    this.#created.clear();
  }
}
