import type { ChatMessage } from "@parley/client";
import { t } from "../strings";

/** A message as one line: in the list, in a quotation, in a notification. */
export function preview(message: ChatMessage): string {
  if (message.isDeleted) return t.messageDeleted;
  const text = message.content?.replace(/\s+/g, " ").trim() ?? "";
  const [first] = message.attachments;
  if (!first) return text;
  const kind = isPicture(first.contentType) ? t.photo : first.fileName;
  return text && text !== first.fileName ? `${kind}: ${text}` : kind;
}

/** What a browser shows as a picture and cannot run scripts from. */
export function isPicture(contentType: string): boolean {
  return /^image\/(png|jpeg|gif|webp|avif)$/.test(contentType);
}

const EMOJI = /^(\p{Extended_Pictographic}|\p{RI}\p{RI})/u;
const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Whether a text is nothing but one to three emoji, which are shown large. */
export function isOnlyEmoji(text: string): boolean {
  const trimmed = text.trim();
  // Hardly any text begins with one, and to take a text apart is slow.
  if (trimmed.length > 40 || !EMOJI.test(trimmed)) return false;
  const parts = [...graphemes.segment(trimmed)];
  return parts.length <= 3 && parts.every(({ segment }) => EMOJI.test(segment));
}
