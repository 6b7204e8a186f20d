import { ConversationState } from "./conversation.js";
import type { StoredConversation } from "./conversation.js";
import { People } from "./people.js";
import { SyncPass } from "./pass.js";
import { isSameThing } from "./same.js";
import { Topics } from "./topics.js";
import { WaitingEvents } from "./waiting.js";
import type { MembersData, ServerEvent, SyncChange, SyncPage } from "../events.js";
import type { Conversation, Member, Message, User } from "../types.js";

/** Who is told of what the state cannot tell. */
export interface StateWatcher {
  /** A message that was not here came; `isNews` if it is newer than all that was. */
  stored(message: Message, isNews: boolean): void;
  /** There is another version of a message that is or was here. */
  changed(message: Message): void;
  removed(conversationId: string): void;
  typed(conversationId: string, userId: string, isTyping: boolean): void;
}

type ConversationChange = Extract<SyncChange, { conversation: unknown }>;

/**
 * The state of all conversations, made of what is kept on the device, events in any order and more than once, and sync.
 * Whatever the order: when everything has come, it is what a client that reads all anew would have.
 */
export class State {
  readonly topics = new Topics();
  readonly conversations = new Map<string, ConversationState>();
  readonly people = new People(this.topics);
  /** Where messages are, by their ids. */
  readonly places = new Map<string, { readonly conversationId: string; readonly seq: number }>();
  /** What has changed since it was last kept on the device. */
  readonly unsaved = new Set<string>();
  userId = "";
  isLoaded = false;

  /** The rev at which a conversation was left; what is older is of an earlier stay. */
  readonly #gone = new Map<string, number>();
  readonly #waiting = new WaitingEvents();
  readonly #pass = new SyncPass();

  constructor(
    private readonly watcher: StateWatcher,
    private readonly now: () => number,
  ) {}

  /** Whether something is missing that only sync brings if it does not come soon. */
  get hasGap(): boolean {
    if (this.#waiting.size > 0) return true;
    for (const conversation of this.conversations.values()) if (conversation.hasGap) return true;
    return false;
  }

  /** Takes in one event. */
  apply(event: ServerEvent): void {
    this.topics.change(() => {
      this.#apply(event);
    });
  }

  /** Sync is about to be asked. Where it begins anew, what it does not name any more is gone when it is complete. */
  beginRequest(isAnew: boolean): void {
    this.#pass.begin(isAnew);
  }

  /** Takes in a page of sync. */
  applyPage(page: SyncPage): void {
    this.topics.change(() => {
      for (const change of page.changes) this.#applyChange(change);
      if (!page.complete) return;
      for (const id of [...this.conversations.keys()]) if (this.#pass.isGone(id)) this.#remove(id);
      this.#pass.end();
      this.#waiting.dropBefore(this.#pass.request);
      this.#becomeLoaded();
    });
  }

  /** Takes in a conversation that an answer brought. */
  tell(told: Conversation): void {
    this.topics.change(() => {
      this.#tell(told);
    });
  }

  /** Takes in messages that a history brought. */
  putMessages(messages: readonly Message[]): void {
    this.topics.change(() => {
      for (const message of messages) {
        const conversation = this.conversations.get(message.conversationId);
        if (conversation !== undefined) this.#put(conversation, message, false);
      }
    });
  }

  /** Takes in members that a list brought, which was asked for when the conversation was at a rev. */
  putMembers(conversationId: string, members: readonly Member[], rev: number): void {
    const conversation = this.conversations.get(conversationId);
    if (conversation === undefined) return;
    this.topics.change(() => {
      for (const member of members) this.#putMember(conversation, member, rev);
      this.touch(conversation);
    });
  }

  /** Takes in somebody's profile, wherever it is shown: no conversation's rev tells of its changes. */
  putUser(user: User): void {
    const known = this.people.user(user.userId);
    this.topics.change(() => {
      this.people.put([user]);
      if (known === undefined || isSameThing(known, user)) return;
      for (const conversation of this.conversations.values()) if (conversation.meet(user)) this.touch(conversation);
    });
  }

  /** The caller has left a conversation, or deleted it: what is heard of it still is of before. */
  remove(conversationId: string): void {
    this.topics.change(() => {
      this.#remove(conversationId);
    });
  }

  /** Tells that a conversation is not what it was. */
  touch(conversation: ConversationState): void {
    const { id } = conversation;
    this.unsaved.add(id);
    this.topics.touch("conversations", "unread", `conversation:${id}`, `messages:${id}`, `members:${id}`);
  }

  /** Tells that what is on its way to a conversation is not what it was. */
  touchShown(id: string): void {
    this.topics.touch("conversations", `conversation:${id}`, `messages:${id}`);
  }

  /** Tells that what is on its way to a message is not what it was. */
  touchMessage(messageId: string): void {
    const place = this.places.get(messageId);
    if (place !== undefined) this.touchShown(place.conversationId);
  }

  /** A stored message that is here, by its id. */
  find(messageId: string): Message | undefined {
    const place = this.places.get(messageId);
    return place === undefined ? undefined : this.conversations.get(place.conversationId)?.messages.get(place.seq);
  }

  /** Brings back what was kept on the device. */
  restore(stored: readonly StoredConversation[], users: readonly User[]): void {
    this.topics.change(() => {
      this.people.put(users);
      for (const one of stored) {
        const conversation = ConversationState.restore(one, this.userId);
        this.conversations.set(conversation.id, conversation);
        for (const message of conversation.messages.values()) this.#place(message);
        this.people.put(one.members.map((member) => member.user));
        if (one.conversation.peer !== null) this.people.put([one.conversation.peer]);
        this.topics.touch("conversations", "unread", `conversation:${conversation.id}`, `messages:${conversation.id}`);
      }
      this.#becomeLoaded();
    });
  }

  /** Forgets everything: somebody signed out. */
  clear(): void {
    this.topics.change(() => {
      for (const conversation of this.conversations.values()) this.touch(conversation);
      for (const known of [this.conversations, this.people, this.places, this.#gone, this.#waiting, this.unsaved]) known.clear();
      this.#pass.end();
      this.isLoaded = false;
      this.userId = "";
      this.topics.touch("conversations", "unread");
    });
  }

  /** The first state is there, which is news even where it is empty. */
  #becomeLoaded(): void {
    if (!this.isLoaded) this.topics.touch("conversations");
    this.isLoaded = true;
  }

  #apply(event: ServerEvent): void {
    switch (event.event) {
      case "conversation:create":
      case "group:create":
      case "group:update":
        this.#tell(event.data.conversation);
        break;
      case "presence:update":
        this.people.putPresence(event.data);
        break;
      case "chat:typing:update":
        this.watcher.typed(event.data.conversationId, event.data.userId, event.data.state === "start");
        break;
      case "group:delete":
        this.#leave(event.data.conversationId, event.data.rev);
        break;
      case "chat:receive":
      case "message:update":
        this.#withConversation(event.data.message.conversationId, event.data.rev, event, (conversation) => {
          this.#put(conversation, event.data.message, event.data.message.seq > conversation.lastSeq);
          this.watcher.typed(conversation.id, event.data.message.senderId, false);
        });
        break;
      case "message:delete":
      case "chat:seen:update":
      case "group:members":
        this.#applyToConversation(event);
        break;
      default: // Of sessions and rooms others are told; what is not known is of a later version.
    }
  }

