import { ParleyError } from "./errors.js";
import { makeId } from "./platform.js";
import type { Outgoing } from "./outgoing.js";
import type { Draft } from "./types.js";

const CONTENT_MAX_CHARS = 8_000;
const MENTIONS_MAX_COUNT = 50;
const ATTACHMENTS_MAX_COUNT = 10;
const ENCODER = new TextEncoder();

/** A draft as it goes into the outbox. Raises `invalid_request` where it can never be sent, by the contract's limits. */
export function makeOutgoing(conversationId: string, draft: Draft, senderId: string, now: number): Outgoing {
  const { replyTo = null, mentions = [], attachments = [] } = draft;
  // The contract knows no message without a content: files that nothing is said about are called by their names.
  const content = draft.content.trim() === "" ? attachments.map((file) => file.fileName).join(", ") : draft.content;
  checkContent(content);
  if (mentions.length > MENTIONS_MAX_COUNT) throw refuse("mentions", `At most ${String(MENTIONS_MAX_COUNT)} people can be mentioned.`);
  if (attachments.length > ATTACHMENTS_MAX_COUNT) throw refuse("attachments", `At most ${String(ATTACHMENTS_MAX_COUNT)} files can be attached.`);
  return {
    clientMessageId: makeId(),
    conversationId,
    senderId,
    content,
    type: draft.type ?? (attachments.length > 0 ? "attachment" : "text"),
    replyTo,
    mentions,
    attachments,
    createdAt: new Date(now).toISOString(),
    state: "pending",
    messageId: null,
    error: null,
  };
}

/** Raises `invalid_request` for a content that no message can have. */
export function checkContent(content: string): void {
  if (content.trim() === "") throw refuse("content", "It is empty.");
  // Code points, as the contract counts; a text of so many units cannot have more of them.
  if (content.length > CONTENT_MAX_CHARS && Array.from(content).length > CONTENT_MAX_CHARS) {
    throw refuse("content", `It is longer than ${String(CONTENT_MAX_CHARS)} characters.`);
  }
  if (/[\0]|\p{Surrogate}/u.test(content)) throw refuse("content", "It has characters that cannot be sent.");
}

/** What is sent of a message, as both transports take it. */
export interface SendBody {
  readonly conversationId: string;
  readonly clientMessageId: string;
  readonly content: string;
  readonly type: Outgoing["type"];
  readonly replyTo: string | null;
  readonly mentions: string[];
  readonly attachments: string[];
}

export function makeBody(outgoing: Outgoing): SendBody {
  const { conversationId, clientMessageId, content, type, replyTo, mentions, attachments } = outgoing;
  return {
    conversationId,
    clientMessageId,
    content,
    type,
    replyTo,
    mentions: [...mentions],
    attachments: attachments.map((attachment) => attachment.attachmentId),
  };
}

/** How long something is as JSON, in bytes. */
export function sizeOf(value: unknown): number {
  return ENCODER.encode(JSON.stringify(value)).length;
}

function refuse(field: string, message: string): ParleyError {
  return new ParleyError("invalid_request", message, { errors: [{ field, message }] });
}
