import { beforeEach, expect, test, vi } from "vitest";
import { conversation, ME, member, message, user, at } from "./samples.js";
import { StoreReader } from "../../src/store/reader.js";
import { State } from "../../src/store/state.js";
import type { ServerEvent } from "../../src/events.js";
import type { Message } from "../../src/index.js";

const watcher = { stored: vi.fn<(message: Message, isNews: boolean) => void>(), changed: vi.fn<(message: Message) => void>(), removed: vi.fn<(id: string) => void>(), typed: vi.fn() };
const NONE: readonly never[] = [];
let state: State;
let reader: StoreReader;

beforeEach(() => {
  vi.clearAllMocks();
  state = new State(watcher, () => 0);
  state.userId = ME;
  reader = new StoreReader(state, { outgoing: () => [], changes: () => NONE, typing: () => [] });
});

function receive(seq: number, changes: Partial<Message> = {}): ServerEvent {
  const one = message(seq, changes);
  return { event: "chat:receive", data: { message: one, rev: one.rev } };
}

test("what is read is the same object until it changes", () => {
  state.tell(conversation());
  state.tell(conversation({ conversationId: "c_2", updatedAt: at(5) }));
  const list = reader.getConversations();
  expect(list.map((one) => one.conversationId)).toEqual(["c_2", "c_1"]);
  expect(reader.getConversations()).toBe(list);
  let told = 0;
  const unsubscribe = reader.subscribe("conversations", () => (told += 1));
  state.apply(receive(1, { createdAt: at(9) }));
  expect(told).toBe(1);
  expect(reader.getConversations().map((one) => one.conversationId)).toEqual(["c_1", "c_2"]);
  expect(reader.getConversations()[1]).toBe(list[0]);
  unsubscribe();
  state.apply(receive(2));
  expect(told).toBe(1);
  expect(reader.getConversation("c_9")).toBeUndefined();
  expect(reader.getMembers("c_9")).toEqual([]);
});

test("conversations of the same time have an order too", () => {
  for (const conversationId of ["c_2", "c_1", "c_3"]) state.tell(conversation({ conversationId }));
  expect(reader.getConversations().map((one) => one.conversationId)).toEqual(["c_3", "c_2", "c_1"]);
});

test("a title is the group's name or the peer's", () => {
  state.tell(conversation());
  state.tell(conversation({ conversationId: "c_2", kind: "direct", name: null, peer: user("u_ben") }));
  state.tell(conversation({ conversationId: "c_3", kind: "direct", name: null, peer: null }));
  expect(["c_1", "c_2", "c_3"].map((id) => reader.getConversation(id)?.title)).toEqual(["Group", "BEN", ""]);
  expect(reader.getUser("u_ben")?.displayName).toBe("BEN");
});

test("a profile that has changed is shown wherever the person is, and kept", () => {
  state.tell(conversation({ conversationId: "c_2", kind: "direct", name: null, peer: user("u_ben") }));
  state.tell(conversation({ conversationId: "c_3", kind: "direct", name: null, peer: user("u_dan") }));
  for (const id of ["c_1", "c_4"]) {
    state.tell(conversation({ conversationId: id }));
    state.putMembers(id, [member("u_ben"), member("u_dan")], 1);
  }
  state.unsaved.clear();
  let told = 0;
  reader.subscribe("conversation:c_2", () => (told += 1));
  const benjamin = { ...user("u_ben"), displayName: "Benjamin" };
  // A list of members is of the rev that the conversation has already: no rev tells of a profile.
  state.putMembers("c_1", [member("u_ben", { user: benjamin })], 1);
  expect(reader.getConversation("c_2")).toMatchObject({ title: "Benjamin", peer: benjamin });
  expect(reader.getConversation("c_3")?.title).toBe("DAN");
  for (const id of ["c_1", "c_4"]) expect(reader.getMembers(id).map((one) => one.user.displayName)).toEqual(["Benjamin", "DAN"]);
  expect([...state.unsaved].sort()).toEqual(["c_1", "c_2", "c_4"]);
  expect(told).toBe(1);
  state.putUser({ ...benjamin });
  expect(told).toBe(1);
});

