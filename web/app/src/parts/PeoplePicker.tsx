import type { User } from "@parley/client";
import { useAuth, useParley } from "@parley/react";
import { Check, X } from "lucide-react";
import { useState, type ReactNode } from "react";
import { usePages } from "../state/pages";
import { t } from "../strings";
import { Avatar } from "./Avatar";
import { Spinner } from "./Spinner";

interface Props {
  readonly chosen: readonly User[];
  readonly onChange: (chosen: readonly User[]) => void;
  /** Who cannot be chosen: members already. */
  readonly without?: ReadonlySet<string>;
}

/** Finds people by name, suggests those one talks with, and gathers whom one chooses. */
export function PeoplePicker({ chosen, onChange, without }: Props): ReactNode {
  const client = useParley();
  const { user } = useAuth();
  const [query, setQuery] = useState("");
  const wanted = query.trim().replace(/^@/, "");
  const found = usePages(wanted.length >= 2 ? wanted : null, (text, cursor) => client.searchUsers(text, cursor));
  const peers = client.store.getConversations().flatMap(({ peer }) => (peer ? [peer] : []));
  const shown = (wanted.length >= 2 ? found.items : peers.slice(0, 20)).filter(({ userId }) => userId !== user?.userId && !without?.has(userId));

  function toggle(person: User): void {
    const isChosen = chosen.some((each) => each.userId === person.userId);
    onChange(isChosen ? chosen.filter((each) => each.userId !== person.userId) : [...chosen, person]);
  }

  return (
    <div className="picker">
      {chosen.length > 0 ? (
        <ul className="chips" aria-label={t.chosen}>
          {chosen.map((person) => (
            <li key={person.userId}>
              <button type="button" className="chip" aria-label={t.removePerson(person.displayName)} onClick={() => { toggle(person); }}>
                {person.displayName} <X aria-hidden="true" />
              </button>
            </li>
          ))}
        </ul>
      ) : null}
      <div className="input">
        <input type="search" value={query} placeholder={t.findPeople} aria-label={t.findPeople} autoComplete="off" autoCapitalize="none" autoFocus onChange={(event) => { setQuery(event.target.value); }} />
      </div>
      <ul className="people scrolls" aria-label={t.people}>
        {shown.map((person) => {
          const isChosen = chosen.some((each) => each.userId === person.userId);
          return (
            <li key={person.userId}>
              <button type="button" className="person" aria-pressed={isChosen} onClick={() => { toggle(person); }}>
                <Avatar id={person.userId} name={person.displayName} url={person.avatarUrl} />
                <span className="person-text">
                  <b>{person.displayName}</b>
                  <span className="muted">@{person.username}</span>
                </span>
                {isChosen ? <Check aria-hidden="true" /> : null}
              </button>
            </li>
          );
        })}
      </ul>
      {found.isLoading ? (
        <Spinner label={t.searching} />
      ) : found.error ? (
        <p className="empty" role="alert">
          {found.error}
        </p>
      ) : shown.length === 0 ? (
        <p className="empty">{wanted.length >= 2 ? t.nobodyFound(wanted) : t.findPeopleHint}</p>
      ) : null}
    </div>
  );
}
