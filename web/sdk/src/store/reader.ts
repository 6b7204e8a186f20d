import { isSameList, isSameThing } from "./same.js";
import { MessageViews, showConversation, showOutgoing } from "./views.js";
import type { Change } from "./change.js";
import type { ConversationState } from "./conversation.js";
import type { State } from "./state.js";
import type { Outgoing } from "../outgoing.js";
import type { ParleyStore, Topic } from "../store.js";
import type { ChatMessage, ConversationView, Member, Presence, Receipts, User } from "../types.js";

const NOBODY: readonly never[] = [];

/** What else is shown beside the state. */
export interface Surroundings {
  /** What is on its way to a conversation, in the order of sending. */
  outgoing(conversationId: string): readonly Outgoing[];
  /** Changes of a message that are on their way. */
  changes(messageId: string): readonly Change[];
  typing(conversationId: string): readonly string[];
}

/** Shows the state: whatever it gives is immutable, and made anew only when it has changed. */
export class StoreReader implements ParleyStore {
  readonly #views = new MessageViews();
  /** What was shown last of each conversation, and of all: most changes of a state do not change what is shown of it. */
  #shown = new Map<string, ConversationView>();
  #list: readonly ConversationView[] = NOBODY;

  constructor(
    readonly state: State,
    private readonly surroundings: Surroundings,
  ) {}

  /** Forgets what was shown: somebody signed out. */
  clear(): void {
    this.#shown = new Map();
    this.#list = NOBODY;
  }

  get isLoaded(): boolean {
    return this.state.isLoaded;
  }

  subscribe(topic: Topic, listener: () => void): () => void {
    return this.state.topics.subscribe(topic, listener);
  }

  getConversations(): readonly ConversationView[] {
    return this.state.topics.memo("conversations", ["conversations"], () => {
      const list = [...this.state.conversations.values()].map((state) => this.#show(state)).sort(byActivity);
      if (!isSameList(this.#list, list)) this.#list = list;
      return this.#list;
    });
  }

  getConversation(conversationId: string): ConversationView | undefined {
    const state = this.state.conversations.get(conversationId);
    return state === undefined ? undefined : this.#show(state);
  }

  getMembers(conversationId: string): readonly Member[] {
    return this.state.conversations.get(conversationId)?.members.list() ?? NOBODY;
  }

  getMessage(messageId: string): ChatMessage | undefined {
    const place = this.state.places.get(messageId);
    const conversation = place === undefined ? undefined : this.state.conversations.get(place.conversationId);
    return conversation === undefined || place === undefined ? undefined : this.showMessage(conversation, place.seq);
  }

  getReceipts(conversationId: string, seq: number): Receipts {
    return this.state.topics.memo(`receipts:${conversationId}:${String(seq)}`, [`messages:${conversationId}`], () => {
      return this.state.conversations.get(conversationId)?.receipts(seq) ?? { deliveredTo: NOBODY, readBy: NOBODY };
    });
  }

  getTyping(conversationId: string): readonly string[] {
    return this.surroundings.typing(conversationId);
  }

  getPresence(userId: string): Presence | undefined {
    return this.state.people.presence(userId);
  }

  getUser(userId: string): User | undefined {
    return this.state.people.user(userId);
  }

  getUnreadCount(): number {
    return this.state.topics.memo("unread", ["unread"], () => {
      let count = 0;
      for (const { told, unreadCount } of this.state.conversations.values()) if (!told.muted) count += unreadCount;
      return count;
    });
  }

  /** A message of a conversation as it is shown, if it is here. */
  showMessage(conversation: ConversationState, seq: number): ChatMessage | undefined {
    return this.showMessages(conversation, seq, seq)[0];
  }

  /** Those messages from one seq to another that are here, as they are shown. */
  showMessages(conversation: ConversationState, first: number, last: number): ChatMessage[] {
    const { userId, topics } = this.state;
    const floors = topics.memo(`floors:${conversation.id}`, [`messages:${conversation.id}`], () => conversation.floors());
    const shown: ChatMessage[] = [];
    for (let seq = first; seq <= last; seq += 1) {
      const message = conversation.messages.get(seq);
      if (message !== undefined) shown.push(this.#views.show(message, userId, floors, this.surroundings.changes(message.messageId)));
    }
    return shown;
  }

  /** What is on its way to a conversation, as it is shown. */
  showOutgoing(conversationId: string): ChatMessage[] {
    return this.surroundings.outgoing(conversationId).map(showOutgoing);
  }

  #show(state: ConversationState): ConversationView {
    return this.state.topics.memo(`conversation:${state.id}`, [`conversation:${state.id}`], () => {
      const last = this.showOutgoing(state.id).at(-1) ?? this.showMessage(state, state.lastSeq) ?? null;
      const view = showConversation(state, last);
      const shown = this.#shown.get(state.id);
      if (shown !== undefined && isSameThing(shown, view)) return shown;
      this.#shown.set(state.id, view);
      return view;
    });
  }
}

function byActivity(one: ConversationView, other: ConversationView): number {
  if (one.updatedAt !== other.updatedAt) return one.updatedAt < other.updatedAt ? 1 : -1;
  return one.conversationId < other.conversationId ? 1 : -1;
}