test("unread messages are reckoned where not all of them are here", () => {
  state.tell(conversation({ rev: 501, lastSeq: 500, lastReadSeq: 100, unreadCount: 390, lastMessage: message(500, { rev: 501 }) }));
  expect(reader.getUnreadCount()).toBe(390);
  state.apply(receive(501, { rev: 502 }));
  expect(reader.getUnreadCount()).toBe(391);
  state.apply({ event: "message:delete", data: { conversationId: "c_1", messageId: "m_300", seq: 300, rev: 503 } });
  expect(reader.getUnreadCount()).toBe(390);
  state.conversations.get("c_1")?.moveOwn({ lastReadSeq: 200, lastDeliveredSeq: 0 });
  state.topics.touch("unread");
  expect(reader.getUnreadCount()).toBe(290);
  state.conversations.get("c_1")?.moveOwn({ lastReadSeq: 501, lastDeliveredSeq: 0 });
  state.topics.touch("unread");
  expect(reader.getUnreadCount()).toBe(0);
  state.tell(conversation({ conversationId: "c_2", muted: true, lastSeq: 3, unreadCount: 3 }));
  expect(reader.getUnreadCount()).toBe(0);
});

test("a message of one who is not known moves their pointers when it is known that they are a member", () => {
  state.tell(conversation({ memberCount: 3 }));
  state.apply(receive(1, { senderId: "u_cem" }));
  expect(state.conversations.get("c_1")?.receipts(1).readBy).toEqual([]);
  state.putMembers("c_1", [member("u_cem"), member("u_ben")], 2);
  expect(state.conversations.get("c_1")?.receipts(1).readBy).toEqual(["u_cem"]);
  expect(reader.getMembers("c_1").map((one) => one.userId)).toEqual(["u_ben", "u_cem"]);
  state.tell(conversation({ conversationId: "c_2", kind: "direct", rev: 1 }));
  state.apply(receive(1, { conversationId: "c_2" }));
  expect(state.conversations.get("c_2")?.receipts(1).readBy).toEqual(["u_ben"]);
  state.putMembers("c_9", [], 1);
});

test("receipts of an earlier stay, and of those who are gone, are dropped", () => {
  state.tell(conversation({ rev: 5, lastSeq: 9 }));
  const seen = (joinedAt: string, lastReadSeq: number): ServerEvent => ({ event: "chat:seen:update", data: { conversationId: "c_1", userId: "u_ben", joinedAt, lastDeliveredSeq: lastReadSeq, lastReadSeq } });
  state.putMembers("c_1", [member("u_ben", { joinedAt: at(10) })], 5);
  state.apply(seen(at(5), 4));
  expect(state.conversations.get("c_1")?.receipts(1).readBy).toEqual([]);
  state.apply({ event: "group:members", data: { conversationId: "c_1", rev: 6, added: [], removed: ["u_ben", "u_unknown"], changed: [] } });
  state.apply(seen(at(10), 4));
  expect(state.conversations.get("c_1")?.receipts(1).readBy).toEqual([]);
  state.apply(seen(at(20), 4));
  expect(state.conversations.get("c_1")?.receipts(1).readBy).toEqual(["u_ben"]);
  state.putMembers("c_1", [member("u_ben")], 5);
  expect(reader.getMembers("c_1")).toEqual([]);
});

test("events of a conversation that is told later wait for it; of one that never is, they are dropped", () => {
  state.apply(receive(1));
  state.apply({ event: "chat:seen:update", data: { conversationId: "c_1", userId: "u_ben", joinedAt: at(0), lastDeliveredSeq: 1, lastReadSeq: 1 } });
  expect(state.hasGap).toBe(true);
  state.apply({ event: "group:create", data: { conversation: conversation({ rev: 1 }), rev: 1 } });
  expect(state.hasGap).toBe(false);
  expect(reader.getConversation("c_1")).toMatchObject({ lastSeq: 1, unreadCount: 1, rev: 2 });
  state.apply(receive(1, { conversationId: "c_8" }));
  for (let seq = 0; seq < 300; seq += 1) state.apply(receive(seq, { conversationId: "c_8" }));
  state.beginRequest(false);
  state.applyPage({ changes: [], complete: true, token: "t" });
  expect(state.hasGap).toBe(false);
});

