import type { Message } from "@parley/client";
import { useAuth, useUser } from "@parley/react";
import type { ReactNode } from "react";
import { shortTime } from "../state/format";
import { t } from "../strings";

const AROUND = 40;

interface Props {
  readonly message: Message;
  readonly query: string;
  /** The conversation, where it is not plain. */
  readonly title?: string | undefined;
  readonly onOpen: () => void;
}

export function FoundMessage({ message, query, title, onOpen }: Props): ReactNode {
  const sender = useUser(message.senderId);
  const { user } = useAuth();
  const name = message.senderId === user?.userId ? t.you : (sender?.displayName ?? "…");
  return (
    <li>
      <button type="button" className="found" data-item onClick={onOpen}>
        <span className="conversation-line">
          <b className="conversation-title">{title && title !== name ? `${name} · ${title}` : name}</b>
          <time dateTime={message.createdAt}>{shortTime(message.createdAt)}</time>
        </span>
        <span className="found-text">{marked(message.content ?? "", query)}</span>
      </button>
    </li>
  );
}

/** The text around the first word that was looked for, with all of them marked. */
function marked(content: string, query: string): ReactNode {
  const words = query.split(/\s+/).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const pattern = new RegExp(`(${words.join("|")})`, "giu");
  const text = content.replace(/\s+/g, " ");
  const first = Math.max(0, text.search(pattern) - AROUND);
  const parts = text.slice(first, first + 200).split(pattern);
  return (
    <>
      {first > 0 ? "…" : ""}
      {parts.map((part, index) => (index % 2 === 1 ? <mark key={index}>{part}</mark> : part))}
    </>
  );
}
