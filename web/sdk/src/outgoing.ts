import type { Attachment, Message, SendFailure } from "./types.js";

/** A message in the outbox. It stays there until it is seen stored, so that a reload shows it still. */
export interface Outgoing {
  readonly clientMessageId: string;
  readonly conversationId: string;
  readonly senderId: string;
  readonly content: string;
  readonly type: Message["type"];
  readonly replyTo: string | null;
  readonly mentions: readonly string[];
  readonly attachments: readonly Attachment[];
  readonly createdAt: string;
  readonly state: "pending" | "accepted" | "failed";
  readonly messageId: string | null;
  readonly error: SendFailure | null;
}
