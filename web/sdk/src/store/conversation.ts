import { Members } from "./members.js";
import type { Pointers } from "./members.js";
import { Timeline } from "./timeline.js";
import type { MembersData } from "../events.js";
import type { Conversation, Member, Message, Receipts, Role, User } from "../types.js";

const UNREAD_MAX_COUNT = 999;

/** What of a conversation is kept on the device. */
export interface StoredConversation {
  readonly conversation: Conversation;
  readonly applied: number;
  readonly members: readonly Member[];
  readonly messages: readonly Message[];
  readonly read: Pointers;
}

/**
 * One conversation: what the server said last of it, and all that events have added since.
 *
 * Events may come in any order and more than once. Each thing in it (the profile, a message, who is a member) carries the
 * rev of its last change, and an older one never takes the place of a newer. `applied` is the rev up to which nothing is
 * missing, `ahead` what has come beyond it.
 */
export class ConversationState {
  readonly messages = new Timeline();
  readonly members = new Members();
  #told: Conversation;
  #applied: number;
  readonly #ahead = new Set<number>();
  /** How far the caller has come here, and how far the server is known to know of it. */
  readonly own: Pointers;
  readonly confirmed: Pointers;
  /** The profile's clock when it became known: a stay that began later is another one. */
  readonly #knownSince: string;

  constructor(
    told: Conversation,
    readonly userId: string,
  ) {
    this.#told = told;
    this.#applied = told.rev;
    this.#knownSince = told.updatedAt;
    this.own = { lastDeliveredSeq: told.lastDeliveredSeq, lastReadSeq: told.lastReadSeq };
    this.confirmed = { ...this.own };
    this.tell(told);
  }

  get id(): string {
    return this.#told.conversationId;
  }

  get told(): Conversation {
    return this.#told;
  }

  get applied(): number {
    return this.#applied;
  }

