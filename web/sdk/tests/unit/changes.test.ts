import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { advance, FakeLocks, FakeServer, json, makeChannels, makeClient, problem, refusal, settle, signedIn, stopAll, useFakeClock } from "./server.js";
import { at, conversation, ME, message } from "./samples.js";
import type { ChatMessage, ParleyClient } from "../../src/index.js";
import type { Message } from "../../src/index.js";

const FIRST = "m_c_1_1";
let server: FakeServer;

beforeEach(() => {
  useFakeClock();
  server = new FakeServer();
  server.pages = [{ changes: [{ conversation: conversation({ rev: 4, lastSeq: 3 }), messages: [1, 2, 3].map((seq) => message(seq, { senderId: ME })), members: [] }], complete: true, token: "t1" }];
});

afterEach(async () => {
  await stopAll();
  vi.useRealTimers();
});

function shown(client: ParleyClient, messageId = FIRST): ChatMessage {
  const found = client.store.getMessage(messageId);
  if (found === undefined) throw new Error("the message is not here");
  return found;
}

/** The server tells of another version of the first message. */
function update(rev: number, changes: Partial<Message>): void {
  server.socket.tell({ event: "message:update", data: { message: message(1, { senderId: ME, rev, ...changes }), rev } });
}

function asked(): [string, unknown][] {
  return server.sockets.flatMap((socket) => socket.sent).flatMap(({ action, data }) => (["edit", "delete", "react"].includes(action) ? [[action, data.content ?? data.emoji ?? null] as [string, unknown]] : []));
}

test("a change is shown at once, and is over when a stored version shows it", async () => {
  const client = await signedIn(server);
  const window = client.openMessages("c_1");
  await settle();
  const before = shown(client);
  const done = client.edit(FIRST, "better");
  expect(shown(client)).toMatchObject({ content: "better", editedAt: "2026-01-02T00:00:00.000Z", isChanging: true, rev: 2 });
  expect(shown(client)).toBe(shown(client));
  expect(window.getSnapshot().items[0]).toBe(shown(client));
  await done;
  expect(shown(client).isChanging).toBe(true);
  update(5, { reactions: [{ emoji: "👍", count: 1, userIds: ["u_ben"] }] });
  expect(shown(client)).toMatchObject({ content: "better", isChanging: true, rev: 5, reactions: [{ emoji: "👍" }] });
  update(6, { content: "better", editedAt: at(9) });
  expect(shown(client)).toMatchObject({ content: "better", editedAt: at(9), isChanging: false, rev: 6 });
  update(7, { content: "from another device" });
  expect(shown(client).content).toBe("from another device");
  expect(before).toMatchObject({ content: "number 1", isChanging: false });
  window.close();
});

test("a list shows the change of its last message too, and is told of it", async () => {
  const client = await signedIn(server);
  let told = 0;
  client.store.subscribe("conversations", () => (told += 1));
  const done = client.delete("m_c_1_3");
  expect(told).toBe(1);
  expect(client.store.getConversations()[0]?.lastMessage).toMatchObject({ content: null, isDeleted: true, isChanging: true });
  await done;
});

test("what is refused is rolled back, and its call raises why", async () => {
  const client = await signedIn(server);
  const refused: unknown[] = [];
  client.on("refused", (event) => refused.push(event));
  server.frames.set("edit", () => refusal("conflict", false));
  server.frames.set("delete", () => refusal("forbidden", false));
  server.frames.set("react", () => refusal("blocked", false));
  for (const [code, make] of [
    ["conflict", () => client.edit(FIRST, "better")],
    ["forbidden", () => client.delete(FIRST)],
    ["blocked", () => client.react(FIRST, "👍")],
  ] as const) {
    const before = shown(client);
    const done = make();
    expect(shown(client)).not.toEqual(before);
    await expect(done).rejects.toMatchObject({ name: "ParleyError", code, retryable: false });
    expect(shown(client)).toEqual(before);
  }
  expect(refused).toEqual([]);
});

