import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { advance, FakeServer, problem, refusal, settle, signedIn, stopAll, useFakeClock } from "./server.js";
import { conversation, message } from "./samples.js";

let server: FakeServer;

beforeEach(() => {
  useFakeClock();
  server = new FakeServer();
});

afterEach(async () => {
  await stopAll();
  vi.useRealTimers();
});

test("it connects by ticket, syncs and is online", async () => {
  const client = await signedIn(server);
  expect(client.getConnection().status).toBe("online");
  expect(server.called("/api/auth/ws-ticket")).toBe(1);
  expect(client.store.getConversations().map((one) => one.conversationId)).toEqual(["c_1"]);
  expect(server.socket.frames("sync").map((frame) => frame.data)).toEqual([{ token: "t1" }]);
});

test("after a loss it waits longer each time, up to half a minute, and resumes by its token", async () => {
  const client = await signedIn(server);
  const first = server.socket;
  server.routes.set("POST /api/auth/ws-ticket", () => problem(500, "internal"));
  first.fall();
  expect(client.getConnection().status).toBe("waiting");
  const waits: number[] = [];
  for (let turn = 0; turn < 9; turn += 1) {
    const { retryAt } = client.getConnection();
    const wait = (retryAt ?? 0) - Date.now();
    waits.push(wait);
    await advance(wait);
  }
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  server.routes.clear();
  client.reconnect();
  await settle();
  expect(client.getConnection().status).toBe("online");
  expect(server.socket).not.toBe(first);
  expect(server.socket.frames("sync")[0]?.data).toEqual({ token: "later" });
});

test("it never comes back before the server wants it to", async () => {
  server.routes.set("POST /api/auth/ws-ticket", () => problem(503, "unavailable", { "retry-after": "7" }));
  const client = await signedIn(server);
  expect((client.getConnection().retryAt ?? 0) - Date.now()).toBe(7_500);
  expect(client.getConnection().error).toMatchObject({ code: "unavailable", retryAfter: 7 });
});

test("a successor is served before the old socket goes", async () => {
  const client = await signedIn(server);
  const old = server.socket;
  client.join("c_1");
  await settle();
  const reconnectBy = new Date(Date.now() + 300_000).toISOString();
  const states: string[] = [];
  client.on("connection", ({ status }) => states.push(status));
  let openAtSync = 0;
  server.frames.set("sync", () => {
    openAtSync = server.openCount;
    return { event: "sync", data: { changes: [], complete: true, token: "t3" } };
  });
  old.tell({ event: "session:expiring", data: { reconnectBy } });
  await advance(239_999);
  expect(server.openCount).toBe(1);
  await advance(2);
  const successor = server.socket;
  expect(successor).not.toBe(old);
  expect(openAtSync).toBe(2);
  expect(successor.frames("join")).toHaveLength(1);
  expect(old.isOpen).toBe(true);
  // Both are heard as long as both are there; what comes twice is shown once.
  const event = { event: "chat:receive" as const, data: { message: message(1), rev: 2 } };
  const heard: unknown[] = [];
  client.on("message", (one) => heard.push(one));
  old.tell(event);
  successor.tell(event);
  await advance(1_000);
  expect(heard).toHaveLength(1);
  expect(old.isOpen).toBe(false);
  expect(server.openCount).toBe(1);
  expect(states).toEqual([]);
});

test("a successor that fails is tried again, and a loss meanwhile is made good", async () => {
  const client = await signedIn(server);
  server.routes.set("POST /api/auth/ws-ticket", () => problem(503, "unavailable"));
  server.socket.tell({ event: "session:expiring", data: { reconnectBy: new Date(Date.now() + 61_000).toISOString() } });
  await advance(1_100);
  expect(server.called("/api/auth/ws-ticket")).toBe(2);
  expect(client.getConnection().status).toBe("online");
  await advance(1_100);
  expect(server.called("/api/auth/ws-ticket")).toBe(3);
  server.socket.fall();
  server.routes.clear();
  await advance(1_000);
  expect(client.getConnection().status).toBe("online");
});

test("a socket that missed something is asked every 25 seconds, whatever it hears, and syncs and joins again", async () => {
  const client = await signedIn(server);
  const { socket } = server;
  client.join("c_1");
  await settle();
  const before = [socket.frames("sync").length, socket.frames("join").length] as const;
  await advance(24_000);
  socket.tell({ event: "chat:receive", data: { message: message(1), rev: 2 } });
  server.frames.set("ping", () => ({ event: "pong", data: { serverTime: "2026-01-01T00:00:00.000Z", missed: true } }));
  server.frames.set("sync", () => ({
    event: "sync",
    data: { changes: [{ conversation: conversation({ rev: 3, lastSeq: 2 }), messages: [message(2)], members: [] }], complete: true, token: "t3" },
  }));
  await advance(1_000);
  expect([socket.frames("sync").length, socket.frames("join").length]).toEqual([before[0] + 1, before[1] + 1]);
  expect(client.store.getMessage(message(2).messageId)).toBeDefined();
  server.frames.delete("ping");
  await advance(25_000);
  expect(socket.frames("ping")).toHaveLength(2);
  expect(socket.frames("sync")).toHaveLength(before[0] + 1);
});

