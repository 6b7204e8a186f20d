import type { ChatMessage, ConversationView, Member, Presence, Receipts, User } from "./types.js";

/** What can be subscribed to. `messages:<id>` also tells of receipts and of what is on its way. */
export type Topic =
  | "conversations"
  | "unread"
  | `conversation:${string}`
  | `messages:${string}`
  | `members:${string}`
  | `typing:${string}`
  | `presence:${string}`
  | `user:${string}`;

/** What is known, whole at any time. Everything that it gives is immutable, and the same object until it changed. */
export interface ParleyStore {
  /** Whether the first state is there: from the device, or else from the server. */
  readonly isLoaded: boolean;
  subscribe(topic: Topic, listener: () => void): () => void;
  /** Newest activity first. */
  getConversations(): readonly ConversationView[];
  getConversation(conversationId: string): ConversationView | undefined;
  /** The members as far as they are known: all of them after `loadMembers`, and in conversations of up to 100. */
  getMembers(conversationId: string): readonly Member[];
  /** A message that is here, by its id. */
  getMessage(messageId: string): ChatMessage | undefined;
  getReceipts(conversationId: string, seq: number): Receipts;
  /** User ids. */
  getTyping(conversationId: string): readonly string[];
  getPresence(userId: string): Presence | undefined;
  getUser(userId: string): User | undefined;
  /** Unread messages in all conversations that are not muted. */
  getUnreadCount(): number;
}