test("what is heard of a conversation that was left is of before", () => {
  state.tell(conversation({ rev: 3 }));
  state.apply({ event: "group:delete", data: { conversationId: "c_1", rev: 4 } });
  expect(watcher.removed).toHaveBeenCalledExactlyOnceWith("c_1");
  state.apply(receive(1, { rev: 3 }));
  state.apply({ event: "group:update", data: { conversation: conversation({ rev: 3 }), rev: 3 } });
  state.apply({ event: "group:members", data: { conversationId: "c_1", rev: 4, added: [], removed: [ME], changed: [] } });
  state.applyPage({ changes: [{ conversation: conversation({ rev: 2 }), messages: [], members: [] }], complete: false, token: "t" });
  expect(reader.getConversations()).toEqual([]);
  expect(state.hasGap).toBe(false);
  // Told out of order: what comes after the end is of a further stay.
  state.apply(receive(2, { rev: 8 }));
  state.apply({ event: "group:members", data: { conversationId: "c_1", rev: 6, added: [], removed: [ME], changed: [] } });
  state.apply({ event: "group:create", data: { conversation: conversation({ rev: 7 }), rev: 7 } });
  expect(reader.getConversation("c_1")).toMatchObject({ rev: 8, lastSeq: 2 });
  state.remove("c_1");
  state.remove("c_1");
  expect(watcher.removed).toHaveBeenCalledTimes(2);
});

test("a stay that sync tells of puts what was here before it out of date", () => {
  state.beginRequest(true);
  state.applyPage({ changes: [{ conversation: conversation({ rev: 3, lastSeq: 2 }), messages: [message(1), message(2)], members: [member(ME, { joinedAt: at(1) })] }], complete: true, token: "t" });
  state.beginRequest(false);
  state.applyPage({ changes: [{ conversation: conversation({ rev: 30, lastSeq: 20 }), messages: [message(19), message(20)], members: [member(ME, { joinedAt: at(50) })] }], complete: true, token: "t" });
  expect([...(state.conversations.get("c_1")?.messages.values() ?? [])].map((one) => one.seq)).toEqual([19, 20]);
  // The same stay once more changes nothing, and neither does a member who is not the caller.
  state.applyPage({ changes: [{ conversation: conversation({ rev: 30, lastSeq: 20 }), messages: [], members: [member(ME, { joinedAt: at(50) }), { userId: "u_ben", removed: true }] }], complete: true, token: "t" });
  expect(state.conversations.get("c_1")?.messages.has(19)).toBe(true);
});

test("only what is new is news", () => {
  state.beginRequest(true);
  state.applyPage({ changes: [{ conversation: conversation({ rev: 3, lastSeq: 2 }), messages: [message(1), message(2)], members: [] }], complete: true, token: "t" });
  const news = (): number[] => watcher.stored.mock.calls.filter(([, isNews]) => isNews).map(([one]) => one.seq);
  expect(news()).toEqual([]);
  state.apply(receive(3));
  state.apply(receive(3));
  state.apply({ event: "message:update", data: { message: message(2, { rev: 5 }), rev: 5 } });
  expect(news()).toEqual([3]);
  state.beginRequest(false);
  state.applyPage({ changes: [{ conversation: conversation({ rev: 7, lastSeq: 5, lastReadSeq: 4, lastMessage: message(5) }), messages: [message(4), message(5)], members: [] }, { conversation: conversation({ conversationId: "c_2", rev: 2, lastSeq: 1 }), messages: [message(1, { conversationId: "c_2" })], members: [] }], complete: true, token: "t" });
  expect(news()).toEqual([3, 5, 1]);
  state.putMessages([message(1, { conversationId: "c_9" })]);
});