test("a socket whose missing events cannot be had is followed by another", async () => {
  const client = await signedIn(server);
  const first = server.socket;
  server.frames.set("ping", () => ({ event: "pong", data: { serverTime: "2026-01-01T00:00:00.000Z", missed: true } }));
  server.frames.set("sync", () => refusal("forbidden", false));
  await advance(25_000);
  expect(first.isOpen).toBe(false);
  server.frames.clear();
  await advance(500);
  expect(client.getConnection().status).toBe("online");
  expect(server.socket.frames("sync")).toHaveLength(1);
});

test("a connection that does not answer is dropped", async () => {
  const client = await signedIn(server);
  const first = server.socket;
  await advance(25_000);
  expect(first.frames("ping")).toHaveLength(1);
  server.frames.set("ping", () => null);
  await advance(25_000);
  expect(first.isOpen).toBe(true);
  await advance(10_000);
  expect(first.isOpen).toBe(false);
  await advance(500);
  expect(client.getConnection().status).toBe("online");
  expect(server.socket).not.toBe(first);
});

test("what the platform says wakes it: a dead socket is found in seconds, a wait is cut short", async () => {
  const platform = new EventTarget();
  const client = await signedIn(server, { events: [platform] });
  server.frames.set("ping", () => null);
  platform.dispatchEvent(new Event("online"));
  await advance(4_000);
  expect(client.getConnection().status).toBe("waiting");
  platform.dispatchEvent(new Event("visibilitychange"));
  await settle();
  expect(client.getConnection().status).toBe("online");
});

test("without a network it says so and goes on trying", async () => {
  const client = await signedIn(server, { isOnline: () => false });
  server.socket.fall();
  expect(client.getConnection().status).toBe("offline");
  await advance(500);
  expect(client.getConnection().status).toBe("online");
});

test("a socket that does not open in time is given up", async () => {
  server.accepts = false;
  const client = await signedIn(server);
  expect(client.getConnection().status).toBe("connecting");
  await advance(15_000);
  expect(client.getConnection()).toMatchObject({ status: "waiting", error: { code: "timeout" } });
});

test("a jump in rev that is filled in time asks nothing; one that is not is healed by sync", async () => {
  const client = await signedIn(server);
  const { socket } = server;
  const before = socket.frames("sync").length;
  socket.tell({ event: "chat:receive", data: { message: message(2, { rev: 3 }), rev: 3 } });
  await advance(1_900);
  socket.tell({ event: "chat:receive", data: { message: message(1, { rev: 2 }), rev: 2 } });
  await advance(5_000);
  expect(socket.frames("sync")).toHaveLength(before);
  socket.tell({ event: "chat:receive", data: { message: message(4, { rev: 5 }), rev: 5 } });
  server.pages = [{ changes: [{ conversation: conversation({ rev: 5, lastSeq: 4, unreadCount: 4 }), messages: [message(3, { rev: 4 })], members: [] }], complete: true, token: "t5" }];
  await advance(2_000);
  expect(socket.frames("sync")).toHaveLength(before + 1);
  expect(client.store.getConversation("c_1")).toMatchObject({ lastSeq: 4, unreadCount: 4, rev: 5 });
  await advance(10_000);
  expect(socket.frames("sync")).toHaveLength(before + 1);
});

test("a token that is not honoured makes it begin anew", async () => {
  const client = await signedIn(server);
  server.frames.set("sync", (frame) => {
    server.frames.clear();
    expect(frame.data).toEqual({ token: "later" });
    return refusal("sync_token_invalid", false);
  });
  server.pages = [{ changes: [{ conversation: conversation({ conversationId: "c_2", name: "Other" }), messages: [], members: [] }], complete: true, token: "t9" }];
  server.socket.fall();
  await advance(600);
  expect(client.store.getConversations().map((one) => one.conversationId)).toEqual(["c_2"]);
  expect(client.getConnection().status).toBe("online");
});

test("pages are asked for until all are there, and again when the server cannot for a while", async () => {
  server.pages = [
    { changes: [{ conversation: conversation(), messages: [], members: [] }], complete: false, token: "p1" },
    { changes: [{ conversation: conversation({ conversationId: "c_2" }), messages: [], members: [] }], complete: true, token: "p2" },
  ];
  const client = await signedIn(server);
  expect(client.store.getConversations()).toHaveLength(2);
  let tries = 0;
  server.frames.set("sync", () => {
    tries += 1;
    return tries < 3 ? refusal("unavailable", true, 1) : { event: "sync", data: { changes: [], complete: true, token: "p3" } };
  });
  server.socket.fall();
  await advance(500);
  expect(client.getConnection().status).toBe("syncing");
  await advance(5_000);
  expect(client.getConnection().status).toBe("online");
  expect(tries).toBe(3);
});

test("the server ends the session", async () => {
  const client = await signedIn(server);
  server.socket.tell({ event: "session:ended", data: { reason: "password_changed" } });
  await settle();
  expect(client.getAuth()).toEqual({ status: "signed-out", user: null, endedBecause: "password_changed" });
  expect(client.getConnection().status).toBe("idle");
  expect(client.store.getConversations()).toEqual([]);
  expect(server.openCount).toBe(0);
});
