import { useAuth, useConversations, useParley } from "@parley/react";
import { MessageSquarePlus, Search, X } from "lucide-react";
import { lazy, Suspense, useRef, type KeyboardEvent, type ReactNode } from "react";
import { useLocation } from "wouter";
import { Avatar } from "../parts/Avatar";
import { IconButton } from "../parts/IconButton";
import { MenuButton } from "../parts/MenuButton";
import { Spinner } from "../parts/Spinner";
import { forgetKept, useKept } from "../state/kept";
import { attempt } from "../state/toasts";
import { t } from "../strings";
import { ConversationItem } from "./ConversationItem";

const Results = lazy(() => import("./Results").then((module) => ({ default: module.Results })));

/** All conversations, newest activity first; or what is found while something stands in the search field. */
export function Sidebar({ open }: { open: string | null }): ReactNode {
  const { conversations, isLoaded } = useConversations();
  const [query, setQuery] = useKept("find");
  const [, navigate] = useLocation();
  const field = useRef<HTMLInputElement>(null);
  const nav = useRef<HTMLElement>(null);
  const finds = query.trim().length > 0;

  /** Arrow keys go through what is listed, from the search field on. */
  function onKeyDown(event: KeyboardEvent): void {
    if (event.key === "Escape" && query) {
      setQuery("");
      field.current?.focus();
      return;
    }
    if ((event.key !== "ArrowDown" && event.key !== "ArrowUp") || event.altKey) return;
    const links = [...(nav.current?.querySelectorAll<HTMLElement>("[data-item]") ?? [])];
    const here = links.indexOf(document.activeElement as HTMLElement);
    const next = here + (event.key === "ArrowDown" ? 1 : -1);
    event.preventDefault();
    if (next < 0) field.current?.focus();
    else links[Math.min(next, links.length - 1)]?.focus();
  }

  return (
    <nav className="sidebar" aria-label={t.conversations} ref={nav} onKeyDown={onKeyDown}>
      <header className="sidebar-head">
        <Own />
        <h1>{t.chats}</h1>
        <IconButton label={t.newChat} onClick={() => { navigate("/new"); }}>
          <MessageSquarePlus />
        </IconButton>
      </header>
      <div className="find input">
        <Search aria-hidden="true" />
        <input id="find" ref={field} type="search" value={query} placeholder={t.find} aria-label={t.find} maxLength={200} autoComplete="off" onChange={(event) => { setQuery(event.target.value); }} />
        {query ? (
          <IconButton label={t.clear} onClick={() => { setQuery(""); }}>
            <X />
          </IconButton>
        ) : null}
      </div>
      {finds ? (
        <Suspense fallback={<Spinner label={t.loading} />}>
          <Results query={query.trim()} conversations={conversations} />
        </Suspense>
      ) : !isLoaded ? (
        <Skeleton />
      ) : conversations.length === 0 ? (
        <div className="empty">
          <p>{t.noConversations}</p>
          <button type="button" className="button primary" onClick={() => { navigate("/new"); }}>
            {t.startOne}
          </button>
        </div>
      ) : (
        <ul className="conversations">
          {conversations.map((conversation) => (
            <ConversationItem key={conversation.conversationId} conversation={conversation} isOpen={conversation.conversationId === open} />
          ))}
        </ul>
      )}
    </nav>
  );
}

function Own(): ReactNode {
  const client = useParley();
  const { user } = useAuth();
  const [, navigate] = useLocation();
  if (!user) return null;
  return (
    <MenuButton
      label={t.yourMenu}
      className="own"
      items={[
        { label: t.settings.profile, onSelect: () => { navigate("/settings/profile"); } },
        { label: t.settings.appearance, onSelect: () => { navigate("/settings/appearance"); } },
        { label: t.settings.sessions, onSelect: () => { navigate("/settings/sessions"); } },
        { label: t.settings.privacy, onSelect: () => { navigate("/settings/privacy"); } },
        {
          label: t.signOut,
          onSelect: () =>
            void attempt(async () => {
              await client.logout();
              forgetKept();
              navigate("/sign-in", { replace: true });
            }),
        },
      ]}
    >
      <Avatar id={user.userId} name={user.displayName} url={user.avatarUrl} size="small" />
    </MenuButton>
  );
}

function Skeleton(): ReactNode {
  return (
    <div className="skeletons" role="status">
      <span className="visually-hidden">{t.loading}</span>
      {Array.from({ length: 8 }, (_, index) => (
        <div key={index} className="skeleton" />
      ))}
    </div>
  );
}
