import { Users } from "lucide-react";
import { useState, type ReactNode } from "react";

const COLOURS = 8;

interface Props {
  readonly id: string;
  readonly name: string;
  readonly url: string | null | undefined;
  readonly size?: "small" | "medium" | "large";
  readonly isGroup?: boolean;
  /** Undefined shows no dot. */
  readonly online?: boolean | undefined;
}

/** A picture of a person or a group, or else their initials. It repeats a name that is beside it, and so is hidden from readers. */
export function Avatar({ id, name, url, size = "medium", isGroup = false, online }: Props): ReactNode {
  const [broken, setBroken] = useState<string | null>(null);
  const shows = url && url.startsWith("https://") && broken !== url;
  return (
    <span className={`avatar ${size} tone-${toneOf(id)}`} aria-hidden="true">
      {shows ? (
        <img src={url} alt="" loading="lazy" referrerPolicy="no-referrer" onError={() => { setBroken(url); }} />
      ) : isGroup ? (
        <Users />
      ) : (
        <span>{initialsOf(name)}</span>
      )}
      {online ? <span className="online-dot" /> : null}
    </span>
  );
}

/** The colour that somebody has wherever they are shown. */
export function toneOf(id: string): number {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + letter.charCodeAt(0)) >>> 0;
  return sum % COLOURS;
}

function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/);
  const first = [...(words[0] ?? "")][0] ?? "?";
  const last = words.length > 1 ? ([...(words.at(-1) ?? "")][0] ?? "") : "";
  return (first + last).toUpperCase();
}
