import type { ParleyError } from "./errors.js";
import type { components } from "./generated/openapi.js";

type Schemas = components["schemas"];

/** The objects of the contract, as they come over the wire. */
export type User = Schemas["UserObject"];
export type Profile = Schemas["ProfileObject"];
export type Message = Schemas["MessageObject"];
export type Attachment = Schemas["AttachmentObject"];
export type Reaction = Schemas["ReactionObject"];
export type Conversation = Schemas["ConversationObject"];
export type Member = Schemas["MemberObject"];
export type Presence = Schemas["PresenceObject"];
export type Session = Schemas["SessionObject"];
export type SyncAnswer = Schemas["SyncAnswer"];
export type FieldError = Schemas["FieldError"];
export type Role = Member["role"];

/** A piece of a list; `nextCursor` goes on with it. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

/** Codes of the contract, and three of the client's own: `network` (no answer), `timeout`, `client` (a misuse or a bug). */
export type ErrorCode =
  | "bad_credentials"
  | "blocked"
  | "conflict"
  | "forbidden"
  | "internal"
  | "invalid_request"
  | "method_not_allowed"
  | "not_found"
  | "rate_limited"
  | "sync_token_invalid"
  | "too_large"
  | "unauthorized"
  | "unavailable"
  | "unsupported_media_type"
  | "network"
  | "timeout"
  | "aborted"
  | "client";

/**
 * How far a message of one's own has come.
 *
 * - `pending`: in the outbox, and sent when there is a connection;
 * - `accepted`: durable at the server, it will be stored;
 * - `stored`: it has its `seq`;
 * - `delivered`, `read`: every other member has received, has read it;
 * - `failed`: refused for good; `retry` or `discard` it.
 *
 * Messages of others are `stored`.
 */
export type MessageState = "pending" | "accepted" | "stored" | "delivered" | "read" | "failed";

/** A message as it is shown: a stored one, or one that is on its way (then `seq` and maybe `messageId` are null). */
export interface ChatMessage {
  /** The same from the moment of sending on: fit to be a list's key. */
  readonly key: string;
  readonly messageId: string | null;
  readonly conversationId: string;
  readonly clientMessageId: string;
  readonly seq: number | null;
  readonly rev: number;
  readonly senderId: string;
  readonly isOwn: boolean;
  readonly type: Message["type"];
  /** null when it was deleted, which is also when it has no reactions, mentions and attachments any more. */
  readonly content: string | null;
  readonly replyTo: string | null;
  readonly mentions: readonly string[];
  readonly attachments: readonly Attachment[];
  readonly reactions: readonly Reaction[];
  readonly createdAt: string;
  readonly editedAt: string | null;
  readonly isDeleted: boolean;
  /** Whether it is shown with a change of one's own that is not seen stored yet. */
  readonly isChanging: boolean;
  readonly state: MessageState;
  /** Why it failed. */
  readonly error: SendFailure | null;
}

/** Why a message was refused. */
export interface SendFailure {
  readonly code: ErrorCode;
  readonly message: string;
}

/** A conversation as it is shown in a list. */
export interface ConversationView extends Omit<Conversation, "lastMessage"> {
  /** The group's name, or the peer's display name. */
  readonly title: string;
  /** The newest, be it on its way still. */
  readonly lastMessage: ChatMessage | null;
}

/** The messages of a window, oldest first, without a hole; those on their way come last. */
export interface MessagesSnapshot {
  readonly items: readonly ChatMessage[];
  /** False until the first messages are there (from this device or the server). */
  readonly isLoaded: boolean;
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
  readonly isLoadingOlder: boolean;
  readonly isLoadingNewer: boolean;
  /** Why the last load failed; a further `load…` tries again. */
  readonly error: Error | null;
}

/** What of a conversation's messages somebody looks at. It grows at its ends as they are loaded, and follows new messages. */
export interface MessageWindow {
  readonly conversationId: string;
  /** The same object until something changed. */
  getSnapshot(): MessagesSnapshot;
  subscribe(listener: () => void): () => void;
  /** Loads a page before the first message; does nothing at the beginning or while it loads. Failures are in the snapshot. */
  loadOlder(): Promise<void>;
  loadNewer(): Promise<void>;
  /** Shows the messages around a seq, or the latest. */
  jumpTo(place: number | "latest"): Promise<void>;
  /** Ends it; a window that is not closed keeps its messages in memory. */
  close(): void;
}

/** What to send. */
export interface Draft {
  /** Left blank beside attachments, it is their names. */
  readonly content: string;
  /** The messageId of a stored message of the same conversation. */
  readonly replyTo?: string | null;
  /** User ids. */
  readonly mentions?: readonly string[];
  /** What `upload` gave; shown at once, sent by their ids. */
  readonly attachments?: readonly Attachment[];
  readonly type?: Message["type"];
}

/** How a file is uploaded. */
export interface UploadOptions {
  readonly fileName?: string;
  readonly contentType?: string;
  /** Called with bytes sent and bytes in all. */
  readonly onProgress?: (sent: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Who received and who read a message, as far as the members are known. */
export interface Receipts {
  readonly deliveredTo: readonly string[];
  readonly readBy: readonly string[];
}

/**
 * - `signed-out`: nobody is signed in;
 * - `restoring`: what is kept on the device is being read;
 * - `signed-in`.
 */
export interface AuthState {
  readonly status: "restoring" | "signed-out" | "signed-in";
  readonly user: Profile | null;
  /** Why the last session ended, where the user did not end it. */
  readonly endedBecause: string | null;
}

/**
 * - `idle`: nobody is signed in, or the client is stopped;
 * - `offline`: the platform says that there is no network;
 * - `connecting`: the first try; `waiting`: after a failure, until `retryAt`;
 * - `syncing`: connected, and catching up; `online`: connected and whole.
 */
export interface ConnectionState {
  readonly status: "idle" | "offline" | "connecting" | "waiting" | "syncing" | "online";
  /** When the next try is made, in milliseconds of `Date.now()`. */
  readonly retryAt: number | null;
  readonly error: Error | null;
}

/** What the client tells as it happens; the store has the state. */
export interface ClientEvents {
  auth: AuthState;
  connection: ConnectionState;
  /** A message of somebody else came that was not here before, live or by sync: what a notification is made of. */
  message: { readonly message: ChatMessage; readonly conversation: ConversationView };
  /** A message of one's own was refused for good. */
  failed: { readonly message: ChatMessage };
  /** A change that was made before the page was loaded was refused; of all others the call tells that made them. */
  refused: { readonly messageId: string; readonly kind: "edit" | "delete" | "react"; readonly error: ParleyError };
  /** The caller left a conversation, was removed from it, or it was deleted. */
  removed: { readonly conversationId: string };
  /** Something went wrong that no call could tell of. */
  error: Error;
}
