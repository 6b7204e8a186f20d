import type { ChatMessage, ConversationView } from "@parley/client";
import { useConversation, useConversations, useMembers, useParley, usePresence, useTyping } from "@parley/react";
import { ArrowLeft, Bell, BellOff, Info, Search } from "lucide-react";
import { lazy, Suspense, useCallback, useEffect, useRef, useState, type DragEvent, type ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { Avatar } from "../parts/Avatar";
import { IconButton } from "../parts/IconButton";
import { Spinner } from "../parts/Spinner";
import { lastSeen } from "../state/format";
import { attempt } from "../state/toasts";
import { useUploads } from "../state/uploads";
import { t } from "../strings";
import { Composer } from "./Composer";
import { MessageList, type MessageListHandle } from "./MessageList";
import { TypingLine } from "./TypingLine";

const InfoPanel = lazy(() => import("./InfoPanel").then((module) => ({ default: module.InfoPanel })));
const SearchPanel = lazy(() => import("./SearchPanel").then((module) => ({ default: module.SearchPanel })));

/** Members that one page of their list holds. */
const PAGE_MEMBERS = 100;

export type Panel = "info" | "search";

interface Props {
  readonly conversationId: string;
  /** The message to show, by its seq. */
  readonly at: number | null;
  readonly panel: Panel | null;
}

export function Conversation({ conversationId, at, panel }: Props): ReactNode {
  const conversation = useConversation(conversationId);
  const { isLoaded } = useConversations();
  if (conversation) return <OpenConversation conversation={conversation} at={at} panel={panel} />;
  return (
    <main className="pane centred">
      {isLoaded ? (
        <>
          <h1>{t.notFound}</h1>
          <p className="muted">{t.notFoundHint}</p>
          <Link href="/" className="button">
            {t.toConversations}
          </Link>
        </>
      ) : (
        <Spinner label={t.loading} />
      )}
    </main>
  );
}

function OpenConversation({ conversation, at, panel }: Omit<Props, "conversationId"> & { conversation: ConversationView }): ReactNode {
  const { conversationId, kind } = conversation;
  const isOnePage = conversation.memberCount <= PAGE_MEMBERS;
  const client = useParley();
  const members = useMembers(conversationId);
  const { typing, setTyping } = useTyping(conversationId);
  const [, navigate] = useLocation();
  const [replyTo, setReplyTo] = useState<ChatMessage | null>(null);
  const [editing, setEditing] = useState<ChatMessage | null>(null);
  const list = useRef<MessageListHandle>(null);
  const input = useRef<HTMLTextAreaElement>(null);
  const uploads = useUploads(client);
  const [dragged, setDragged] = useState(false);
  const base = `/c/${conversationId}`;

  useEffect(() => {
    // A phone's keyboard would cover what was just opened.
    if (matchMedia("(hover: hover)").matches) input.current?.focus();
  }, []);
  useEffect(() => {
    // Nobody is told that somebody else has a new name or photo: whoever opens a conversation asks. Many pages are not worth it.
    if (isOnePage) client.loadMembers(conversationId).catch(() => undefined);
  }, [client, conversationId, isOnePage]);
  const reply = useCallback((message: ChatMessage) => {
    setEditing(null);
    setReplyTo(message);
    input.current?.focus();
  }, []);
  const edit = useCallback((message: ChatMessage) => {
    setReplyTo(null);
    setEditing(message);
    input.current?.focus();
  }, []);
  const jump = useCallback((seq: number) => list.current?.jumpTo(seq), []);
  const closePanel = useCallback(() => { navigate(base); }, [base, navigate]);

  function onDrop(event: DragEvent): void {
    event.preventDefault();
    setDragged(false);
    uploads.add([...event.dataTransfer.files]);
    input.current?.focus();
  }

  return (
    <>
      <main
        className={`pane chat ${panel ? "has-panel" : ""}`}
        onDragOver={(event) => {
          if (!event.dataTransfer.types.includes("Files")) return;
          event.preventDefault();
          setDragged(true);
        }}
        onDragLeave={(event) => !event.currentTarget.contains(event.relatedTarget as Node | null) && setDragged(false)}
        onDrop={onDrop}
      >
        <header className="chat-head">
          <IconButton label={t.back} className="back" onClick={() => { navigate("/"); }}>
            <ArrowLeft />
          </IconButton>
          <Link href={panel === "info" ? base : `${base}/info`} className="chat-title" title={t.infoOf(conversation.title)}>
            <Title conversation={conversation} />
          </Link>
          <IconButton label={conversation.muted ? t.unmute : t.mute} onClick={() => void attempt(() => client.setMuted(conversationId, !conversation.muted))}>
            {conversation.muted ? <BellOff /> : <Bell />}
          </IconButton>
          <IconButton label={t.searchHere} aria-pressed={panel === "search"} onClick={() => { navigate(panel === "search" ? base : `${base}/search`); }}>
            <Search />
          </IconButton>
          <IconButton label={t.info} className="only-wide" aria-pressed={panel === "info"} onClick={() => { navigate(panel === "info" ? base : `${base}/info`); }}>
            <Info />
          </IconButton>
        </header>
        <MessageList ref={list} conversation={conversation} at={at} onReply={reply} onEdit={edit} />
        <TypingLine typing={typing} members={members} isGroup={kind === "group"} />
        <Composer
          conversation={conversation}
          members={members}
          input={input}
          uploads={uploads}
          replyTo={replyTo}
          editing={editing}
          onDone={() => {
            setReplyTo(null);
            setEditing(null);
          }}
          onTyping={setTyping}
          onEditLast={() => {
            const last = list.current?.lastOwn();
            if (last) edit(last);
          }}
        />
        {dragged ? <div className="drop-here">{t.dropHere}</div> : null}
      </main>
      {panel ? (
        <aside className="panel" aria-label={panel === "info" ? t.info : t.searchHere}>
          <Suspense fallback={<Spinner label={t.loading} />}>
            {panel === "info" ? (
              <InfoPanel conversation={conversation} members={members} onClose={closePanel} />
            ) : (
              <SearchPanel conversationId={conversationId} onClose={closePanel} onJump={jump} />
            )}
          </Suspense>
        </aside>
      ) : null}
    </>
  );
}

function Title({ conversation }: { conversation: ConversationView }): ReactNode {
  const { peer, kind, title, conversationId, memberCount } = conversation;
  const presence = usePresence(peer?.userId ?? null);
  const note =
    kind === "group" ? t.members(memberCount) : presence?.online ? t.online : presence?.lastSeenAt ? t.lastSeen(lastSeen(presence.lastSeenAt)) : peer ? `@${peer.username}` : "";
  return (
    <>
      <Avatar id={peer?.userId ?? conversationId} name={title} url={peer ? peer.avatarUrl : conversation.photoUrl} isGroup={kind === "group"} online={presence?.online} />
      <span className="chat-names">
        <h1>{title}</h1>
        <span className="muted">{note}</span>
      </span>
    </>
  );
}
