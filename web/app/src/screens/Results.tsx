import type { ConversationView, User } from "@parley/client";
import { useParley } from "@parley/react";
import type { ReactNode } from "react";
import { useLocation } from "wouter";
import { Avatar } from "../parts/Avatar";
import { Spinner } from "../parts/Spinner";
import { usePages } from "../state/pages";
import { attempt } from "../state/toasts";
import { t } from "../strings";
import { ConversationItem } from "./ConversationItem";
import { FoundMessage } from "./FoundMessage";

/** What a search finds: one's conversations by name, other people, and messages everywhere. */
export function Results({ query, conversations }: { query: string; conversations: readonly ConversationView[] }): ReactNode {
  const client = useParley();
  const [, navigate] = useLocation();
  const wanted = query.toLowerCase();
  const chats = conversations.filter(({ title, peer }) => title.toLowerCase().includes(wanted) || peer?.username.startsWith(wanted)).slice(0, 8);
  const people = usePages(query.length >= 2 ? query : null, (text, cursor) => client.searchUsers(text.replace(/^@/, ""), cursor));
  const messages = usePages(query.length >= 2 ? query : null, (text, cursor) => client.search(text, cursor ? { cursor, limit: 20 } : { limit: 20 }));
  const known = new Set(chats.map(({ peer }) => peer?.userId));
  const others = people.items.filter(({ userId }) => !known.has(userId)).slice(0, 8);
  const isEmpty = chats.length + others.length + messages.items.length === 0 && !people.isLoading && !messages.isLoading;

  async function write(user: User): Promise<void> {
    await attempt(async () => {
      const { conversationId } = await client.openDirect(user.userId);
      navigate(`/c/${conversationId}`);
    });
  }

  return (
    <div className="results">
      {chats.length > 0 ? (
        <section>
          <h2>{t.chats}</h2>
          <ul className="conversations">
            {chats.map((conversation) => (
              <ConversationItem key={conversation.conversationId} conversation={conversation} isOpen={false} />
            ))}
          </ul>
        </section>
      ) : null}
      {others.length > 0 ? (
        <section>
          <h2>{t.people}</h2>
          <ul className="people">
            {others.map((user) => (
              <li key={user.userId}>
                <button type="button" className="person" data-item onClick={() => void write(user)}>
                  <Avatar id={user.userId} name={user.displayName} url={user.avatarUrl} />
                  <span className="person-text">
                    <b>{user.displayName}</b>
                    <span className="muted">@{user.username}</span>
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      ) : null}
      {messages.items.length > 0 ? (
        <section>
          <h2>{t.messages}</h2>
          <ul className="people">
            {messages.items.map((message) => (
              <FoundMessage
                key={message.messageId}
                message={message}
                query={query}
                title={client.store.getConversation(message.conversationId)?.title}
                onOpen={() => { navigate(`/c/${message.conversationId}?at=${message.seq}`); }}
              />
            ))}
          </ul>
          {messages.hasMore ? (
            <button type="button" className="link more" onClick={messages.more}>
              {t.showMore}
            </button>
          ) : null}
        </section>
      ) : null}
      {people.isLoading || messages.isLoading ? (
        <Spinner label={t.searching} />
      ) : messages.error || people.error ? (
        <p className="empty" role="alert">
          {messages.error ?? people.error}
        </p>
      ) : isEmpty ? (
        <p className="empty">{query.length < 2 ? t.typeMore : t.nothingFound(query)}</p>
      ) : null}
    </div>
  );
}
