import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { advance, FakeServer, json, problem, settle, signedIn, stopAll, useFakeClock } from "./server.js";
import { at, conversation, ME, member, message } from "./samples.js";
import type { MessageWindow, ParleyClient } from "../../src/index.js";

let server: FakeServer;
const TAIL = Array.from({ length: 20 }, (_, place) => message(181 + place));

beforeEach(() => {
  useFakeClock();
  server = new FakeServer();
  server.pages = [{ changes: [{ conversation: conversation({ rev: 201, lastSeq: 200, lastReadSeq: 180, unreadCount: 20 }), messages: TAIL, members: [] }], complete: true, token: "t1" }];
});

afterEach(async () => {
  await stopAll();
  vi.useRealTimers();
});

function seqs(window: MessageWindow): (number | null)[] {
  return window.getSnapshot().items.map((item) => item.seq);
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, place) => first + place);
}

async function opened(place?: number): Promise<{ client: ParleyClient; window: MessageWindow }> {
  const client = await signedIn(server);
  const window = client.openMessages("c_1", place);
  await settle();
  return { client, window };
}

test("it opens at the latest, grows backwards to the beginning, and follows what comes", async () => {
  const { window } = await opened();
  expect(seqs(window)).toEqual(range(131, 200));
  let told = 0;
  const unsubscribe = window.subscribe(() => (told += 1));
  for (let turn = 0; turn < 5; turn += 1) await window.loadOlder();
  expect(seqs(window)).toEqual(range(1, 200));
  expect(window.getSnapshot()).toMatchObject({ hasOlder: false, hasNewer: false, isLoaded: true, error: null });
  const before = window.getSnapshot();
  expect(window.getSnapshot()).toBe(before);
  server.socket.tell({ event: "chat:receive", data: { message: message(201), rev: 202 } });
  expect(window.getSnapshot().items).toHaveLength(201);
  expect(window.getSnapshot().items[0]).toBe(before.items[0]);
  const calls = server.calls.length;
  await window.loadOlder();
  await window.loadNewer();
  expect(server.calls).toHaveLength(calls);
  expect(told).toBeGreaterThan(0);
  unsubscribe();
  window.close();
});

test("it tells of what changes in it and of nothing else, and keeps what does not change", async () => {
  const { client, window } = await opened();
  const before = window.getSnapshot();
  const [shown, list] = [client.store.getConversation("c_1"), client.store.getConversations()];
  const told: ReturnType<MessageWindow["getSnapshot"]>[] = [];
  window.subscribe(() => told.push(window.getSnapshot()));
  await window.loadOlder();
  // Once that it loads, and once of what has come.
  expect(told.map(({ isLoadingOlder, items }) => [isLoadingOlder, items.length])).toEqual([
    [true, before.items.length],
    [false, before.items.length + 50],
  ]);
  expect(told[0]?.items).toBe(before.items);
  const elsewhere = client.openMessages("c_1", 30);
  await settle();
  expect(elsewhere.getSnapshot().isLoaded).toBe(true);
  expect(told).toHaveLength(2);
  // What an old page brings is not news of the conversation.
  expect(client.store.getConversation("c_1")).toBe(shown);
  expect(client.store.getConversations()).toBe(list);
  server.socket.tell({ event: "chat:receive", data: { message: message(201), rev: 202 } });
  expect(told).toHaveLength(3);
  expect(client.store.getConversation("c_1")).not.toBe(shown);
});

test("what comes across a hole waits until the hole is filled", async () => {
  const { window } = await opened();
  server.socket.tell({ event: "chat:receive", data: { message: message(202), rev: 203 } });
  expect(seqs(window).at(-1)).toBe(200);
  expect(window.getSnapshot().hasNewer).toBe(false);
  server.socket.tell({ event: "chat:receive", data: { message: message(201), rev: 202 } });
  expect(seqs(window).slice(-3)).toEqual([200, 201, 202]);
});

test("it jumps to a place far away, grows both ways, and comes back", async () => {
  const { client, window } = await opened();
  await window.jumpTo(60);
  expect(seqs(window)).toEqual(range(36, 85));
  expect(window.getSnapshot()).toMatchObject({ hasOlder: true, hasNewer: true });
  client.send("c_1", "on its way");
  expect(seqs(window)).toEqual(range(36, 85));
  await window.loadNewer();
  expect(seqs(window)).toEqual([...range(36, 200), null]);
  expect(window.getSnapshot().hasNewer).toBe(false);
  await window.loadOlder();
  expect(seqs(window)[0]).toBe(1);
  await window.jumpTo("latest");
  expect(window.getSnapshot().items.at(-1)?.content).toBe("on its way");
});

test("it opens at a place, and of two loads of the same end only one is made", async () => {
  const { window } = await opened(60);
  expect(seqs(window)).toEqual(range(36, 85));
  const calls = server.calls.length;
  await Promise.all([window.loadOlder(), window.loadOlder(), window.loadNewer(), window.loadNewer()]);
  expect(server.calls).toHaveLength(calls + 2);
});

test("what cannot be loaded is told, and tried again", async () => {
  const { window } = await opened();
  const path = "GET /api/messages/conversation/c_1";
  server.routes.set(path, () => problem(503, "unavailable"));
  await window.loadOlder();
  expect(window.getSnapshot()).toMatchObject({ error: { code: "unavailable" }, isLoadingOlder: false, hasOlder: true });
  await window.jumpTo(20);
  expect(window.getSnapshot().error).toMatchObject({ code: "unavailable" });
  expect(seqs(window).at(-1)).toBe(200);
  server.routes.clear();
  await window.jumpTo(20);
  expect(seqs(window)).toContain(20);
});

