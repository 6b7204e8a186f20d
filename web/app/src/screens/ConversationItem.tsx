import type { ConversationView } from "@parley/client";
import { useAuth, useParley, usePresence } from "@parley/react";
import { BellOff } from "lucide-react";
import { memo, type ReactNode } from "react";
import { Link } from "wouter";
import { Avatar } from "../parts/Avatar";
import { Ticks } from "../parts/Ticks";
import { shortTime } from "../state/format";
import { read } from "../state/kept";
import { preview } from "../state/messages";
import { t } from "../strings";

interface Props {
  readonly conversation: ConversationView;
  readonly isOpen: boolean;
}

export const ConversationItem = memo(function ConversationItem({ conversation, isOpen }: Props): ReactNode {
  const { conversationId, title, kind, peer, lastMessage, unreadCount, muted } = conversation;
  const presence = usePresence(peer?.userId ?? null);
  const stamp = lastMessage?.createdAt ?? conversation.updatedAt;
  return (
    <li>
      <Link href={`/c/${conversationId}`} className="conversation" data-item aria-current={isOpen ? "page" : undefined}>
        <Avatar id={peer?.userId ?? conversationId} name={title} url={peer ? peer.avatarUrl : conversation.photoUrl} isGroup={kind === "group"} online={presence?.online} />
        <span className="conversation-text">
          <span className="conversation-line">
            <span className="conversation-title">{title}</span>
            {muted ? <BellOff aria-label={t.muted} className="muted-bell" /> : null}
            <time dateTime={stamp}>{shortTime(stamp)}</time>
          </span>
          <span className="conversation-line">
            <span className="conversation-last">
              <LastMessage conversation={conversation} isOpen={isOpen} />
            </span>
            {unreadCount > 0 ? (
              <span className={`badge ${muted ? "quiet" : ""}`}>
                <span aria-hidden="true">{unreadCount > 999 ? "999+" : unreadCount}</span>
                <span className="visually-hidden">{t.unread(unreadCount)}</span>
              </span>
            ) : null}
          </span>
        </span>
      </Link>
    </li>
  );
});

function LastMessage({ conversation, isOpen }: Props): ReactNode {
  const client = useParley();
  const { user } = useAuth();
  const { lastMessage, kind, conversationId } = conversation;
  const draft = isOpen ? null : read("local", `draft.${conversationId}`);
  if (draft) {
    return (
      <>
        <span className="draft">{t.draft}</span> {draft}
      </>
    );
  }
  if (!lastMessage) return kind === "group" ? t.members(conversation.memberCount) : t.sayHello;
  if (lastMessage.senderId === user?.userId) {
    return (
      <>
        {lastMessage.isDeleted ? null : <Ticks state={lastMessage.state} />} {preview(lastMessage)}
      </>
    );
  }
  const sender = kind === "group" ? client.store.getUser(lastMessage.senderId)?.displayName : null;
  return sender ? `${sender.split(" ")[0] ?? sender}: ${preview(lastMessage)}` : preview(lastMessage);
}
