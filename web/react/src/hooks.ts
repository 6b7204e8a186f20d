import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { useParley } from "./context.js";
import type {
  AuthState,
  ChatMessage,
  ConnectionState,
  ConversationView,
  Member,
  MessagesSnapshot,
  MessageWindow,
  ParleyClient,
  Presence,
  Topic,
  User,
} from "@parley/client";

const NO_MEMBERS: readonly Member[] = [];
const NOBODY: readonly string[] = [];
const NOTHING: MessagesSnapshot = {
  items: [],
  isLoaded: false,
  hasOlder: false,
  hasNewer: false,
  isLoadingOlder: false,
  isLoadingNewer: false,
  error: null,
};

/** Something of the store, kept up to date by its topics. */
function useStore<Value>(topics: readonly Topic[], read: (client: ParleyClient) => Value): Value {
  const client = useParley();
  const key = topics.join(" ");
  const subscribe = useCallback(
    (listener: () => void) => {
      const unsubscribes = key === "" ? [] : key.split(" ").map((topic) => client.store.subscribe(topic as Topic, listener));
      return () => {
        for (const unsubscribe of unsubscribes) unsubscribe();
      };
    },
    [client, key],
  );
  return useSyncExternalStore(subscribe, () => read(client), () => read(client));
}

/** Who is signed in. */
export function useAuth(): AuthState {
  const client = useParley();
  const subscribe = useCallback((listener: () => void) => client.on("auth", listener), [client]);
  return useSyncExternalStore(subscribe, () => client.getAuth(), () => client.getAuth());
}

/** How the connection is: what a banner is made of. */
export function useConnection(): ConnectionState {
  const client = useParley();
  const subscribe = useCallback((listener: () => void) => client.on("connection", listener), [client]);
  return useSyncExternalStore(subscribe, () => client.getConnection(), () => client.getConnection());
}

/** Newest activity first; `isLoaded` is false until the first state is there. */
export function useConversations(): { conversations: readonly ConversationView[]; isLoaded: boolean } {
  const conversations = useStore(["conversations"], (client) => client.store.getConversations());
  const isLoaded = useStore(["conversations"], (client) => client.store.isLoaded);
  return useMemo(() => ({ conversations, isLoaded }), [conversations, isLoaded]);
}

/** One conversation; undefined where the caller is in none with this id. */
export function useConversation(conversationId: string | null): ConversationView | undefined {
  return useStore(conversationId === null ? [] : [`conversation:${conversationId}`], ({ store }) =>
    conversationId === null ? undefined : store.getConversation(conversationId),
  );
}

/** What `useMessages` gives. */
export interface Messages extends MessagesSnapshot {
  readonly loadOlder: () => Promise<void>;
  readonly loadNewer: () => Promise<void>;
  readonly jumpTo: (place: number | "latest") => Promise<void>;
}

/**
 * A window on the messages, which belongs to the component; another `conversationId` opens another window. `place` is where
 * it opens; `jumpTo` moves it.
 */
export function useMessages(conversationId: string | null, place: number | "latest" = "latest"): Messages {
  const client = useParley();
  const [opened, setOpened] = useState<MessageWindow | null>(null);
  useEffect(() => {
    if (conversationId === null) return undefined;
    const window = client.openMessages(conversationId, place);
    setOpened(window);
    return () => {
      window.close();
      setOpened(null);
    };
  }, [client, conversationId, place]);
  // Between two conversations the window of the first is there for one rendering more, and must not be shown.
  const window = opened?.conversationId === conversationId ? opened : null;
  const subscribe = useCallback((listener: () => void) => window?.subscribe(listener) ?? noOp, [window]);
  const read = (): MessagesSnapshot => window?.getSnapshot() ?? NOTHING;
  const snapshot = useSyncExternalStore(subscribe, read, read);
  return useMemo(
    () => ({
      ...snapshot,
      loadOlder: () => window?.loadOlder() ?? Promise.resolve(),
      loadNewer: () => window?.loadNewer() ?? Promise.resolve(),
      jumpTo: (to: number | "latest") => window?.jumpTo(to) ?? Promise.resolve(),
    }),
    [snapshot, window],
  );
}

/** The members; all of them are loaded when the component is mounted, unless they are known. */
export function useMembers(conversationId: string | null): readonly Member[] {
  const client = useParley();
  const count = useConversation(conversationId)?.memberCount ?? 0;
  useEffect(() => {
    if (conversationId === null || client.store.getMembers(conversationId).length >= count) return;
    client.loadMembers(conversationId).catch(() => undefined); // What is known is shown.
  }, [client, conversationId, count]);
  return useStore(conversationId === null ? [] : [`members:${conversationId}`], ({ store }) =>
    conversationId === null ? NO_MEMBERS : store.getMembers(conversationId),
  );
}

/** Joins the conversation as long as the component is mounted; the others who type there, and a way to say that one does. */
export function useTyping(conversationId: string | null): { typing: readonly string[]; setTyping: (isTyping: boolean) => void } {
  const client = useParley();
  useEffect(() => (conversationId === null ? undefined : client.join(conversationId)), [client, conversationId]);
  const typing = useStore(conversationId === null ? [] : [`typing:${conversationId}`], ({ store }) =>
    conversationId === null ? NOBODY : store.getTyping(conversationId),
  );
  const setTyping = useCallback(
    (isTyping: boolean) => {
      if (conversationId !== null) client.setTyping(conversationId, isTyping);
    },
    [client, conversationId],
  );
  return useMemo(() => ({ typing, setTyping }), [typing, setTyping]);
}

/** Whether somebody is online, kept up to date as long as the component is mounted. */
export function usePresence(userId: string | null): Presence | undefined {
  const client = useParley();
  useEffect(() => (userId === null ? undefined : client.watchPresence([userId])), [client, userId]);
  return useStore(userId === null ? [] : [`presence:${userId}`], ({ store }) => (userId === null ? undefined : store.getPresence(userId)));
}

/** Unread messages in all conversations that are not muted. */
export function useUnread(): number {
  return useStore(["unread"], ({ store }) => store.getUnreadCount());
}

/** A person, fetched where they are not known. */
export function useUser(userId: string | null): User | undefined {
  const client = useParley();
  useEffect(() => {
    if (userId !== null) client.getUser(userId).catch(() => undefined); // Somebody who is not to be found stays undefined.
  }, [client, userId]);
  return useStore(userId === null ? [] : [`user:${userId}`], ({ store }) => (userId === null ? undefined : store.getUser(userId)));
}

/** A message by its id, fetched where it is not here: what a reply refers to. */
export function useMessage(conversationId: string, messageId: string | null): ChatMessage | undefined {
  const client = useParley();
  useEffect(() => {
    if (messageId !== null && client.store.getMessage(messageId) === undefined) client.fetchMessage(messageId).catch(() => undefined);
  }, [client, messageId]);
  return useStore([`messages:${conversationId}`], ({ store }) => (messageId === null ? undefined : store.getMessage(messageId)));
}

function noOp(): void {
  // There is nothing to unsubscribe from.
}
