import type { ChatMessage, ConversationView, Member } from "@parley/client";
import { useParley, useUser } from "@parley/react";
import { Paperclip, SendHorizontal, Smile, X } from "lucide-react";
import { lazy, Suspense, useEffect, useId, useLayoutEffect, useRef, useState, type ClipboardEvent, type KeyboardEvent, type ReactNode, type RefObject } from "react";
import { Avatar } from "../parts/Avatar";
import { IconButton } from "../parts/IconButton";
import { read, write } from "../state/kept";
import { preview } from "../state/messages";
import { attempt, tell } from "../state/toasts";
import { errorText } from "../state/errors";
import type { Uploads } from "../state/uploads";
import { t } from "../strings";
import { UploadTray } from "./UploadTray";

const EmojiPopover = lazy(() => import("./EmojiPopover").then((module) => ({ default: module.EmojiPopover })));

const MAX_LENGTH = 8000;
const SUGGESTIONS = 6;

interface Props {
  readonly conversation: ConversationView;
  readonly members: readonly Member[];
  readonly input: RefObject<HTMLTextAreaElement | null>;
  readonly uploads: Uploads;
  readonly replyTo: ChatMessage | null;
  readonly editing: ChatMessage | null;
  /** The reply or the edit was sent or given up. */
  readonly onDone: () => void;
  readonly onTyping: (isTyping: boolean) => void;
  readonly onEditLast: () => void;
}

