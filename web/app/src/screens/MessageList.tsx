import type { ChatMessage, ConversationView } from "@parley/client";
import { useMessages, useParley } from "@parley/react";
import { ChevronDown } from "lucide-react";
import { lazy, Suspense, useCallback, useEffect, useImperativeHandle, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent, type ReactNode, type Ref } from "react";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import { Spinner } from "../parts/Spinner";
import { dayKey } from "../state/format";
import { keepPlaceOf, openingOf, type Place, type Target } from "../state/places";
import { preview } from "../state/messages";
import { t } from "../strings";
import { MessageRow, type RowActions } from "./MessageRow";

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

/** Pixels from an end at which the next page is asked for, and within which the end counts as reached. */
const AHEAD_PX = 800;
const NEAR_PX = 48;
const JUMP_MARGIN_PX = 200;
const HIGHLIGHT_MS = 2400;
/** Frames without a change after which a place counts as reached, and after which it is given up. */
const SETTLED_FRAMES = 3;
const MOST_FRAMES = 60;
const GROUPED_MS = 5 * 60_000;

/** The messages: a window that grows at both ends, of which only what is seen is in the page. */
export function MessageList({ ref, conversation, at, onReply, onEdit }: Props): ReactNode {
  const { conversationId } = conversation;
  const client = useParley();
  // Where it opens is decided once: later receipts must not move it.
  const [opening] = useState(() => openingOf(conversation, at));
  const { items, isLoaded, hasOlder, hasNewer, isLoadingOlder, isLoadingNewer, error, loadOlder, loadNewer, jumpTo } = useMessages(conversationId, opening.place);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useRef<VirtualizerHandle>(null);
  const target = useRef<Target | null>(opening.target);
  const settling = useRef(false);
  const atEnd = useRef(opening.target === null);
  const [isAway, setAway] = useState(false);
  const [highlighted, setHighlighted] = useState<string | null>(null);
  const [current, setCurrent] = useState<string | null>(null);
  const [menu, setMenu] = useState<MenuState | null>(null);
  const shift = useGrowsAtStart(items);
  const state = useRef({ items, hasOlder, hasNewer });
  state.current = { items, hasOlder, hasNewer };

  const toEnd = useCallback(() => {
    const { items } = state.current;
    if (items.length > 0) virtual.current?.scrollToIndex(items.length - 1, { align: "end" });
  }, []);

  const markRead = useCallback(() => {
    const { items } = state.current;
    const list = virtual.current;
    if (!list || items.length === 0 || document.visibilityState !== "visible" || !document.hasFocus()) return;
    const last = items[Math.min(list.findItemIndex(list.scrollOffset + list.viewportSize - 8), items.length - 1)];
    const seq = last?.seq ?? lastSeq(items);
    const known = client.store.getConversation(conversationId)?.lastReadSeq ?? 0;
    if (seq !== null && seq > known) client.markRead(conversationId, seq);
  }, [client, conversationId]);

  const keepPlace = useCallback(() => {
    const { items, hasNewer } = state.current;
    const list = virtual.current;
    if (!list || target.current) return;
    const top = list.findItemIndex(list.scrollOffset);
    const seq = items[top]?.seq;
    const place: Place | null = atEnd.current && !hasNewer ? null : seq ? { seq, offset: Math.round(list.scrollOffset - list.getItemOffset(top)) } : null;
    keepPlaceOf(conversationId, place);
  }, [conversationId]);

  const fill = useCallback(() => {
    const list = virtual.current;
    if (!list || target.current) return;
    const { hasOlder, hasNewer } = state.current;
    if (hasOlder && list.scrollOffset < AHEAD_PX) void loadOlder();
    if (hasNewer && list.scrollOffset > list.scrollSize - list.viewportSize - AHEAD_PX) void loadNewer();
  }, [loadNewer, loadOlder]);

  const onScroll = useCallback(() => {
    const list = virtual.current;
    if (!list) return;
    const rest = list.scrollSize - list.viewportSize - list.scrollOffset;
    atEnd.current = rest < NEAR_PX;
    setAway(rest > list.viewportSize / 2 || (state.current.hasNewer && !atEnd.current));
    fill();
  }, [fill]);

  /** Whoever scrolls by hand is not pulled back. */
  const letGo = useCallback(() => {
    if (settling.current) target.current = null;
  }, []);

  const onScrollEnd = useCallback(() => {
    keepPlace();
    markRead();
  }, [keepPlace, markRead]);

  const show = useCallback(
    (seq: number) => {
      const there = state.current.items.some((item) => item.seq === seq);
      target.current = { seq, align: "center", highlight: true };
      atEnd.current = false;
      // A reload on the way arrives there as well.
      keepPlaceOf(conversationId, { seq, offset: -JUMP_MARGIN_PX });
      if (there) settle();
      else void jumpTo(seq);
    },
    [conversationId, jumpTo],
  );

  /** Goes where it was asked to, as soon as that message is there: again until what is above it has been measured. */
  function settle(): void {
    const wanted = target.current;
    if (!wanted || settling.current || indexAt(state.current.items, wanted.seq) === null) return;
    settling.current = true;
    let [tries, still, last] = [0, 0, Number.NaN];
    const step = () => {
      const list = virtual.current;
      const index = indexAt(state.current.items, wanted.seq);
      if (target.current !== wanted || !list || index === null) {
        settling.current = false;
        if (target.current) settle();
        return;
      }
      list.scrollToIndex(index, { align: wanted.align, offset: wanted.offset ?? 0 });
      still = list.getItemOffset(index) - list.scrollOffset === last ? still + 1 : 0;
      last = list.getItemOffset(index) - list.scrollOffset;
      if (still < SETTLED_FRAMES && ++tries < MOST_FRAMES) requestAnimationFrame(step);
      else arrive(wanted, state.current.items[index]?.key ?? null);
    };
    step();
  }

  function arrive(wanted: Target, key: string | null): void {
    settling.current = false;
    target.current = null;
    if (wanted.highlight) {
      setHighlighted(key);
      setTimeout(() => { setHighlighted(null); }, HIGHLIGHT_MS);
    }
    onScroll();
    keepPlace();
    markRead();
  }

  const lastKey = items.at(-1)?.key;
  const lastIsNewOwn = items.at(-1)?.seq === null;
  useLayoutEffect(() => {
    if (!isLoaded) return;
    if (target.current) settle();
    else if (!hasNewer && (atEnd.current || lastIsNewOwn)) toEnd();
  }, [items, isLoaded, lastKey]);
  useEffect(() => {
    if (!isLoaded) return;
    fill();
    markRead();
  }, [items, isLoaded, fill, markRead]);
  useEffect(() => {
    const seen = () => { markRead(); };
    window.addEventListener("focus", seen);
    document.addEventListener("visibilitychange", seen);
    window.addEventListener("pagehide", keepPlace);
    return () => {
      window.removeEventListener("focus", seen);
      document.removeEventListener("visibilitychange", seen);
      window.removeEventListener("pagehide", keepPlace);
    };
  }, [keepPlace, markRead]);
  const shownAt = useRef(at);
  useEffect(() => {
    if (at !== null && at !== shownAt.current) show(at);
    shownAt.current = at;
  }, [at, show]);

  useImperativeHandle(
    ref,
    () => ({
      jumpTo: show,
      lastOwn: () => state.current.items.findLast((item) => item.isOwn && item.messageId && !item.deletedAt),
    }),
    [show],
  );

  const toLatest = useCallback(() => {
    target.current = null;
    atEnd.current = true;
    if (state.current.hasNewer) void jumpTo("latest");
    else toEnd();
  }, [jumpTo, toEnd]);

  const actions = useMemo<RowActions>(
    () => ({
      reply: onReply,
      jump: show,
      menu: (message, anchor, point, react) => setMenu({ message, anchor, point, react }),
      focus: (message) => setCurrent(message.key),
    }),
    [onReply, show],
  );

  function onKeyDown(event: KeyboardEvent): void {
    if (event.key === "End" && event.target === scroller.current) toLatest();
    const index = items.findIndex((item) => item.key === current);
    const message = items[index];
    const row = event.target instanceof HTMLElement && event.target.matches("[data-message]") ? event.target : null;
    if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      if (!row && event.target !== scroller.current) return;
      event.preventDefault();
      focusRow(row ? index + (event.key === "ArrowUp" ? -1 : 1) : items.length - 1);
    } else if (row && message && (event.key === "Enter" || event.key === "ContextMenu")) {
      event.preventDefault();
      setMenu({ message, anchor: row, point: null, react: false });
    } else if (row && message && event.key === "r" && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      onReply(message);
    }
  }

  function focusRow(index: number): void {
    const message = items[Math.min(Math.max(index, 0), items.length - 1)];
    if (!message) return;
    setCurrent(message.key);
    virtual.current?.scrollToIndex(items.indexOf(message), { align: "nearest" });
    requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-message="${CSS.escape(message.key)}"]`)?.focus());
  }

  const focusable = current ?? lastKey;
  const isGroup = conversation.kind === "group";
  return (
    <div className="messages-frame">
      {isLoadingOlder ? <div className="load-edge top"><Spinner label={t.loadingOlder} /></div> : null}
      <div className="messages" ref={scroller} tabIndex={0} role="region" aria-label={t.messagesOf(conversation.title)} aria-busy={!isLoaded} onKeyDown={onKeyDown} onWheel={letGo} onTouchMove={letGo}>
        {!isLoaded ? (
          <div className="centred">{error ? <LoadFailed onRetry={() => void jumpTo(opening.place)} /> : <Spinner label={t.loading} />}</div>
        ) : items.length === 0 ? (
          <div className="empty centred">
            <p>{t.noMessages}</p>
          </div>
        ) : (
          <>
            <div className="messages-push" />
            <Virtualizer ref={virtual} shift={shift} data={items} as="ol" item="li" bufferSize={400} onScroll={onScroll} onScrollEnd={onScrollEnd} onResize={() => atEnd.current && !hasNewer && !target.current && toEnd()}>
              {(message: ChatMessage, index: number) => {
                const before = items[index - 1];
                return (
                  <MessageRow
                    key={message.key}
                    message={message}
                    startsDay={!before || dayKey(before.createdAt) !== dayKey(message.createdAt)}
                    isBeginning={index === 0 && !hasOlder}
                    isFirstUnread={message.seq !== null && message.seq === opening.unreadFrom && !message.isOwn}
                    continues={before ? continuesGroup(before, message) : false}
                    isGroup={isGroup}
                    isHighlighted={message.key === highlighted}
                    isFocusable={message.key === focusable}
                    actions={actions}
                  />
                );
              }}
            </Virtualizer>
          </>
        )}
      </div>
      {isLoaded && error ? <LoadFailed onRetry={() => (hasNewer ? void loadNewer() : void loadOlder())} /> : null}
      {isLoadingNewer ? <div className="load-edge bottom"><Spinner label={t.loadingNewer} /></div> : null}
      {isAway ? (
        <button type="button" className="to-latest" aria-label={t.toLatest} title={t.toLatest} onClick={toLatest}>
          <ChevronDown aria-hidden="true" />
          {conversation.unreadCount > 0 ? <span className="badge">{conversation.unreadCount}</span> : null}
        </button>
      ) : null}
      <Announcer conversationId={conversationId} />
      {menu ? (
        <Suspense fallback={null}>
          <MessageMenu {...menu} conversation={conversation} onReply={onReply} onEdit={onEdit} onClose={() => { setMenu(null); }} />
        </Suspense>
      ) : null}
    </div>
  );
}

export interface MenuState {
  readonly message: ChatMessage;
  readonly anchor: HTMLElement;
  readonly point: { readonly x: number; readonly y: number } | null;
  /** Opens the picker of emoji at once. */
  readonly react: boolean;
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

/** Reads new messages out, and only those: scrolling through old ones is nobody's news. */
function Announcer({ conversationId }: { conversationId: string }): ReactNode {
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

/** The place of a seq, or of the next one that is there; null while the messages do not reach that far. */
function indexAt(items: readonly ChatMessage[], seq: number): number | null {
  const index = items.findIndex((item) => item.seq === null || item.seq >= seq);
  return index < 0 ? null : index;
}

function lastSeq(items: readonly ChatMessage[]): number | null {
  return items.findLast((item) => item.seq !== null)?.seq ?? null;
}

function continuesGroup(before: ChatMessage, message: ChatMessage): boolean {
  return (
    before.senderId === message.senderId &&
    !before.deletedAt === !message.deletedAt &&
    Date.parse(message.createdAt) - Date.parse(before.createdAt) < GROUPED_MS &&
    dayKey(before.createdAt) === dayKey(message.createdAt)
  );
}

/** Whether this change of the items added some before those that were there: then the place is kept from the end. */
function useGrowsAtStart(items: readonly ChatMessage[]): boolean {
  const known = useRef<{ items: readonly ChatMessage[]; shift: boolean }>({ items: [], shift: false });
  if (known.current.items !== items) {
    const first = known.current.items[0]?.key;
    const shift = first !== undefined && items.length > 0 && items[0]?.key !== first && items.some((item) => item.key === first);
    known.current = { items, shift };
  }
  return known.current.shift;
}
