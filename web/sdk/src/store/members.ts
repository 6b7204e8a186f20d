import type { Member, Role, User } from "../types.js";

/** How far somebody has received and read; each only moves forward. */
export interface Pointers {
  lastDeliveredSeq: number;
  lastReadSeq: number;
}

interface Standing extends Pointers {
  /** The rev of what said last whether they are a member: what is older changes nothing. */
  rev: number;
  /** null where it is not known yet who they are. */
  member: Member | null;
  isPresent: boolean;
  joinedAt: string;
}

/** The members of one conversation as far as they are known, from events in any order. */
export class Members {
  readonly #standings = new Map<string, Standing>();
  /** Who came and went, and at which rev: what the count of members is made of until a conversation says it anew. */
  readonly #moves = new Map<string, { readonly rev: number; readonly userId: string; readonly isPresent: boolean }>();
  /** The last message of each sender, which their pointers are not behind. */
  readonly #sent = new Map<string, number>();
  #list: readonly Member[] | null = null;

  /** Somebody is a member as of a rev. Pointers of an earlier stay never go beyond those of a later one, so that they may be joined. */
  set(member: Member, rev: number): void {
    const known = this.#standings.get(member.userId);
    if (known !== undefined && rev < known.rev) return;
    const sent = this.#sent.get(member.userId) ?? 0;
    this.#standings.set(member.userId, {
      rev,
      member,
      isPresent: true,
      joinedAt: member.joinedAt,
      lastDeliveredSeq: Math.max(member.lastDeliveredSeq, known?.lastDeliveredSeq ?? 0, sent),
      lastReadSeq: Math.max(member.lastReadSeq, known?.lastReadSeq ?? 0, sent),
    });
    this.#list = null;
  }

  /** Somebody is called or looks otherwise than before. True if they are known here. */
  meet(user: User): boolean {
    const known = this.#standings.get(user.userId);
    if (known?.member == null) return false;
    known.member = { ...known.member, user };
    this.#list = null;
    return true;
  }

  /** Somebody is no member as of a rev. */
  remove(userId: string, rev: number): void {
    const known = this.#standings.get(userId);
    if (known !== undefined && rev < known.rev) return;
    this.#standings.set(userId, {
      rev,
      member: null,
      isPresent: false,
      joinedAt: known?.joinedAt ?? "",
      lastDeliveredSeq: 0,
      lastReadSeq: 0,
    });
    this.#list = null;
  }

  /** Notes that somebody came or went, for the count. */
  noteMove(userId: string, isPresent: boolean, rev: number): void {
    this.#moves.set(`${String(rev)}:${userId}`, { rev, userId, isPresent });
  }

  /** Forgets what a conversation's own count of this rev holds already. */
  forgetMoves(rev: number): void {
    for (const [key, move] of this.#moves) if (move.rev <= rev) this.#moves.delete(key);
  }

  /** By how many there are more than when the conversation was last told. Somebody who came must have been away before. */
  countMoves(): number {
    const spans = new Map<string, { first: { rev: number; isPresent: boolean }; last: { rev: number; isPresent: boolean } }>();
    for (const move of this.#moves.values()) {
      const span = spans.get(move.userId);
      if (span === undefined) spans.set(move.userId, { first: move, last: move });
      else if (move.rev < span.first.rev) span.first = move;
      else span.last = move.rev > span.last.rev ? move : span.last;
    }
    let count = 0;
    for (const { first, last } of spans.values()) count += Number(last.isPresent) - Number(!first.isPresent);
    return count;
  }

  /** Moves somebody's pointers; what is of an earlier stay, or of somebody who is gone, is dropped. True if they moved. */
  moveTo(userId: string, to: Pointers, joinedAt?: string): boolean {
    const known = this.#standings.get(userId);
    if (known === undefined) {
      this.#standings.set(userId, {
        rev: 0,
        member: null,
        isPresent: true,
        joinedAt: joinedAt ?? "",
        lastDeliveredSeq: to.lastDeliveredSeq,
        lastReadSeq: to.lastReadSeq,
      });
      return true;
    }
    if (joinedAt !== undefined && joinedAt < known.joinedAt) return false;
    if (!known.isPresent && (joinedAt === undefined || joinedAt <= known.joinedAt)) return false;
    const { lastDeliveredSeq, lastReadSeq } = known;
    known.isPresent = true;
    known.joinedAt = joinedAt ?? known.joinedAt;
    known.lastDeliveredSeq = Math.max(lastDeliveredSeq, to.lastDeliveredSeq);
    known.lastReadSeq = Math.max(lastReadSeq, to.lastReadSeq);
    if (known.lastDeliveredSeq === lastDeliveredSeq && known.lastReadSeq === lastReadSeq) return false;
    this.#list = null;
    return true;
  }

  /**
   * Notes that somebody has sent a message, which moves their pointers to it.
   * @param isMember whether they are a member for certain: others who are not known may have left since.
   */
  noteSent(userId: string, seq: number, isMember: boolean): void {
    this.#sent.set(userId, Math.max(seq, this.#sent.get(userId) ?? 0));
    if (isMember || this.#standings.has(userId)) this.moveTo(userId, { lastDeliveredSeq: seq, lastReadSeq: seq });
  }

  /** Those of whom it is known who they are, in the order in which they joined. */
  list(): readonly Member[] {
    this.#list ??= [...this.#standings.values()]
      .flatMap(({ member, isPresent, lastDeliveredSeq, lastReadSeq }) =>
        member !== null && isPresent ? [{ ...member, lastDeliveredSeq, lastReadSeq }] : [],
      )
      .sort((one, other) => compare(one.joinedAt, other.joinedAt) || compare(one.userId, other.userId));
    return this.#list;
  }

  /** A member's role and the rev that it is of. */
  role(userId: string): { readonly role: Role; readonly rev: number } | undefined {
    const known = this.#standings.get(userId);
    return known?.member == null ? undefined : { role: known.member.role, rev: known.rev };
  }

  /** When somebody joined, if it is known. */
  joinedAt(userId: string): string | undefined {
    return this.#standings.get(userId)?.joinedAt;
  }

  /** The rev up to which it is settled whether somebody is a member; 0 where nothing is known. */
  rev(userId: string): number {
    return this.#standings.get(userId)?.rev ?? 0;
  }

  /** The pointers of everybody but one who are known to be members. */
  *othersThan(userId: string): Iterable<Pointers & { readonly userId: string }> {
    for (const [id, standing] of this.#standings) {
      if (id !== userId && standing.isPresent) {
        yield { userId: id, lastDeliveredSeq: standing.lastDeliveredSeq, lastReadSeq: standing.lastReadSeq };
      }
    }
  }

  /** Forgets whoever is not settled by something newer than a rev. */
  forget(rev: number): void {
    for (const [userId, standing] of this.#standings) if (standing.rev <= rev) this.#standings.delete(userId);
    this.#list = null;
  }
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
