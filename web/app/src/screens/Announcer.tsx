import { useParley } from "@parley/react";
import { useEffect, useState, type ReactNode } from "react";
import { preview } from "../state/messages";
import { t } from "../strings";

/** Reads new messages out, and only those: scrolling through old ones is nobody's news. */
export function Announcer({ conversationId }: { conversationId: string }): ReactNode {
  const client = useParley();
  const [text, setText] = useState("");
  useEffect(
    () =>
      client.on("message", ({ message }) => {
        if (message.conversationId !== conversationId) return;
        setText(t.says(client.store.getUser(message.senderId)?.displayName ?? t.somebody, preview(message)));
      }),
    [client, conversationId],
  );
  return (
    <p className="visually-hidden" role="log">
      {text}
    </p>
  );
}