test("changes are made one by one in their order, and again later where they may succeed", async () => {
  const client = await signedIn(server);
  let turn = 0;
  server.frames.set("edit", () => {
    turn += 1;
    return turn === 1 ? refusal("rate_limited", true, 2) : { event: "chat:edit:ack", data: {} };
  });
  const done = [client.edit(FIRST, "one"), client.edit(FIRST, "two"), client.react(FIRST, "👍")];
  expect(shown(client)).toMatchObject({ content: "two", reactions: [{ emoji: "👍", count: 1, userIds: [ME] }] });
  await advance(2_400);
  expect(asked()).toEqual([["edit", "one"]]);
  await advance(200);
  await Promise.all(done);
  expect(asked()).toEqual([["edit", "one"], ["edit", "one"], ["edit", "two"], ["react", "👍"]]);
  // What was made first is over first, though something else says the same meanwhile.
  update(5, { content: "one" });
  expect(shown(client)).toMatchObject({ content: "two", isChanging: true });
  update(6, { content: "two", reactions: [{ emoji: "👍", count: 1, userIds: [ME] }] });
  expect(shown(client).isChanging).toBe(false);
});

test("what the server fails at again and again does not hold up the rest for ever", async () => {
  const client = await signedIn(server);
  server.frames.set("edit", () => refusal("internal", true));
  const edit = client.edit(FIRST, "never").catch((error: unknown) => (error as { code: string }).code);
  const reaction = client.react(FIRST, "👍");
  await advance(60_000);
  expect(await edit).toBe("internal");
  await reaction;
  expect(asked().filter(([action]) => action === "edit")).toHaveLength(5);
  expect(shown(client).content).toBe("number 1");
});

test("an edit there and back is shown as the last of it all the way", async () => {
  const client = await signedIn(server);
  await Promise.all([client.edit(FIRST, "there"), client.edit(FIRST, "number 1")]);
  expect(shown(client)).toMatchObject({ content: "number 1", isChanging: true });
  update(5, { content: "there" });
  expect(shown(client).content).toBe("number 1");
  update(6, {});
  expect(shown(client)).toMatchObject({ content: "number 1", isChanging: false });
});

test("without any connection changes wait on the device, and are made after a reload", async () => {
  const platform = { indexedDB: new IDBFactory(), locks: new FakeLocks() as unknown as LockManager, BroadcastChannel: makeChannels() };
  const first = await signedIn(server, platform);
  await advance(1_000);
  server.socket.fall();
  server.accepts = false;
  const gone = () => Promise.reject(new TypeError("offline"));
  for (const route of [`PUT /api/chat/${FIRST}`, "DELETE /api/chat/m_c_1_2", "POST /api/auth/ws-ticket"]) server.routes.set(route, gone);
  const waiting = [first.edit(FIRST, "from afar"), first.delete("m_c_1_2"), first.react("m_c_1_3", "👍")].map((one) => one.catch((error: unknown) => (error as { code: string }).code));
  await advance(10_000);
  expect(shown(first)).toMatchObject({ content: "from afar", isChanging: true });
  await first.stop();
  expect(await Promise.all(waiting)).toEqual(["aborted", "aborted", "aborted"]);

  const second = makeClient(server, platform);
  const refused: unknown[] = [];
  second.on("refused", ({ messageId, kind, error }) => refused.push([messageId, kind, error.code]));
  await second.start();
  expect(shown(second)).toMatchObject({ content: "from afar", isChanging: true });
  expect(shown(second, "m_c_1_2").isDeleted).toBe(true);
  expect(asked()).toEqual([]);
  server.routes.clear();
  server.accepts = true;
  server.frames.set("delete", () => refusal("forbidden", false));
  await advance(30_000);
  expect(asked()).toEqual([["edit", "from afar"], ["delete", null], ["react", "👍"]]);
  expect(refused).toEqual([["m_c_1_2", "delete", "forbidden"]]);
  expect(shown(second, "m_c_1_2").isDeleted).toBe(false);

  // Nothing of it is left.
  await second.stop();
  const third = makeClient(server, platform);
  await third.start();
  await advance(1_000);
  expect(asked()).toHaveLength(3);
  expect(shown(third).content).toBe("number 1");
});

