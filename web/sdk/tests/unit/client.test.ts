import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { advance, FakeServer, json, refusal, settle, signedIn, stopAll, useFakeClock } from "./server.js";
import { conversation, member, message, user } from "./samples.js";

let server: FakeServer;

beforeEach(() => {
  useFakeClock();
  server = new FakeServer();
  server.pages = [{ changes: [{ conversation: conversation({ rev: 4, lastSeq: 3, unreadCount: 3 }), messages: [1, 2, 3].map((seq) => message(seq)), members: [] }], complete: true, token: "t1" }];
});

afterEach(async () => {
  await stopAll();
  vi.useRealTimers();
});

test("what was received is told, once for all of it; what was read too, and until it is known", async () => {
  const client = await signedIn(server);
  await advance(300);
  expect(server.socket.frames("seen").map((frame) => frame.data)).toEqual([{ conversationId: "c_1", seq: 3, status: "delivered" }]);
  server.frames.set("seen", () => refusal("unavailable", true, 1));
  client.markRead("c_1", 2);
  client.markRead("c_1", 1);
  client.markRead("c_9");
  expect(client.store.getUnreadCount()).toBe(1);
  await advance(300);
  server.frames.clear();
  client.markRead("c_1");
  await advance(5_000);
  expect(client.store.getUnreadCount()).toBe(0);
  expect(server.socket.frames("seen").map((frame) => frame.data.seq)).toEqual([3, 2, 3]);
  await advance(60_000);
  expect(server.socket.frames("seen")).toHaveLength(3);
});

test("typing is said at most every three seconds, ends by itself, and with a message", async () => {
  const client = await signedIn(server);
  const said = (): unknown[] => server.socket.frames("typing").map((frame) => frame.data.state);
  for (let turn = 0; turn < 10; turn += 1) {
    client.setTyping("c_1", true);
    await advance(500);
  }
  expect(said()).toEqual(["start", "start"]);
  await advance(5_000);
  expect(said()).toEqual(["start", "start", "stop"]);
  client.setTyping("c_1", true);
  client.send("c_1", "written");
  await advance(6_000);
  expect(said()).toEqual(["start", "start", "stop", "start"]);
  client.setTyping("c_1", false);
  expect(said()).toHaveLength(4);
});

test("others' typing lapses after six seconds, and with their message", async () => {
  const client = await signedIn(server);
  const start = { event: "chat:typing:update" as const, data: { conversationId: "c_1", userId: "u_ben", state: "start" as const } };
  server.socket.tell(start);
  await advance(4_000);
  server.socket.tell(start);
  const typing = client.store.getTyping("c_1");
  await advance(4_000);
  expect(typing).toEqual(["u_ben"]);
  expect(client.store.getTyping("c_1")).toBe(typing);
  await advance(2_000);
  expect(client.store.getTyping("c_1")).toEqual([]);
  server.socket.tell(start);
  server.socket.tell({ event: "chat:receive", data: { message: message(4), rev: 5 } });
  expect(client.store.getTyping("c_1")).toEqual([]);
});

test("an open conversation is joined, again on each socket, and left with the last who opened it", async () => {
  const client = await signedIn(server);
  const [first, second] = [client.join("c_1"), client.join("c_1")];
  await settle();
  expect(server.socket.frames("join")).toHaveLength(1);
  expect(client.store.getPresence("u_ben")?.online).toBe(true);
  server.socket.fall();
  await advance(600);
  expect(server.socket.frames("join")).toHaveLength(1);
  first();
  first();
  expect(server.socket.frames("leave")).toHaveLength(0);
  second();
  expect(server.socket.frames("leave")).toHaveLength(1);
});

test("presence is asked for as long as somebody watches", async () => {
  const client = await signedIn(server);
  const stop = client.watchPresence(["u_ben"]);
  await advance(100);
  expect(client.store.getPresence("u_ben")?.online).toBe(false);
  await advance(60_000);
  expect(server.called("/api/users/presence")).toBe(2);
  stop();
  await advance(120_000);
  expect(server.called("/api/users/presence")).toBe(2);
});

test("changes go over the socket, and over REST without one", async () => {
  const client = await signedIn(server);
  await client.edit("m_1", "new");
  await client.react("m_1", "👍");
  await client.delete("m_1");
  expect(server.socket.sent.slice(-3).map(({ action, data }) => [action, data])).toEqual([
    ["edit", { messageId: "m_1", content: "new" }],
    ["react", { messageId: "m_1", emoji: "👍", remove: false }],
    ["delete", { messageId: "m_1" }],
  ]);
  server.frames.set("edit", () => refusal("conflict", false));
  await expect(client.edit("m_1", "new")).rejects.toMatchObject({ code: "conflict", retryable: false });
  await expect(client.edit("m_1", "")).rejects.toMatchObject({ code: "invalid_request" });
  server.socket.fall();
  await client.edit("m_1", "new");
  await client.react("m_1", "👍", { remove: true });
  await client.delete("m_1");
  const paths = server.calls.slice(-4).map((call) => `${call.method} ${call.path}`);
  for (const path of ["PUT /api/chat/m_1", `DELETE /api/chat/m_1/reactions/${encodeURIComponent("👍")}`, "DELETE /api/chat/m_1"]) expect(paths).toContain(path);
});

