import { useEffect, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import rows from "virtual:emoji";
import { read, write } from "../state/kept";
import { t } from "../strings";

const COLUMNS = 8;
const RECENT = 16;
const FOUND = 80;

interface Section {
  readonly name: string;
  readonly emoji: readonly (readonly [emoji: string, label: string])[];
}

/** All emoji by group, found by name, and reached by the arrow keys. */
export function EmojiPicker({ onPick }: { onPick: (emoji: string) => void }): ReactNode {
  const [query, setQuery] = useState("");
  const [recent] = useState(recentEmoji);
  const grid = useRef<HTMLDivElement>(null);
  const sections = useMemo(() => sectionsOf(query.trim().toLowerCase(), recent), [query, recent]);

  useEffect(() => {
    if (grid.current) grid.current.scrollTop = 0;
  }, [query]);

  function pick(emoji: string): void {
    write("local", "emoji", JSON.stringify([emoji, ...recent.filter((each) => each !== emoji)].slice(0, RECENT)));
    onPick(emoji);
  }

  function onKeyDown(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS }[event.key];
    const isField = event.target instanceof HTMLInputElement;
    if (isField && event.key === "Enter") {
      const first = sections[0]?.emoji[0];
      if (first) pick(first[0]);
      event.preventDefault();
      return;
    }
    if (step === undefined || (isField && event.key !== "ArrowDown")) return;
    const buttons = [...(grid.current?.querySelectorAll<HTMLButtonElement>("button") ?? [])];
    const here = buttons.indexOf(document.activeElement as HTMLButtonElement);
    event.preventDefault();
    if (!isField && here + step < 0) event.currentTarget.querySelector("input")?.focus();
    else buttons[isField ? 0 : Math.min(here + step, buttons.length - 1)]?.focus();
  }

  return (
    <div className="emoji-picker" onKeyDown={onKeyDown}>
      <div className="input">
        <input type="search" value={query} placeholder={t.findEmoji} aria-label={t.findEmoji} onChange={(event) => { setQuery(event.target.value); }} />
      </div>
      <div className="emoji-grid" ref={grid}>
        {sections.map((section) => (
          <section key={section.name} aria-label={section.name}>
            <h3>{section.name}</h3>
            <div>
              {section.emoji.map(([emoji, label]) => (
                <button key={emoji} type="button" tabIndex={-1} aria-label={label} title={label} onClick={() => { pick(emoji); }}>
                  {emoji}
                </button>
              ))}
            </div>
          </section>
        ))}
        {sections.length === 0 ? <p className="muted">{t.noEmoji}</p> : null}
      </div>
    </div>
  );
}

/** What was picked last, or else what most people pick. */
export function recentEmoji(): readonly string[] {
  try {
    const kept = JSON.parse(read("local", "emoji") ?? "[]") as unknown;
    const list = Array.isArray(kept) ? kept.filter((each): each is string => typeof each === "string") : [];
    return list.length > 0 ? list : t.usualEmoji;
  } catch {
    return t.usualEmoji;
  }
}

function sectionsOf(query: string, recent: readonly string[]): readonly Section[] {
  if (query) {
    const found = rows.filter(([, , label, tags]) => label.toLowerCase().includes(query) || tags.includes(query));
    const emoji = found.slice(0, FOUND).map(([each, , label]) => [each, label] as const);
    return emoji.length > 0 ? [{ name: t.found, emoji }] : [];
  }
  const labels = new Map(rows.map(([emoji, , label]) => [emoji, label]));
  const groups = t.emojiGroups.map(([group, name]) => ({
    name,
    emoji: rows.filter((row) => row[1] === group).map(([emoji, , label]) => [emoji, label] as const),
  }));
  return [{ name: t.recent, emoji: recent.map((emoji) => [emoji, labels.get(emoji) ?? emoji] as const) }, ...groups];
}