  #applyToConversation(event: ServerEvent & { event: "message:delete" | "chat:seen:update" | "group:members" }): void {
    const rev = event.event === "chat:seen:update" ? undefined : event.data.rev;
    this.#withConversation(event.data.conversationId, rev, event, (conversation) => {
      if (event.event === "group:members") this.#changeMembers(conversation, event.data);
      else if (event.event === "message:delete") {
        conversation.messages.delete(event.data.seq, event.data.rev, new Date(this.now()).toISOString());
        this.#tellChanged(conversation, event.data.seq);
        this.touch(conversation);
      } else if (conversation.movePointers(event.data.userId, event.data, event.data.joinedAt)) this.touch(conversation);
    });
  }

  /** Runs a change of a conversation and notes its rev; where nothing is known of it, the event waits until something is. */
  #withConversation(id: string, rev: number | undefined, event: ServerEvent, change: (conversation: ConversationState) => void): void {
    const conversation = this.conversations.get(id);
    if (conversation !== undefined) {
      change(conversation);
      // It may have been left by this.
      if (rev !== undefined && this.conversations.has(id)) this.#see(conversation, rev);
      return;
    }
    if (rev === undefined || rev <= (this.#gone.get(id) ?? 0)) return;
    if (event.event === "group:members" && event.data.removed.includes(this.userId)) {
      this.#leave(id, rev);
      return;
    }
    this.#waiting.add(id, event, this.#pass.request);
  }

  #see(conversation: ConversationState, rev: number): void {
    conversation.see(rev);
    this.unsaved.add(conversation.id);
  }

  #tell(told: Conversation): void {
    const isNew = !this.conversations.has(told.conversationId);
    const conversation = this.#adopt(told);
    if (conversation === undefined) return;
    if (isNew) this.#pass.noteCreated(conversation.id);
    if (told.lastMessage !== null) this.#put(conversation, told.lastMessage, false);
    this.#applyWaiting(conversation.id);
  }

  /** The conversation with what is told of it; undefined where that is of a stay that has ended. */
  #adopt(told: Conversation): ConversationState | undefined {
    const id = told.conversationId;
    if (told.rev <= (this.#gone.get(id) ?? 0)) return undefined;
    let conversation = this.conversations.get(id);
    if (conversation === undefined) {
      conversation = new ConversationState(told, this.userId);
      this.conversations.set(id, conversation);
    } else {
      conversation.tell(told);
      this.#see(conversation, told.rev);
    }
    if (told.peer !== null) this.putUser(told.peer);
    this.touch(conversation);
    return conversation;
  }

  #applyWaiting(id: string): void {
    const waiting = this.#waiting.take(id);
    if (waiting === undefined) return;
    this.conversations.get(id)?.see(waiting.rev);
    for (const event of waiting.events) this.#apply(event);
  }

  /** @param isNewest whether it is beyond all that was known: it is news then, unless it is here already. */
  #put(conversation: ConversationState, message: Message, isNewest: boolean): void {
    const isNew = !conversation.messages.has(message.seq);
    if (conversation.put(message)) {
      this.#place(message);
      this.#tellChanged(conversation, message.seq);
      this.touch(conversation);
    }
    // Also one that is known already settles what is in the outbox: it may have come before its acknowledgement.
    if (isNew || message.senderId === this.userId) this.watcher.stored(message, isNew && isNewest);
  }

  #tellChanged(conversation: ConversationState, seq: number): void {
    const message = conversation.messages.get(seq);
    if (message !== undefined) this.watcher.changed(message);
  }

  #place(message: Message): void {
    this.places.set(message.messageId, { conversationId: message.conversationId, seq: message.seq });
  }

  #putMember(conversation: ConversationState, member: Member, rev: number): void {
    conversation.members.set(member, rev);
    if (member.userId === this.userId && conversation.confirm(member)) this.touch(conversation);
    this.putUser(member.user);
  }

  #changeMembers(conversation: ConversationState, data: MembersData): void {
    const isOld = data.rev <= Math.max(conversation.told.rev, conversation.members.rev(this.userId));
    if (data.removed.includes(this.userId) && !isOld) {
      this.#leave(conversation.id, data.rev);
      return;
    }
    conversation.changeMembers(data);
    for (const member of [...data.added, ...data.changed]) this.putUser(member.user);
    this.touch(conversation);
  }

  #leave(id: string, rev: number): void {
    // Whoever was told of it later than that is in it again.
    const conversation = this.conversations.get(id);
    if (rev <= (conversation?.told.rev ?? 0)) return;
    const newestRev = conversation?.newestRev ?? 0;
    const gone = Math.max(rev, this.#gone.get(id) ?? 0);
    const events = this.#waiting.newerThan(id, gone);
    this.#remove(id);
    this.#gone.set(id, gone);
    // What has come already from after it is of a further stay, which is about to be told.
    if (newestRev > gone || events.length > 0) this.#waiting.set(id, { request: this.#pass.request, events, rev: newestRev });
  }

  #remove(id: string): void {
    this.#waiting.delete(id);
    const conversation = this.conversations.get(id);
    if (conversation === undefined) return;
    this.#gone.set(id, Math.max(conversation.newestRev, this.#gone.get(id) ?? 0));
    for (const message of conversation.messages.values()) this.places.delete(message.messageId);
    this.conversations.delete(id);
    this.touch(conversation);
    this.watcher.removed(id);
  }

  #applyChange(change: SyncChange): void {
    if (!("conversation" in change)) {
      if (!this.#pass.isNewerThanAnswer(change.conversationId)) this.#remove(change.conversationId);
      return;
    }
    const { conversation: told, messages, members } = change;
    const before = this.conversations.get(told.conversationId);
    const lastSeq = before?.lastSeq ?? (this.isLoaded && !this.#pass.isAnew ? told.lastReadSeq : Infinity);
    this.#notePass(before, change);
    const conversation = this.#adopt(told);
    if (conversation === undefined) return;
    for (const message of messages) this.#put(conversation, message, message.seq > Math.max(lastSeq, told.lastReadSeq));
    if (told.lastMessage !== null) this.#put(conversation, told.lastMessage, false);
    for (const member of members) {
      if ("role" in member) this.#putMember(conversation, member, told.rev);
      else conversation.members.remove(member.userId, told.rev);
    }
    conversation.settle(told.rev);
    this.#applyWaiting(conversation.id);
    this.touch(conversation);
  }

  /**
   * Notes what this pass has brought, and forgets what it does not bring up to date: all, where it begins anew; what is of
   * an earlier stay, where the caller left and came back.
   */
  #notePass(before: ConversationState | undefined, { conversation: told, messages, members }: ConversationChange): void {
    const { seqs, isFirst } = this.#pass.note(told.conversationId, messages);
    if (this.#pass.isAnew && isFirst) before?.forget(told.rev);
    if (members.some((member) => "role" in member && before?.isAnotherStay(member) === true)) before?.forget(told.rev, seqs);
  }
}
