import { useAuth, useParley } from "@parley/react";
import { Fragment, memo, type ReactNode } from "react";

const PARTS = /(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]}']|@[a-z0-9_.]*[a-z0-9_])/g;

/** A text with its links and mentions. It is never read as markup. */
export const MessageText = memo(function MessageText({ text, mentions }: { text: string; mentions: readonly string[] }): ReactNode {
  const client = useParley();
  const { user } = useAuth();
  const names = new Map(mentions.map((id) => [id === user?.userId ? user.username : client.store.getUser(id)?.username, id]));
  return (
    <span className="text">
      {text.split(PARTS).map((part, index) => {
        if (index % 2 === 0) return part;
        if (part.startsWith("@")) {
          const id = names.get(part.slice(1));
          return id ? (
            <b key={index} className={`mention ${id === user?.userId ? "me" : ""}`}>
              {part}
            </b>
          ) : (
            <Fragment key={index}>{part}</Fragment>
          );
        }
        return (
          <a key={index} href={part} target="_blank" rel="noopener noreferrer">
            {part}
          </a>
        );
      })}
    </span>
  );
});
