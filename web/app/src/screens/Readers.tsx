import type { ChatMessage, ConversationView } from "@parley/client";
import { useMembers, useParley } from "@parley/react";
import { useEffect, useState, type ReactNode } from "react";
import { Avatar } from "../parts/Avatar";
import { Modal } from "../parts/Modal";
import { t } from "../strings";

/** Who has read a message of one's own, and who has only received it. */
export function Readers({ message, conversation, onClose }: { message: ChatMessage; conversation: ConversationView; onClose: () => void }): ReactNode {
  const { conversationId } = conversation;
  const client = useParley();
  const members = useMembers(conversationId);
  const [, setChange] = useState(0);
  useEffect(() => client.store.subscribe(`messages:${conversationId}`, () => { setChange((count) => count + 1); }), [client, conversationId]);
  const { readBy, deliveredTo } = client.store.getReceipts(conversationId, message.seq ?? 0);
  const others = members.filter((member) => member.userId !== message.senderId);
  const read = others.filter((member) => readBy.includes(member.userId));
  const delivered = others.filter((member) => deliveredTo.includes(member.userId) && !readBy.includes(member.userId));
  const waiting = others.filter((member) => !read.includes(member) && !delivered.includes(member));
  return (
    <Modal title={t.readers} onClose={onClose} className="small">
      {(
        [
          [t.readBy, read],
          [t.deliveredTo, delivered],
          [t.notYet, waiting],
        ] as const
      ).map(([title, list]) =>
        list.length > 0 ? (
          <section key={title}>
            <h3>{title}</h3>
            <ul className="people">
              {list.map(({ userId, user }) => (
                <li key={userId} className="person">
                  <Avatar id={userId} name={user.displayName} url={user.avatarUrl} size="small" />
                  <span className="person-text">
                    <b>{user.displayName}</b>
                  </span>
                </li>
              ))}
            </ul>
          </section>
        ) : null,
      )}
    </Modal>
  );
}
