import type { ConversationView } from "@parley/client";
import type { ChatMessage } from "@parley/client";
import { useAuth, useParley } from "@parley/react";
import { Copy, CornerUpLeft, Eye, Pencil, SmilePlus, Trash2 } from "lucide-react";
import { useRef, useState, type ReactNode } from "react";
import { Confirm } from "../parts/Confirm";
import { ActionMenu } from "../parts/Menu";
import type { MenuEntry } from "../parts/MenuButton";
import { attempt, tell } from "../state/toasts";
import { t } from "../strings";
import { EmojiPopover } from "./EmojiPopover";
import type { MenuState } from "./MessageRow";
import { Readers } from "./Readers";

interface Props extends MenuState {
  readonly conversation: ConversationView;
  readonly onReply: (message: ChatMessage) => void;
  readonly onEdit: (message: ChatMessage) => void;
  readonly onClose: () => void;
}

/** What can be done with a message; one step leads to the next, and the last one closes it. */
export function MessageMenu({ message, anchor, point, react, conversation, onReply, onEdit, onClose }: Props): ReactNode {
  const client = useParley();
  const { user } = useAuth();
  const [step, setStep] = useState<"menu" | "react" | "delete" | "readers">(react ? "react" : "menu");
  const next = useRef(false);
  const at = useRef<HTMLElement>(anchor);
  const { messageId } = message;
  const may = conversation.kind === "group" && conversation.myRole !== "member";

  /** A delete is shown at once, and may wait for a connection: the dialog does not. */
  function remove(): Promise<unknown> {
    const done = attempt(() => (messageId ? client.delete(messageId) : client.discard(message.clientMessageId)));
    return messageId ? Promise.resolve() : done;
  }

  function go(to: typeof step): void {
    next.current = true;
    setStep(to);
  }

  if (step === "react") {
    return (
      <EmojiPopover
        anchor={at}
        onClose={onClose}
        onPick={(emoji) => {
          const mine = message.reactions.some((each) => each.emoji === emoji && user !== null && each.userIds.includes(user.userId));
          if (messageId) void attempt(() => client.react(messageId, emoji, { remove: mine }));
        }}
      />
    );
  }
  if (step === "readers") return <Readers message={message} conversation={conversation} onClose={onClose} />;
  if (step === "delete") {
    return (
      <Confirm title={t.deleteTitle} text={t.deleteText} action={t.delete} onClose={onClose} onConfirm={remove} />
    );
  }

  const isThere = messageId !== null && !message.isDeleted;
  const entries: (MenuEntry | false)[] = [
    isThere && { label: t.react, icon: <SmilePlus aria-hidden="true" />, onSelect: () => { go("react"); } },
    isThere && { label: t.reply, icon: <CornerUpLeft aria-hidden="true" />, onSelect: () => { onReply(message); } },
    message.content !== null && {
      label: t.copy,
      icon: <Copy aria-hidden="true" />,
      onSelect: () => void attempt(() => navigator.clipboard.writeText(message.content ?? "")).then((done) => done && tell(t.copied)),
    },
    isThere && message.isOwn && { label: t.edit, icon: <Pencil aria-hidden="true" />, onSelect: () => { onEdit(message); } },
    isThere && message.seq !== null && message.isOwn && { label: t.readers, icon: <Eye aria-hidden="true" />, onSelect: () => { go("readers"); } },
    !message.isDeleted && (message.isOwn || may) && { label: t.delete, icon: <Trash2 aria-hidden="true" />, danger: true, onSelect: () => { go("delete"); } },
  ];
  const items = entries.filter((entry): entry is MenuEntry => entry !== false);
  if (items.length === 0) return null;
  return <ActionMenu label={t.actions} items={items} anchor={at} point={point} onClose={() => (next.current ? (next.current = false) : onClose())} />;
}
