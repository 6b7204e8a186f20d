import { useParley } from "@parley/react";
import { Search, X } from "lucide-react";
import { useEffect, useRef, type ReactNode } from "react";
import { IconButton } from "../parts/IconButton";
import { Spinner } from "../parts/Spinner";
import { useKept } from "../state/kept";
import { usePages } from "../state/pages";
import { t } from "../strings";
import { FoundMessage } from "./FoundMessage";

export function SearchPanel({ conversationId, onClose, onJump }: { conversationId: string; onClose: () => void; onJump: (seq: number) => void }): ReactNode {
  const client = useParley();
  const [query, setQuery] = useKept(`find.${conversationId}`);
  const field = useRef<HTMLInputElement>(null);
  const wanted = query.trim();
  const found = usePages(wanted || null, (text, cursor) => client.search(text, cursor ? { conversationId, cursor } : { conversationId }));
  useEffect(() => field.current?.focus(), []);
  return (
    <div className="panel-body" onKeyDown={(event) => event.key === "Escape" && onClose()}>
      <header className="panel-head">
        <h2>{t.searchHere}</h2>
        <IconButton label={t.close} onClick={onClose}>
          <X />
        </IconButton>
      </header>
      <div className="find input">
        <Search aria-hidden="true" />
        <input ref={field} type="search" value={query} placeholder={t.words} aria-label={t.words} maxLength={200} onChange={(event) => { setQuery(event.target.value); }} />
      </div>
      <p className="visually-hidden" role="status">
        {wanted && !found.isLoading ? t.foundCount(found.items.length) : ""}
      </p>
      <ul className="people scrolls">
        {found.items.map((message) => (
          <FoundMessage key={message.messageId} message={message} query={wanted} onOpen={() => { onJump(message.seq); }} />
        ))}
        {found.hasMore ? (
          <li>
            <button type="button" className="link more" onClick={found.more}>
              {t.showMore}
            </button>
          </li>
        ) : null}
      </ul>
      {found.isLoading ? (
        <Spinner label={t.searching} />
      ) : found.error ? (
        <p className="empty" role="alert">
          {found.error}
        </p>
      ) : wanted && found.items.length === 0 ? (
        <p className="empty">{t.nothingFound(wanted)}</p>
      ) : null}
    </div>
  );
}
