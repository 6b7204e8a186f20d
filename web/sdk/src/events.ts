import type { Conversation, Member, Message, Presence, SyncAnswer } from "./types.js";

/** What the server tells without being asked, by the names of the contract. */
export interface ServerEvents {
  "chat:receive": { readonly message: Message; readonly rev: number };
  "message:update": { readonly message: Message; readonly rev: number };
  "message:delete": { readonly conversationId: string; readonly messageId: string; readonly seq: number; readonly rev: number };
  "chat:seen:update": {
    readonly conversationId: string;
    readonly userId: string;
    readonly joinedAt: string;
    readonly lastDeliveredSeq: number;
    readonly lastReadSeq: number;
  };
  "chat:typing:update": { readonly conversationId: string; readonly userId: string; readonly state: "start" | "stop" };
  "chat:user:joined": { readonly conversationId: string; readonly userId: string };
  "chat:user:left": { readonly conversationId: string; readonly userId: string };
  "presence:update": Presence;
  "conversation:create": { readonly conversation: Conversation; readonly rev: number };
  "group:create": { readonly conversation: Conversation; readonly rev: number };
  "group:update": { readonly conversation: Conversation; readonly rev: number };
  "group:members": {
    readonly conversationId: string;
    readonly rev: number;
    readonly added: readonly Member[];
    readonly removed: readonly string[];
    readonly changed: readonly Member[];
  };
  "group:delete": { readonly conversationId: string; readonly rev: number };
  "session:expiring": { readonly reconnectBy: string };
  "session:ended": { readonly reason: string };
}

/** One event; `event` tells which. */
export type ServerEvent = { [Name in keyof ServerEvents]: { readonly event: Name; readonly data: ServerEvents[Name] } }[keyof ServerEvents];

/** A page of sync, from either transport. */
export type SyncPage = SyncAnswer;
export type SyncChange = SyncPage["changes"][number];