  /** The newest rev that was seen of it, with or without those before it. */
  get newestRev(): number {
    return Math.max(this.#applied, ...this.#ahead);
  }

  /** Whether a rev is missing that others have come after. */
  get hasGap(): boolean {
    return this.#ahead.size > 0;
  }

  get lastSeq(): number {
    return Math.max(this.#told.lastSeq, this.messages.lastSeq);
  }

  get memberCount(): number {
    return this.#told.memberCount + this.members.countMoves();
  }

  /** Whether all members are known. */
  get knowsMembers(): boolean {
    return this.members.list().length >= this.memberCount;
  }

  get myRole(): Role {
    const own = this.members.role(this.userId);
    return own !== undefined && own.rev > this.#told.rev ? own.role : this.#told.myRole;
  }

  /** Newest activity, by which lists are sorted. */
  get updatedAt(): string {
    const last = this.messages.get(this.messages.lastSeq)?.createdAt ?? "";
    return last > this.#told.updatedAt ? last : this.#told.updatedAt;
  }

  /** Messages after the caller's pointer that are not deleted: counted where all are here, else reckoned from what was told. */
  get unreadCount(): number {
    const from = this.own.lastReadSeq;
    const { lastSeq, messages } = this;
    if (from >= lastSeq) return 0;
    if (messages.runEnd(from) >= lastSeq) return Math.min(UNREAD_MAX_COUNT, messages.count((seq, _, isDeleted) => seq > from && !isDeleted));
    const told = this.#told;
    const added = messages.count((seq, _, isDeleted) => seq > told.lastSeq && seq > from && !isDeleted);
    const taken = messages.count((seq, rev, isDeleted) => isDeleted && seq > from && seq <= told.lastSeq && rev > told.rev);
    const passed = Math.max(0, Math.min(from, told.lastSeq) - told.lastReadSeq);
    return Math.min(UNREAD_MAX_COUNT, Math.max(0, told.unreadCount - passed - taken) + added);
  }

  /** Notes a rev; what is beyond the next one waits for those before it. */
  see(rev: number): void {
    if (rev <= this.#applied) return;
    this.#ahead.add(rev);
    while (this.#ahead.delete(this.#applied + 1)) this.#applied += 1;
  }

  /** Takes in the conversation as the server tells it. Older than what is here it brings nothing but pointers. */
  tell(told: Conversation): void {
    this.confirm(told);
    if (told.rev < this.#told.rev) return;
    this.#told = told;
    this.members.forgetMoves(told.rev);
  }

  /** Somebody is called or looks otherwise than before. True if they are shown here. */
  meet(user: User): boolean {
    const isPeer = this.#told.peer?.userId === user.userId;
    if (isPeer) this.#told = { ...this.#told, peer: user };
    return this.members.meet(user) || isPeer;
  }

  /** Everything up to a rev is here, as sync said. */
  settle(rev: number): void {
    this.#applied = Math.max(this.#applied, rev);
    for (const ahead of this.#ahead) if (ahead <= this.#applied) this.#ahead.delete(ahead);
    while (this.#ahead.delete(this.#applied + 1)) this.#applied += 1;
  }

  /** Takes in a message. Sending moves the sender's own pointers to it. True if it changed anything. */
  put(message: Message): boolean {
    const isNew = this.messages.put(message);
    if (!isNew) return false;
    const { senderId, seq } = message;
    this.members.noteSent(senderId, seq, this.#told.kind === "direct");
    if (senderId === this.userId) this.confirm({ lastDeliveredSeq: seq, lastReadSeq: seq });
    return true;
  }

  /** Moves somebody's pointers, the caller's own included. True if they moved. */
  movePointers(userId: string, to: Pointers, joinedAt?: string): boolean {
    const hasMoved = this.members.moveTo(userId, to, joinedAt);
    return userId === this.userId ? this.confirm(to) || hasMoved : hasMoved;
  }

  /** The server knows of the caller's pointers. True if they moved here too. */
  confirm(to: Pointers): boolean {
    this.confirmed.lastDeliveredSeq = Math.max(this.confirmed.lastDeliveredSeq, to.lastDeliveredSeq);
    this.confirmed.lastReadSeq = Math.max(this.confirmed.lastReadSeq, to.lastReadSeq);
    return this.moveOwn(to);
  }

  /** The caller has come so far here. True if that is news. */
  moveOwn(to: Pointers): boolean {
    const { lastDeliveredSeq, lastReadSeq } = this.own;
    this.own.lastReadSeq = Math.max(lastReadSeq, to.lastReadSeq);
    this.own.lastDeliveredSeq = Math.max(lastDeliveredSeq, to.lastDeliveredSeq, this.own.lastReadSeq);
    return this.own.lastReadSeq > lastReadSeq || this.own.lastDeliveredSeq > lastDeliveredSeq;
  }

  /** Takes in who came, went and changed. */
  changeMembers({ added, removed, changed, rev }: MembersData): void {
    for (const member of added) {
      this.members.set(member, rev);
      if (rev > this.#told.rev) this.members.noteMove(member.userId, true, rev);
    }
    for (const member of changed) this.members.set(member, rev);
    for (const userId of removed) {
      this.members.remove(userId, rev);
      if (rev > this.#told.rev) this.members.noteMove(userId, false, rev);
    }
  }

  /** Whether a member that sync brings is the caller in a stay that is not known here: then what is here may be out of date. */
  isAnotherStay(member: Member): boolean {
    const joinedAt = this.members.joinedAt(this.userId) ?? "";
    return member.userId === this.userId && member.joinedAt > (joinedAt === "" ? this.#knownSince : joinedAt);
  }

  /** Forgets what is not newer than a rev, but for some seqs: the server tells it whole. */
  forget(rev: number, except?: ReadonlySet<number>): void {
    this.messages.forget(rev, except);
    this.members.forget(rev);
  }

  /** How far every other member has received and read; null where not all of them are known. */
  floors(): Pointers | null {
    let count = 0;
    const floors = { lastDeliveredSeq: Infinity, lastReadSeq: Infinity };
    for (const other of this.members.othersThan(this.userId)) {
      count += 1;
      floors.lastDeliveredSeq = Math.min(floors.lastDeliveredSeq, other.lastDeliveredSeq);
      floors.lastReadSeq = Math.min(floors.lastReadSeq, other.lastReadSeq);
    }
    return count > 0 && count >= this.memberCount - 1 ? floors : null;
  }

  /** Who has received and who has read up to a seq. */
  receipts(seq: number): Receipts {
    const others = [...this.members.othersThan(this.userId)];
    return {
      deliveredTo: others.filter((other) => other.lastDeliveredSeq >= seq).map((other) => other.userId),
      readBy: others.filter((other) => other.lastReadSeq >= seq).map((other) => other.userId),
    };
  }

  /** What is worth keeping on the device. */
  dump(messagesCount: number): StoredConversation {
    const { memberCount, myRole, unreadCount, lastSeq, own } = this;
    return {
      // With its counts goes the rev that they are of, so that what comes later is counted from there.
      conversation: { ...this.#told, ...own, memberCount, myRole, unreadCount, lastSeq, rev: this.#applied },
      applied: this.#applied,
      members: this.members.list(),
      messages: this.messages.tail(messagesCount),
      read: { ...this.confirmed },
    };
  }

  /** A conversation as it was kept. */
  static restore(stored: StoredConversation, userId: string): ConversationState {
    const state = new ConversationState(stored.conversation, userId);
    Object.assign(state.confirmed, stored.read);
    state.#applied = stored.applied;
    for (const message of stored.messages) state.messages.put(message);
    for (const member of stored.members) state.members.set(member, 0);
    return state;
  }
}