test("what was shown to one who signed out is kept for nobody", async () => {
  const page = { changes: [{ conversation: conversation(), messages: [], members: [] }], complete: true, token: "t1" };
  server.pages = [structuredClone(page)];
  const client = await signedIn(server);
  const [list, before] = [client.store.getConversations(), client.store.getConversation("c_1")];
  await client.logout();
  await settle();
  expect(client.store.getConversations()).toEqual([]);
  server.pages = [structuredClone(page)];
  await client.login({ login: "me", password: "secret" });
  await settle();
  // What has not changed is the same object: of a reader that remembered, these would be.
  expect(client.store.getConversation("c_1")).toEqual(before);
  expect(client.store.getConversation("c_1")).not.toBe(before);
  expect(client.store.getConversations()).not.toBe(list);
});

test("groups are changed by REST, and the store follows the answer", async () => {
  const client = await signedIn(server);
  const answer = (changes: object) => () => json(conversation({ rev: 9, lastSeq: 3, ...changes }));
  server.routes.set("POST /api/conversations", (body: { kind: string }) => json(conversation({ conversationId: `c_${body.kind}`, kind: body.kind as "group" })));
  server.routes.set("PATCH /api/groups/c_1/rename", answer({ name: "New" }));
  server.routes.set("PATCH /api/groups/c_1/photo", answer({ rev: 10, photoUrl: "https://x.test/p.png" }));
  server.routes.set("PATCH /api/groups/c_1/members", answer({ rev: 11, memberCount: 7 }));
  server.routes.set("PATCH /api/conversations/c_1", answer({ rev: 11, memberCount: 7, muted: true }));
  expect((await client.openDirect("u_ben")).conversationId).toBe("c_direct");
  expect((await client.createGroup({ name: "G", memberIds: ["u_ben"], photoUrl: "https://x.test/p.png" })).conversationId).toBe("c_group");
  await client.renameGroup("c_1", "New");
  expect(client.store.getConversation("c_1")?.title).toBe("New");
  await client.setGroupPhoto("c_1", "https://x.test/p.png");
  await client.changeMembers("c_1", { add: ["u_eve"] });
  await client.setMuted("c_1", true);
  expect(client.store.getConversation("c_1")).toMatchObject({ memberCount: 7, muted: true });
  expect(client.store.getUnreadCount()).toBe(0);
  await client.setRole("c_1", "u_ben", "admin");
  await client.leaveGroup("c_1");
  await client.deleteGroup("c_group");
  expect(client.store.getConversations().map((one) => one.conversationId)).toEqual(["c_direct"]);
});

test("members are loaded page by page, and people once", async () => {
  const client = await signedIn(server);
  server.routes.set("GET /api/conversations/c_1/members", (_: never, query: URLSearchParams) =>
    query.get("cursor") === null ? json({ items: [member("u_ben")], nextCursor: "n" }) : json({ items: [member("u_cem")], nextCursor: null }),
  );
  expect((await client.loadMembers("c_1")).map((one) => one.userId)).toEqual(["u_ben", "u_cem"]);
  server.routes.set("GET /api/users/u_eve", () => json(user("u_eve")));
  const found = await Promise.all([client.getUser("u_eve"), client.getUser("u_eve"), client.getUser("u_ben")]);
  expect(found.map((one) => one.displayName)).toEqual(["EVE", "EVE", "BEN"]);
  expect(server.called("/api/users/u_eve")).toBe(1);
});

test("a file goes to where the server says, with progress; a refusal is an error", async () => {
  const client = await signedIn(server, { XMLHttpRequest: undefined });
  server.routes.set("POST /api/attachments", (body: object) => {
    expect(body).toEqual({ fileName: "cat.txt", contentType: "text/plain", size: 4 });
    return json({ attachmentId: "a_1", upload: { url: "https://files.test/bucket", fields: { key: "uploads/a_1" } } }, 201);
  });
  let form: FormData | null = null;
  server.routes.set("POST /bucket", (body: FormData) => {
    form = body;
    return new Response(null, { status: 204 });
  });
  const progress: number[] = [];
  const file = new File(["meow"], "cat.txt", { type: "text/plain;charset=utf-8" });
  const attachment = await client.upload(file, { onProgress: (sent) => progress.push(sent) });
  expect(attachment).toMatchObject({ attachmentId: "a_1", fileName: "cat.txt", contentType: "text/plain", size: 4 });
  expect([...((form as FormData | null) ?? new FormData()).keys()]).toEqual(["key", "file"]);
  expect(progress).toEqual([0, 4]);
  URL.revokeObjectURL(attachment.url);
  server.routes.set("POST /bucket", () => new Response(null, { status: 413 }));
  await expect(client.upload(file)).rejects.toMatchObject({ code: "too_large", status: 413 });
  await expect(client.upload(file, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "aborted" });
});

test("what was acknowledged long ago and not seen stored is asked for", async () => {
  const client = await signedIn(server);
  const sent = client.send("c_1", "lost");
  await settle();
  server.routes.set(`GET /api/messages/m_${sent.clientMessageId}`, () => json(message(4, { senderId: "u_me", clientMessageId: sent.clientMessageId, content: "lost" })));
  await advance(31_000);
  server.socket.fall();
  await advance(600);
  expect(client.openMessages("c_1").getSnapshot().items.at(-1)).toMatchObject({ content: "lost", state: "stored", seq: 4 });
});

test("an application's own mistake in a listener disturbs nobody else", async () => {
  const client = await signedIn(server);
  const heard: string[] = [];
  client.on("message", () => {
    throw new Error("mine");
  });
  client.on("message", ({ message: one }) => heard.push(one.content ?? ""));
  const uncaught = new Promise((resolve) => process.once("uncaughtException", resolve));
  server.socket.tell({ event: "chat:receive", data: { message: message(4), rev: 5 } });
  await uncaught;
  expect(heard).toEqual(["number 4"]);
});