test("what one tab keeps another makes once, and who signs out leaves nothing", async () => {
  const platform = { indexedDB: new IDBFactory(), locks: new FakeLocks() as unknown as LockManager, BroadcastChannel: makeChannels() };
  const first = await signedIn(server, platform);
  server.frames.set("edit", () => refusal("unavailable", true, 5));
  const done = first.edit(FIRST, "once");
  await advance(1_000);
  const second = makeClient(server, platform);
  await second.start();
  await settle();
  expect(shown(second)).toMatchObject({ content: "once", isChanging: true });
  server.frames.clear();
  const before = asked().length;
  await advance(60_000);
  await done;
  expect(asked().slice(before)).toEqual([["edit", "once"]]);

  server.frames.set("edit", () => refusal("unavailable", true, 600));
  const left = first.edit(FIRST, "never").catch((error: unknown) => (error as { code: string }).code);
  await settle();
  await first.logout();
  await settle();
  expect(await left).toBe("aborted");
  server.frames.clear();
  await first.login({ login: "me", password: "secret" });
  await advance(2_000);
  expect(asked().filter(([, content]) => content === "never")).toHaveLength(1);
  await expect(makeClient(server).edit(FIRST, "nobody")).rejects.toMatchObject({ code: "unauthorized" });
});

test("an accepted change that never shows is not believed for ever", async () => {
  const client = await signedIn(server);
  server.routes.set(`GET /api/messages/${FIRST}`, () => json(message(1, { senderId: ME, rev: 9, content: "as it is" })));
  await client.edit(FIRST, "lost");
  await advance(29_000);
  expect(shown(client).content).toBe("lost");
  await advance(2_000);
  expect(shown(client)).toMatchObject({ content: "as it is", isChanging: false, rev: 9 });
  server.routes.set("GET /api/messages/m_c_1_2", () => problem(503, "unavailable"));
  await client.react("m_c_1_2", "👍");
  await advance(31_000);
  expect(shown(client, "m_c_1_2").reactions).toEqual([]);
});

test("reactions are added, taken away, and told from those of many", async () => {
  const client = await signedIn(server);
  const many = { emoji: "👍", count: 30, userIds: Array.from({ length: 20 }, (_, place) => `u_${String(place)}`) };
  update(5, { reactions: [many, { emoji: "🎉", count: 1, userIds: [ME] }] });
  await client.react(FIRST, "👍");
  await client.react(FIRST, "🎉", { remove: true });
  await client.react(FIRST, "🙈", { remove: true });
  await client.react(FIRST, "👀");
  expect(shown(client).reactions.map(({ emoji, count }) => [emoji, count])).toEqual([["👍", 31], ["👀", 1]]);
  update(6, { reactions: [{ ...many, count: 31 }, { emoji: "👀", count: 1, userIds: [ME] }] });
  expect(shown(client)).toMatchObject({ isChanging: false, reactions: [{ count: 31 }, { count: 1 }] });
  await client.react(FIRST, "👍", { remove: true });
  expect(shown(client).reactions[0]?.count).toBe(30);
  update(7, { reactions: [many] });
  expect(shown(client)).toMatchObject({ isChanging: false, reactions: [{ count: 30 }] });
  // One that is there already makes no difference, and no event.
  update(8, { reactions: [{ emoji: "👀", count: 1, userIds: [ME] }] });
  await client.react(FIRST, "👀");
  expect(shown(client)).toMatchObject({ isChanging: false, reactions: [{ emoji: "👀", count: 1 }] });
});

test("a deleted message shows no change, and none is waited for", async () => {
  const client = await signedIn(server);
  await client.edit(FIRST, "too late");
  server.socket.tell({ event: "message:delete", data: { conversationId: "c_1", messageId: FIRST, seq: 1, rev: 5 } });
  expect(shown(client)).toMatchObject({ content: null, isDeleted: true, isChanging: false });
  await client.react(FIRST, "👍");
  expect(shown(client)).toMatchObject({ reactions: [], isChanging: false });
  await client.edit("m_that_is_not_here", "unseen");
});

test("a message is shown the same whether an event or a sync told of its deletion", async () => {
  const client = await signedIn(server);
  server.socket.tell({ event: "message:delete", data: { conversationId: "c_1", messageId: FIRST, seq: 1, rev: 5 } });
  const told = shown(client);
  const tombstone = message(1, { senderId: ME, rev: 5, content: null, editedAt: at(7), deletedAt: at(8) });
  server.pages = [{ changes: [{ conversation: conversation({ rev: 5, lastSeq: 3 }), messages: [tombstone], members: [] }], complete: true, token: "t2" }];
  server.socket.fall();
  await advance(1_000);
  expect(client.store.getConversation("c_1")?.rev).toBe(5);
  expect(shown(client)).toEqual(told);
});
