import type { ChatMessage } from "@parley/client";
import { dayOf } from "./format";

const GROUPED_MS = 5 * 60_000;

/** The place of a seq, or of the next one that is there; null while the messages do not reach that far. */
export function indexAt(items: readonly ChatMessage[], seq: number): number | null {
  const index = items.findIndex((item) => item.seq === null || item.seq >= seq);
  return index < 0 ? null : index;
}

export function lastSeq(items: readonly ChatMessage[]): number | null {
  return items.findLast((item) => item.seq !== null)?.seq ?? null;
}

export function startsDay(before: ChatMessage | undefined, message: ChatMessage): boolean {
  return !before || dayOf(before.createdAt) !== dayOf(message.createdAt);
}

/** Whether a message goes on right below one of the same person, without a name and a face of its own. */
export function continuesRun(before: ChatMessage | undefined, message: ChatMessage): boolean {
  return (
    before?.senderId === message.senderId &&
    before.isDeleted === message.isDeleted &&
    Date.parse(message.createdAt) - Date.parse(before.createdAt) < GROUPED_MS &&
    !startsDay(before, message)
  );
}

/** Whether items were added before those that were there: then a place is kept from the end. */
export function growsAtStart(before: readonly ChatMessage[], items: readonly ChatMessage[]): boolean {
  const first = before[0]?.key;
  return first !== undefined && items.length > 0 && items[0]?.key !== first && items.some((item) => item.key === first);
}
