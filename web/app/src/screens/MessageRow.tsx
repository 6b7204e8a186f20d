import type { ChatMessage } from "@parley/client";
import { useAuth, useMessage, useParley, useUser } from "@parley/react";
import { CornerUpLeft, MoreHorizontal, SmilePlus } from "lucide-react";
import { memo, useState, type MouseEvent, type ReactNode } from "react";
import { Avatar, toneOf } from "../parts/Avatar";
import { IconButton } from "../parts/IconButton";
import { Ticks } from "../parts/Ticks";
import { clockTime, dayName, wholeTime } from "../state/format";
import { isOnlyEmoji, preview } from "../state/messages";
import { attempt } from "../state/toasts";
import { t } from "../strings";
import { Attachments } from "./Attachments";
import { MessageText } from "./MessageText";

/** A message's menu: what it opens beside, or where the pointer asked for it. */
export interface MenuState {
  readonly message: ChatMessage;
  readonly anchor: HTMLElement;
  readonly point: { readonly x: number; readonly y: number } | null;
  /** Opens the picker of emoji at once. */
  readonly react: boolean;
}

export interface RowActions {
  readonly reply: (message: ChatMessage) => void;
  readonly jump: (seq: number) => void;
  readonly menu: (menu: MenuState) => void;
  readonly focus: (message: ChatMessage) => void;
}

interface Props {
  readonly message: ChatMessage;
  readonly startsDay: boolean;
  readonly isBeginning: boolean;
  readonly isFirstUnread: boolean;
  /** Whether it goes on right below a message of the same person. */
  readonly continues: boolean;
  readonly isGroup: boolean;
  readonly isHighlighted: boolean;
  readonly isFocusable: boolean;
  readonly actions: RowActions;
}

export const MessageRow = memo(function MessageRow(props: Props): ReactNode {
  const { message, startsDay, isBeginning, isFirstUnread, isHighlighted, isFocusable, actions } = props;
  const continues = props.continues && !startsDay && !isFirstUnread;
  const sender = useUser(message.senderId);
  const [isActive, setActive] = useState(false);
  const name = message.isOwn ? t.you : (sender?.displayName ?? "…");
  const showsName = props.isGroup && !message.isOwn && !continues;

  function onContextMenu(event: MouseEvent<HTMLElement>): void {
    if (event.target instanceof Element && event.target.closest("a, img, textarea")) return;
    if (window.getSelection()?.toString()) return;
    event.preventDefault();
    actions.menu({ message, anchor: event.currentTarget, point: { x: event.clientX, y: event.clientY }, react: false });
  }

  return (
    <>
      {isBeginning ? <p className="beginning">{t.beginning}</p> : null}
      {startsDay ? <DayLine stamp={message.createdAt} /> : null}
      {isFirstUnread ? (
        <p className="unread-line">
          <span>{t.newMessages}</span>
        </p>
      ) : null}
      <article
        data-message={message.key}
        data-seq={message.seq ?? undefined}
        className={`message ${message.isOwn ? "own" : ""} ${continues ? "continues" : ""} ${isHighlighted ? "highlighted" : ""}`}
        tabIndex={isFocusable ? 0 : -1}
        aria-label={`${name}, ${clockTime(message.createdAt)}`}
        onFocus={(event) => {
          setActive(true);
          if (event.target === event.currentTarget) actions.focus(message);
        }}
        onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && setActive(false)}
        onPointerEnter={() => { setActive(true); }}
        onPointerLeave={(event) => !event.currentTarget.contains(document.activeElement) && setActive(false)}
        onContextMenu={onContextMenu}
      >
        {props.isGroup && !message.isOwn ? (
          <span className="message-face">{continues ? null : <Avatar id={message.senderId} name={name} url={sender?.avatarUrl} size="small" />}</span>
        ) : null}
        <div className="message-body">
          <Bubble message={message} name={showsName ? name : null} isActive={isActive} actions={actions} />
          <Reactions message={message} />
          {message.error ? <Failed message={message} /> : null}
        </div>
        {isActive && message.messageId && !message.isDeleted ? <Toolbar message={message} actions={actions} /> : null}
      </article>
    </>
  );
});

interface BubbleProps {
  readonly message: ChatMessage;
  readonly name: string | null;
  /** Whether the pointer or the focus is on the message: only then are its exact times told. */
  readonly isActive: boolean;
  readonly actions: RowActions;
}

