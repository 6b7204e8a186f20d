import type { ChatMessage, ConversationView } from "@parley/client";
import { useMessages, useParley, type Messages } from "@parley/react";
import { ChevronDown } from "lucide-react";
import { lazy, Suspense, useCallback, useEffect, useImperativeHandle, useLayoutEffect, useMemo, useRef, useState, type ReactNode, type Ref } from "react";
import { Virtualizer } from "virtua";
import { Spinner } from "../parts/Spinner";
import { openingOf, type Opening } from "../state/places";
import { continuesRun, growsAtStart, startsDay } from "../state/runs";
import { Scroller } from "../state/scroller";
import { t } from "../strings";
import { Announcer } from "./Announcer";
import { MessageRow, type MenuState, type RowActions } from "./MessageRow";
import { useMessageKeys } from "./useMessageKeys";

const MessageMenu = lazy(() => import("./MessageMenu").then((module) => ({ default: module.MessageMenu })));

export interface MessageListHandle {
  jumpTo(seq: number): void;
  lastOwn(): ChatMessage | undefined;
}

interface Props {
  readonly ref: Ref<MessageListHandle>;
  readonly conversation: ConversationView;
  readonly at: number | null;
  readonly onReply: (message: ChatMessage) => void;
  readonly onEdit: (message: ChatMessage) => void;
}

/** The messages: a window that grows at both ends, of which only what is seen is in the page. */
export function MessageList({ ref, conversation, at, onReply, onEdit }: Props): ReactNode {
  const { conversationId } = conversation;
  // Where it opens is decided once: later receipts must not move it.
  const [opening] = useState(() => openingOf(conversation, at));
  const messages = useMessages(conversationId, opening.place);
  const { scroller, isAway, highlighted } = useScroller(conversationId, opening, messages, at);
  const { items, isLoaded, hasOlder, hasNewer, isLoadingOlder, isLoadingNewer, error } = messages;
  const frame = useRef<HTMLDivElement>(null);
  const [menu, setMenu] = useState<MenuState | null>(null);
  const { current, setCurrent, onKeyDown } = useMessageKeys(scroller, frame, { onReply, onMenu: setMenu });
  const actions = useMemo<RowActions>(
    () => ({ reply: onReply, jump: (seq) => { scroller.show(seq); }, menu: setMenu, focus: (message) => { setCurrent(message.key); } }),
    [onReply, scroller, setCurrent],
  );
  useImperativeHandle(
    ref,
    () => ({
      jumpTo: (seq) => { scroller.show(seq); },
      lastOwn: () => scroller.messages.items.findLast((item) => item.isOwn && item.messageId && !item.isDeleted),
    }),
    [scroller],
  );
  const letGo = useCallback(() => { scroller.letGo(); }, [scroller]);
  const retry = () => void (!isLoaded ? messages.jumpTo(opening.place) : hasNewer ? messages.loadNewer() : messages.loadOlder());

  return (
    <div className="messages-frame">
      {isLoadingOlder && isLoaded ? <Edge side="top" label={t.loadingOlder} /> : null}
      <div className="messages" ref={frame} tabIndex={0} role="region" aria-label={t.messagesOf(conversation.title)} aria-busy={!isLoaded} onKeyDown={onKeyDown} onWheel={letGo} onTouchMove={letGo}>
        {!isLoaded ? (
          <div className="centred">{error ? <LoadFailed onRetry={retry} /> : <Spinner label={t.loading} />}</div>
        ) : items.length === 0 ? (
          <div className="empty centred">
            <p>{t.noMessages}</p>
          </div>
        ) : (
          <Rows scroller={scroller} items={items} hasOlder={hasOlder} unreadFrom={opening.unreadFrom} isGroup={conversation.kind === "group"} highlighted={highlighted} focusable={current ?? items.at(-1)?.key} actions={actions} />
        )}
      </div>
      {isLoaded && error ? <LoadFailed onRetry={retry} /> : null}
      {isLoadingNewer && isLoaded ? <Edge side="bottom" label={t.loadingNewer} /> : null}
      {isAway ? <ToLatest unread={conversation.unreadCount} onClick={() => { scroller.toLatest(); }} /> : null}
      <Announcer conversationId={conversationId} />
      {menu ? (
        <Suspense fallback={null}>
          <MessageMenu {...menu} message={items.find((item) => item.key === menu.message.key) ?? menu.message} conversation={conversation} onReply={onReply} onEdit={onEdit} onClose={() => { setMenu(null); }} />
        </Suspense>
      ) : null}
    </div>
  );
}