test("a kept conversation comes back as it was, and goes on from there", () => {
  state.beginRequest(true);
  state.applyPage({ changes: [{ conversation: conversation({ rev: 4, lastSeq: 3, memberCount: 3, unreadCount: 3 }), messages: [1, 2, 3].map((seq) => message(seq)), members: [member("u_ben"), member(ME)] }, { conversation: conversation({ conversationId: "c_2", kind: "direct", peer: user("u_dan") }), messages: [], members: [] }], complete: true, token: "t" });
  state.apply({ event: "group:members", data: { conversationId: "c_1", rev: 5, added: [member("u_eve")], removed: [], changed: [member(ME, { role: "admin" })] } });
  state.apply({ event: "group:members", data: { conversationId: "c_1", rev: 5, added: [member("u_eve")], removed: [], changed: [] } });
  state.conversations.get("c_1")?.moveOwn({ lastReadSeq: 2, lastDeliveredSeq: 3 });
  expect(reader.getConversation("c_1")).toMatchObject({ memberCount: 4, myRole: "admin", unreadCount: 1 });
  const kept = [...state.conversations.values()].map((one) => structuredClone(one.dump(2)));
  const before = reader.getConversation("c_1");
  const again = new State(watcher, () => 0);
  again.userId = ME;
  again.restore(kept, [user("u_fay")]);
  const after = new StoreReader(again, { outgoing: () => [], changes: () => NONE, typing: () => [] });
  expect(after.getConversation("c_1")).toEqual(before);
  expect(again.conversations.get("c_1")?.confirmed).toEqual({ lastDeliveredSeq: 0, lastReadSeq: 0 });
  expect([...(again.conversations.get("c_1")?.messages.values() ?? [])].map((one) => one.seq)).toEqual([2, 3]);
  for (const id of ["u_ben", "u_dan", "u_fay"]) expect(after.getUser(id)).toBeDefined();
  expect(again.isLoaded).toBe(true);
  again.clear();
  expect(after.getConversations()).toEqual([]);
  expect(again.isLoaded).toBe(false);
});

test("that there is no conversation is news too, be it kept or brought", () => {
  for (const load of [
    () => { state.restore([], []); },
    () => { state.applyPage({ changes: [], complete: true, token: "t" }); },
  ]) {
    state.clear();
    let told = 0;
    const unsubscribe = reader.subscribe("conversations", () => (told += 1));
    load();
    expect(told).toBe(1);
    expect(reader.isLoaded).toBe(true);
    load();
    expect(told).toBe(1);
    unsubscribe();
  }
});

test("presence, typing and what is not known", () => {
  let told = 0;
  reader.subscribe("presence:u_ben", () => (told += 1));
  state.apply({ event: "presence:update", data: { userId: "u_ben", online: true, lastSeenAt: null } });
  expect(reader.getPresence("u_ben")?.online).toBe(true);
  expect(told).toBe(1);
  state.apply({ event: "chat:typing:update", data: { conversationId: "c_1", userId: "u_ben", state: "start" } });
  expect(watcher.typed).toHaveBeenCalledExactlyOnceWith("c_1", "u_ben", true);
  state.apply({ event: "of:a:later:version", data: {} } as unknown as ServerEvent);
  expect(reader.getTyping("c_1")).toEqual([]);
  state.clear();
  expect(reader.getPresence("u_ben")).toBeUndefined();
});

test("a deletion that is told twice, or after a newer one, changes nothing", () => {
  state.tell(conversation({ lastSeq: 3 }));
  const timeline = state.conversations.get("c_1")?.messages;
  expect(timeline?.delete(3, 9, at(1))).toBe(true);
  expect(timeline?.delete(3, 9, at(2))).toBe(false);
  expect(timeline?.put(message(3))).toBe(true);
  expect(timeline?.get(3)).toMatchObject({ content: null, deletedAt: at(1), rev: 9 });
  expect(timeline?.delete(3, 9, at(2))).toBe(false);
  timeline?.delete(2, 5, at(1));
  expect(timeline?.put(message(2, { rev: 6, deletedAt: at(3), content: null }))).toBe(true);
  expect(timeline?.get(2)?.deletedAt).toBe(at(3));
  timeline?.delete(1, 4, at(1));
  timeline?.forget(5, new Set([2]));
  expect(timeline?.has(2)).toBe(true);
});
