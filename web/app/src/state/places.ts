import type { ConversationView } from "@parley/client";
import { read, write } from "./kept";

export interface Place {
  readonly seq: number;
  /** Pixels from the message's top to the window's. */
  readonly offset: number;
}

export interface Target extends Partial<Place> {
  readonly seq: number;
  readonly align: "start" | "center" | "nearest";
  readonly highlight: boolean;
}

export interface Opening {
  readonly place: number | "latest";
  readonly target: Target | null;
  readonly unreadFrom: number;
}

/** A message that was asked for, or where one was before a reload, or the first unread, or the end. */
export function openingOf(conversation: ConversationView, at: number | null): Opening {
  const { conversationId, lastReadSeq, unreadCount } = conversation;
  const unreadFrom = unreadCount > 0 ? lastReadSeq + 1 : 0;
  if (at !== null) return { place: at, target: { seq: at, align: "center", highlight: true }, unreadFrom };
  const kept = placeOf(read("session", `place.${conversationId}`));
  if (kept) return { place: kept.seq, target: { ...kept, align: "start", highlight: false }, unreadFrom };
  if (unreadFrom > 0) return { place: unreadFrom, target: { seq: unreadFrom, align: "start", offset: -80, highlight: false }, unreadFrom };
  return { place: "latest", target: null, unreadFrom };
}

function placeOf(text: string | null): Place | null {
  try {
    const place = JSON.parse(text ?? "null") as Partial<Place> | null;
    return typeof place?.seq === "number" && typeof place.offset === "number" ? { seq: place.seq, offset: place.offset } : null;
  } catch {
    return null;
  }
}

/** Keeps where somebody is for a reload; null is the end. */
export function keepPlaceOf(conversationId: string, place: Place | null): void {
  write("session", `place.${conversationId}`, place && JSON.stringify(place));
}