/** The scroller of a list, told of what happens to the list and to the page. */
function useScroller(conversationId: string, opening: Opening, messages: Messages, at: number | null): { scroller: Scroller; isAway: boolean; highlighted: string | null } {
  const client = useParley();
  const [isAway, setAway] = useState(false);
  const [highlighted, setHighlighted] = useState<string | null>(null);
  const [scroller] = useState(() => new Scroller(client, conversationId, opening, messages, { away: setAway, highlight: setHighlighted }));
  scroller.messages = messages;
  const { items, isLoaded } = messages;
  useLayoutEffect(() => { scroller.follow(); }, [scroller, items, isLoaded]);
  useEffect(() => {
    if (!isLoaded) return;
    scroller.fill();
    scroller.markRead();
  }, [scroller, items, isLoaded]);
  useEffect(() => {
    const seen = () => { scroller.markRead(); };
    const left = () => { scroller.keepPlace(); };
    window.addEventListener("focus", seen);
    document.addEventListener("visibilitychange", seen);
    window.addEventListener("pagehide", left);
    return () => {
      window.removeEventListener("focus", seen);
      document.removeEventListener("visibilitychange", seen);
      window.removeEventListener("pagehide", left);
    };
  }, [scroller]);
  const shownAt = useRef(at);
  useEffect(() => {
    if (at !== null && at !== shownAt.current) scroller.show(at);
    shownAt.current = at;
  }, [at, scroller]);
  return { scroller, isAway, highlighted };
}

interface RowsProps {
  readonly scroller: Scroller;
  readonly items: readonly ChatMessage[];
  readonly hasOlder: boolean;
  readonly unreadFrom: number;
  readonly isGroup: boolean;
  readonly highlighted: string | null;
  readonly focusable: string | undefined;
  readonly actions: RowActions;
}

function Rows({ scroller, items, hasOlder, unreadFrom, isGroup, highlighted, focusable, actions }: RowsProps): ReactNode {
  const known = useRef({ items, shift: false });
  if (known.current.items !== items) known.current = { items, shift: growsAtStart(known.current.items, items) };
  return (
    <>
      <div className="messages-push" />
      <Virtualizer ref={scroller.list} shift={known.current.shift} data={items} as="ol" item="li" bufferSize={400} onScroll={() => { scroller.onScroll(); }} onScrollEnd={() => { scroller.onScrollEnd(); }} onResize={() => { scroller.onResize(); }}>
        {(message: ChatMessage, index: number) => {
          const before = items[index - 1];
          return (
            <MessageRow
              key={message.key}
              message={message}
              startsDay={startsDay(before, message)}
              isBeginning={index === 0 && !hasOlder}
              isFirstUnread={message.seq !== null && message.seq === unreadFrom && !message.isOwn}
              continues={continuesRun(before, message)}
              isGroup={isGroup}
              isHighlighted={message.key === highlighted}
              isFocusable={message.key === focusable}
              actions={actions}
            />
          );
        }}
      </Virtualizer>
    </>
  );
}

function Edge({ side, label }: { side: "top" | "bottom"; label: string }): ReactNode {
  return (
    <div className={`load-edge ${side}`}>
      <Spinner label={label} />
    </div>
  );
}

function ToLatest({ unread, onClick }: { unread: number; onClick: () => void }): ReactNode {
  return (
    <button type="button" className="to-latest" aria-label={t.toLatest} title={t.toLatest} onClick={onClick}>
      <ChevronDown aria-hidden="true" />
      {unread > 0 ? <span className="badge">{unread}</span> : null}
    </button>
  );
}

function LoadFailed({ onRetry }: { onRetry: () => void }): ReactNode {
  return (
    <div className="load-failed" role="alert">
      {t.loadFailed}{" "}
      <button type="button" className="link" onClick={onRetry}>
        {t.retry}
      </button>
    </div>
  );
}