/** Where messages are written. What is written stays over a reload. */
export function Composer({ conversation, members, input, uploads, replyTo, editing, onDone, onTyping, onEditLast }: Props): ReactNode {
  const { conversationId } = conversation;
  const client = useParley();
  const [text, setText] = useState(() => read("local", `draft.${conversationId}`) ?? "");
  const [picker, setPicker] = useState(false);
  const files = useRef<HTMLInputElement>(null);
  const emojiButton = useRef<HTMLButtonElement>(null);
  const before = useRef("");
  const toEnd = useRef(false);
  const mention = useMentions(text, setText, members, input);
  const length = [...text].length;
  const canSend = length <= MAX_LENGTH && uploads.isReady && (text.trim().length > 0 || (uploads.items.length > 0 && !editing));

  useLayoutEffect(() => {
    const area = input.current;
    if (!area) return;
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight}px`;
    if (toEnd.current) area.setSelectionRange(text.length, text.length);
    toEnd.current = false;
  }, [text, input]);
  useEffect(() => {
    if (!editing) write("local", `draft.${conversationId}`, text.trim() ? text : null);
  }, [conversationId, editing, text]);
  // Before anybody sees that it is edited: what they type then must follow it.
  useLayoutEffect(() => {
    if (editing) {
      toEnd.current = true;
      setText((draft) => {
        before.current = draft;
        return editing.content ?? "";
      });
    }
  }, [editing]);
  useEffect(() => () => { onTyping(false); }, [onTyping]);

  function leaveEdit(): void {
    if (editing) setText(before.current);
    before.current = "";
    onDone();
  }

  function submit(): void {
    if (!canSend) return;
    const content = text.trim();
    if (editing) {
      const { messageId } = editing;
      if (messageId && content !== editing.content) void attempt(() => client.edit(messageId, content));
      leaveEdit();
      return;
    }
    const attachments = uploads.take();
    const named = new Set([...content.matchAll(/@([a-z0-9_.]*[a-z0-9_])/g)].map((match) => match[1]));
    const mentions = members.filter((member) => named.has(member.user.username)).map((member) => member.userId);
    try {
      client.send(conversationId, {
        // A message needs a text: that of files alone is their names.
        content: content || attachments.map((each) => each.fileName).join(", "),
        ...(replyTo?.messageId ? { replyTo: replyTo.messageId } : {}),
        ...(mentions.length > 0 ? { mentions: mentions.slice(0, 50) } : {}),
        ...(attachments.length > 0 ? { attachments, type: "attachment" as const } : {}),
      });
    } catch (error) {
      tell(errorText(error), "error");
      return;
    }
    setText("");
    onTyping(false);
    onDone();
  }

  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>): void {
    if (event.nativeEvent.isComposing) return;
    if (mention.onKey(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      submit();
    } else if (event.key === "Escape" && (replyTo || editing)) {
      event.preventDefault();
      leaveEdit();
    } else if (event.key === "ArrowUp" && text === "" && !event.altKey) {
      event.preventDefault();
      onEditLast();
    }
  }

  function onPaste(event: ClipboardEvent): void {
    const pasted = [...event.clipboardData.files];
    if (pasted.length === 0 || editing) return;
    event.preventDefault();
    uploads.add(pasted);
  }

  function insert(emoji: string): void {
    const area = input.current;
    const [start, end] = [area?.selectionStart ?? text.length, area?.selectionEnd ?? text.length];
    setText(text.slice(0, start) + emoji + text.slice(end));
    requestAnimationFrame(() => {
      area?.focus();
      area?.setSelectionRange(start + emoji.length, start + emoji.length);
    });
  }

  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {mention.list}
      {replyTo || editing ? <Context replyTo={replyTo} editing={editing} onCancel={leaveEdit} /> : null}
      {uploads.items.length > 0 && !editing ? <UploadTray uploads={uploads} /> : null}
      <div className="composer-row">
        {editing ? null : (
          <IconButton label={t.attach} onClick={() => files.current?.click()}>
            <Paperclip />
          </IconButton>
        )}
        <input
          ref={files}
          type="file"
          multiple
          hidden
          aria-label={t.attach}
          onChange={(event) => {
            uploads.add([...(event.target.files ?? [])]);
            event.target.value = "";
            input.current?.focus();
          }}
        />
        <textarea
          ref={input}
          rows={1}
          value={text}
          placeholder={t.write}
          aria-label={t.writeTo(conversation.title)}
          enterKeyHint="send"
          {...mention.attributes}
          onChange={(event) => {
            setText(event.target.value);
            mention.look(event.target);
            if (!editing) onTyping(event.target.value.length > 0);
          }}
          onSelect={(event) => mention.follow(event.currentTarget)}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
          onBlur={() => { mention.close(); }}
        />
        <IconButton ref={emojiButton} label={t.emoji} aria-expanded={picker} onClick={() => { setPicker(!picker); }}>
          <Smile />
        </IconButton>
        <button type="submit" className="send" aria-label={editing ? t.save : t.send} title={editing ? t.save : t.send} disabled={!canSend}>
          <SendHorizontal aria-hidden="true" />
        </button>
      </div>
      {length > MAX_LENGTH - 500 ? (
        <p className={`count ${length > MAX_LENGTH ? "over" : ""}`} role="status">
          {t.lettersLeft(MAX_LENGTH - length)}
        </p>
      ) : null}
      {picker ? (
        <Suspense fallback={null}>
          <EmojiPopover anchor={emojiButton} onPick={insert} onClose={() => { setPicker(false); }} />
        </Suspense>
      ) : null}
    </form>
  );
}

function Context({ replyTo, editing, onCancel }: { replyTo: ChatMessage | null; editing: ChatMessage | null; onCancel: () => void }): ReactNode {
  const message = editing ?? replyTo;
  const sender = useUser(replyTo?.senderId ?? null);
  if (!message) return null;
  return (
    <div className="composer-context">
      <span>
        <b>{editing ? t.editing : t.replyingTo(replyTo?.isOwn ? t.yourself : (sender?.displayName ?? "…"))}</b>
        <span>{preview(message)}</span>
      </span>
      <IconButton label={t.cancel} onClick={onCancel}>
        <X />
      </IconButton>
    </div>
  );
}

interface Mentions {
  readonly list: ReactNode;
  readonly attributes: Record<string, string | boolean | undefined>;
  look(area: HTMLTextAreaElement): void;
  /** The cursor moved: a list that is open goes with it, and none opens. */
  follow(area: HTMLTextAreaElement): void;
  close(): void;
  /** Whether the key was for the list. */
  onKey(event: KeyboardEvent): boolean;
}

/** Suggests members while a name is written behind an @ (the combobox pattern of WAI-ARIA). */
function useMentions(text: string, setText: (text: string) => void, members: readonly Member[], input: RefObject<HTMLTextAreaElement | null>): Mentions {
  const id = useId();
  const [word, setWord] = useState<{ start: number; text: string } | null>(null);
  const [active, setActive] = useState(0);
  const wanted = word?.text.toLowerCase() ?? "";
  const found = word ? members.filter(({ user }) => user.username.startsWith(wanted) || user.displayName.toLowerCase().startsWith(wanted)).slice(0, SUGGESTIONS) : [];

  function choose(member: Member | undefined): void {
    const area = input.current;
    if (!word || !member) return;
    const end = word.start + 1 + word.text.length;
    const name = `@${member.user.username} `;
    setText(text.slice(0, word.start) + name + text.slice(end));
    setWord(null);
    requestAnimationFrame(() => area?.setSelectionRange(word.start + name.length, word.start + name.length));
  }

  function look(area: HTMLTextAreaElement): void {
    const match = /(^|\s)@([\p{L}\p{N}_.]*)$/u.exec(area.value.slice(0, area.selectionStart));
    setWord(match && area.selectionStart === area.selectionEnd ? { start: match.index + (match[1]?.length ?? 0), text: match[2] ?? "" } : null);
    setActive(0);
  }

  return {
    list:
      found.length > 0 ? (
        <ul className="mentions" role="listbox" id={id} aria-label={t.members(members.length)}>
          {found.map((member, index) => (
            <li
              key={member.userId}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === active}
              onPointerDown={(event) => {
                event.preventDefault();
                choose(member);
              }}
            >
              <Avatar id={member.userId} name={member.user.displayName} url={member.user.avatarUrl} size="small" />
              <span>{member.user.displayName}</span>
              <span className="muted">@{member.user.username}</span>
            </li>
          ))}
        </ul>
      ) : null,
    attributes: found.length > 0 ? { role: "combobox", "aria-expanded": true, "aria-controls": id, "aria-autocomplete": "list", "aria-activedescendant": `${id}-${active}` } : {},
    look,
    follow(area) {
      if (word) look(area);
    },
    close: () => { setWord(null); },
    onKey(event) {
      if (found.length === 0) return false;
      if (event.key === "ArrowDown") setActive((active + 1) % found.length);
      else if (event.key === "ArrowUp") setActive((active + found.length - 1) % found.length);
      else if (event.key === "Enter" || event.key === "Tab") choose(found[active]);
      else if (event.key === "Escape") setWord(null);
      else return false;
      event.preventDefault();
      return true;
    },
  };
}
