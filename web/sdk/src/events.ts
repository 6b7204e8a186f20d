import type { components } from "./generated/socket.js";
import type { SyncAnswer } from "./types.js";

type Schemas = components["schemas"];

/** One event that the server tells without being asked; `event` tells which. */
export type ServerEvent =
  | Schemas["ChatReceiveFrame"]
  | Schemas["MessageUpdateFrame"]
  | Schemas["MessageDeleteFrame"]
  | Schemas["ChatSeenUpdateFrame"]
  | Schemas["ChatTypingUpdateFrame"]
  | Schemas["ChatUserJoinedFrame"]
  | Schemas["ChatUserLeftFrame"]
  | Schemas["PresenceUpdateFrame"]
  | Schemas["ConversationCreateFrame"]
  | Schemas["GroupCreateFrame"]
  | Schemas["GroupUpdateFrame"]
  | Schemas["GroupMembersFrame"]
  | Schemas["GroupDeleteFrame"]
  | Schemas["SessionExpiringFrame"]
  | Schemas["SessionEndedFrame"];

/** What an answer tells, by the name of its schema in the AsyncAPI document. */
export type Answers = Pick<Schemas, "ErrorData" | "JoinAnswer" | "PointersAnswer" | "PongData" | "SendAnswer" | "SendResults">;

export type MembersData = Schemas["MembersData"];

/** A page of sync, from either transport. */
export type SyncPage = SyncAnswer;
export type SyncChange = SyncPage["changes"][number];