function Bubble({ message, name, isActive, actions }: BubbleProps): ReactNode {
  const text = message.content ?? "";
  const isCaption = message.attachments.length > 0 && text === message.attachments.map((each) => each.fileName).join(", ");
  const isLarge = message.attachments.length === 0 && !message.replyTo && isOnlyEmoji(text);
  return (
    <div className={`bubble ${message.isDeleted ? "deleted" : ""} ${isLarge ? "large" : ""}`}>
      {name ? <span className={`sender tone-${toneOf(message.senderId)}`}>{name}</span> : null}
      {message.replyTo && !message.isDeleted ? <Quote conversationId={message.conversationId} messageId={message.replyTo} onJump={actions.jump} /> : null}
      {message.attachments.length > 0 ? <Attachments message={message} /> : null}
      {message.isDeleted ? <span className="text">{t.messageDeleted}</span> : text && !isCaption ? <MessageText text={text} mentions={message.mentions} /> : null}
      <span className="meta">
        {message.editedAt && !message.isDeleted ? <span title={isActive ? wholeTime(message.editedAt) : undefined}>{t.edited}</span> : null}
        <time dateTime={message.createdAt} title={isActive ? wholeTime(message.createdAt) : undefined}>
          {clockTime(message.createdAt)}
        </time>
        {message.isOwn && !message.isDeleted ? <Ticks state={message.state} /> : null}
      </span>
    </div>
  );
}

function Quote({ conversationId, messageId, onJump }: { conversationId: string; messageId: string; onJump: (seq: number) => void }): ReactNode {
  const quoted = useMessage(conversationId, messageId);
  const sender = useUser(quoted?.senderId ?? null);
  const seq = quoted?.seq;
  return (
    <button type="button" className="quote" disabled={!seq} onClick={() => seq && onJump(seq)}>
      <b>{quoted?.isOwn ? t.you : (sender?.displayName ?? "…")}</b>
      <span>{quoted ? preview(quoted) : "…"}</span>
    </button>
  );
}

function Reactions({ message }: { message: ChatMessage }): ReactNode {
  const client = useParley();
  const { user } = useAuth();
  const { messageId, reactions } = message;
  if (!messageId || reactions.length === 0) return null;
  return (
    <ul className="reactions" aria-label={t.reactions}>
      {reactions.map(({ emoji, count, userIds }) => {
        const isMine = user !== null && userIds.includes(user.userId);
        const names = userIds.map((id) => (id === user?.userId ? t.you : client.store.getUser(id)?.displayName)).filter(Boolean);
        return (
          <li key={emoji}>
            <button
              type="button"
              className="reaction"
              aria-pressed={isMine}
              aria-label={t.reaction(emoji, count)}
              title={names.join(", ")}
              onClick={() => void attempt(() => client.react(messageId, emoji, { remove: isMine }))}
            >
              {emoji} <span>{count}</span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}

function Failed({ message }: { message: ChatMessage }): ReactNode {
  const client = useParley();
  return (
    <p className="send-failed" role="alert">
      {t.sendErrors[message.error?.code ?? "internal"] ?? t.errors.internal}{" "}
      <button type="button" className="link" onClick={() => { client.retry(message.clientMessageId); }}>
        {t.retry}
      </button>{" "}
      <button type="button" className="link" onClick={() => void client.discard(message.clientMessageId)}>
        {t.discard}
      </button>
    </p>
  );
}

function Toolbar({ message, actions }: { message: ChatMessage; actions: RowActions }): ReactNode {
  return (
    <div className="toolbar" role="group" aria-label={t.actions}>
      <IconButton label={t.react} onClick={(event) => { actions.menu({ message, anchor: event.currentTarget, point: null, react: true }); }}>
        <SmilePlus />
      </IconButton>
      <IconButton label={t.reply} onClick={() => { actions.reply(message); }}>
        <CornerUpLeft />
      </IconButton>
      <IconButton label={t.more} aria-haspopup="menu" onClick={(event) => { actions.menu({ message, anchor: event.currentTarget, point: null, react: false }); }}>
        <MoreHorizontal />
      </IconButton>
    </div>
  );
}

function DayLine({ stamp }: { stamp: string }): ReactNode {
  return (
    <p className="day-line">
      <span>{dayName(stamp)}</span>
    </p>
  );
}
