import type { Conversation, Member, Message, User } from "../../src/index.js";

export const ME = "u_me";

/** A time that many seconds after the tests' beginning of time. */
export function at(seconds: number): string {
  return new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();
}

export function user(userId: string): User {
  return { userId, username: userId.replace("u_", ""), displayName: userId.replace("u_", "").toUpperCase(), avatarUrl: null, about: null, createdAt: at(0) };
}

export function member(userId: string, changes: Partial<Member> = {}): Member {
  return { userId, role: "member", joinedAt: at(0), lastDeliveredSeq: 0, lastReadSeq: 0, user: user(userId), ...changes };
}

export function message(seq: number, changes: Partial<Message> = {}): Message {
  const conversationId = changes.conversationId ?? "c_1";
  const senderId = changes.senderId ?? "u_ben";
  return {
    messageId: `m_${conversationId}_${String(seq)}`,
    conversationId,
    seq,
    rev: seq + 1,
    senderId,
    clientMessageId: `${senderId}-${String(seq)}`,
    type: "text",
    content: `number ${String(seq)}`,
    replyTo: null,
    mentions: [],
    attachments: [],
    reactions: [],
    createdAt: at(seq),
    editedAt: null,
    deletedAt: null,
    ...changes,
  };
}

export function conversation(changes: Partial<Conversation> = {}): Conversation {
  return {
    conversationId: "c_1",
    kind: "group",
    name: "Group",
    photoUrl: null,
    memberCount: 2,
    rev: 1,
    lastSeq: 0,
    lastMessage: null,
    createdAt: at(0),
    updatedAt: at(0),
    myRole: "member",
    lastReadSeq: 0,
    lastDeliveredSeq: 0,
    unreadCount: 0,
    muted: false,
    peer: null,
    ...changes,
  };
}
