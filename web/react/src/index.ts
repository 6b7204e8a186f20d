/** React hooks for `@parley/client`: put `ParleyProvider` around the application. */
import type { ParleyClient, AuthState, ChatMessage, ConnectionState, ConversationView, Member, MessagesSnapshot, Presence, User } from "@parley/client";
import type { ReactNode } from "react";

/** Gives the client to the hooks below it, and starts it. */
export declare function ParleyProvider(props: { client: ParleyClient; children: ReactNode }): ReactNode;
export declare function useParley(): ParleyClient;
export declare function useAuth(): AuthState;
export declare function useConnection(): ConnectionState;
/** Newest activity first; `isLoaded` is false until the first state is there. */
export declare function useConversations(): { conversations: readonly ConversationView[]; isLoaded: boolean };
export declare function useConversation(conversationId: string | null): ConversationView | undefined;
/** A window on the messages, which belongs to the component; another `conversationId` or `place` opens another window. */
export declare function useMessages(
  conversationId: string | null,
  place?: number | "latest",
): MessagesSnapshot & {
  loadOlder: () => Promise<void>;
  loadNewer: () => Promise<void>;
  jumpTo: (place: number | "latest") => Promise<void>;
};
/** The members; all of them are loaded when the component is mounted. */
export declare function useMembers(conversationId: string | null): readonly Member[];
/** Joins the conversation as long as the component is mounted; who types there, without oneself, and a way to say that one does. */
export declare function useTyping(conversationId: string | null): { typing: readonly string[]; setTyping: (isTyping: boolean) => void };
/** Whether somebody is online, kept up to date as long as the component is mounted. */
export declare function usePresence(userId: string | null): Presence | undefined;
/** Unread messages in all conversations that are not muted. */
export declare function useUnread(): number;
/** A person, fetched where they are not known. */
export declare function useUser(userId: string | null): User | undefined;
/** A message by its id, fetched where it is not here: what a reply refers to. */
export declare function useMessage(messageId: string | null): ChatMessage | undefined;