test("a place that is not to be had is tried again when asked to go on", async () => {
  server.pages = [{ changes: [{ conversation: conversation({ rev: 201, lastSeq: 200 }), messages: [], members: [] }], complete: true, token: "t1" }];
  server.routes.set("GET /api/messages/conversation/c_1", () => problem(503, "unavailable"));
  const { window } = await opened();
  expect(window.getSnapshot()).toMatchObject({ isLoaded: false, items: [], error: { code: "unavailable" } });
  server.routes.clear();
  await window.loadNewer();
  expect(seqs(window)).toEqual(range(151, 200));
});

test("a conversation that is not known yet is shown when it is, and one without messages is empty", async () => {
  const client = await signedIn(server);
  const window = client.openMessages("c_2");
  await window.loadOlder();
  expect(window.getSnapshot().isLoaded).toBe(false);
  server.socket.tell({ event: "conversation:create", data: { conversation: conversation({ conversationId: "c_2", rev: 1 }), rev: 1 } });
  await settle();
  expect(window.getSnapshot()).toMatchObject({ isLoaded: true, items: [], hasOlder: false });
  server.socket.tell({ event: "chat:receive", data: { message: message(1, { conversationId: "c_2" }), rev: 2 } });
  expect(seqs(window)).toEqual([1]);
});

test("what was shown and is told anew is shown anew", async () => {
  const { window } = await opened();
  server.frames.set("sync", () => {
    server.frames.clear();
    return { event: "error", data: { code: "sync_token_invalid", message: "", retryable: false } };
  });
  server.pages = [{ changes: [{ conversation: conversation({ rev: 401, lastSeq: 400 }), messages: [message(400, { rev: 401 })], members: [] }], complete: true, token: "t2" }];
  server.routes.set("GET /api/messages/conversation/c_1", () => new Response(JSON.stringify({ items: [message(400, { rev: 401 })], nextCursor: null })));
  server.socket.fall();
  await advance(500);
  expect(seqs(window)).toEqual([400]);
});

test("ticks turn as all the others receive and read, and who did is told", async () => {
  const { client, window } = await opened();
  const own = message(201, { senderId: ME, clientMessageId: "mine" });
  server.socket.tell({ event: "chat:receive", data: { message: own, rev: 202 } });
  const state = (): string | undefined => window.getSnapshot().items.at(-1)?.state;
  expect(state()).toBe("stored");
  const receipt = { conversationId: "c_1", userId: "u_ben", joinedAt: "2026-01-01T00:00:00.000Z", lastDeliveredSeq: 201, lastReadSeq: 0 };
  server.socket.tell({ event: "chat:seen:update", data: receipt });
  expect(state()).toBe("delivered");
  server.socket.tell({ event: "chat:seen:update", data: { ...receipt, lastReadSeq: 201 } });
  expect(state()).toBe("read");
  expect(client.store.getReceipts("c_1", 201)).toEqual({ deliveredTo: ["u_ben"], readBy: ["u_ben"] });
  expect(client.store.getReceipts("c_9", 1)).toEqual({ deliveredTo: [], readBy: [] });
  server.socket.tell({ event: "group:members", data: { conversationId: "c_1", rev: 203, added: [member("u_cem")], removed: [], changed: [] } });
  expect(state()).toBe("stored");
  expect(client.store.getMessage(own.messageId)?.state).toBe("stored");
  expect(client.store.getMessage("m_nothing")).toBeUndefined();
});

test("members of a group above a hundred, whom sync does not bring, are asked for when ticks are made of them", async () => {
  const others = Array.from({ length: 149 }, (_, place) => member(`u_${String(place).padStart(3, "0")}`, { lastDeliveredSeq: 2, lastReadSeq: place === 0 ? 1 : 2 }));
  const told = conversation({ rev: 3, lastSeq: 2, memberCount: 150 });
  const messages = [message(1, { senderId: "u_000" }), message(2, { senderId: "u_001" })];
  server.pages = [{ changes: [{ conversation: told, messages, members: [] }], complete: true, token: "t1" }];
  server.routes.set("GET /api/conversations/c_1/members", (_: never, query: URLSearchParams) => {
    const place = Number(query.get("cursor") ?? 0);
    const all = [...others, member(ME)];
    return json({ items: all.slice(place, place + 100), nextCursor: place + 100 < all.length ? String(place + 100) : null });
  });
  const client = await signedIn(server);
  const [window, other] = [client.openMessages("c_1"), client.openMessages("c_1")];
  await settle();
  expect(server.called("/api/conversations/c_1/members")).toBe(0);
  server.socket.tell({ event: "chat:receive", data: { message: message(3, { senderId: ME, rev: 4 }), rev: 4 } });
  const state = (): string | undefined => window.getSnapshot().items.at(-1)?.state;
  expect(state()).toBe("stored");
  await settle();
  expect(server.called("/api/conversations/c_1/members")).toBe(2);
  for (const [place, { userId }] of others.entries()) {
    expect(state()).toBe("stored");
    const lastReadSeq = place === 0 ? 2 : 3;
    server.socket.tell({ event: "chat:seen:update", data: { conversationId: "c_1", userId, joinedAt: at(0), lastDeliveredSeq: 3, lastReadSeq } });
  }
  expect(state()).toBe("delivered");
  server.socket.tell({ event: "chat:seen:update", data: { conversationId: "c_1", userId: "u_000", joinedAt: at(0), lastDeliveredSeq: 3, lastReadSeq: 3 } });
  expect(state()).toBe("read");
  window.close();
  other.close();
  client.openMessages("c_1").close();
  await settle();
  expect(server.called("/api/conversations/c_1/members")).toBe(2);
});
