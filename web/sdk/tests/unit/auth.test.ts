import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { advance, FakeLocks, FakeServer, json, makeChannels, makeClient, problem, settle, signedIn, stopAll, useFakeClock } from "./server.js";
import { conversation, message } from "./samples.js";
import { ParleyError } from "../../src/index.js";

let server: FakeServer;

beforeEach(() => {
  useFakeClock();
  server = new FakeServer();
});

afterEach(async () => {
  await stopAll();
  vi.useRealTimers();
});

function makeBrowser() {
  return { indexedDB: new IDBFactory(), locks: new FakeLocks() as unknown as LockManager, BroadcastChannel: makeChannels() };
}

test("a token is exchanged before it ends, once for all who wait", async () => {
  const client = await signedIn(server);
  await advance(880_000);
  const before = server.called("/api/auth/refresh");
  await Promise.all([client.listSessions(), client.listBlocked(), client.searchUsers("ann")]);
  expect(server.called("/api/auth/refresh")).toBe(before + 1);
  expect(server.calls.at(-1)?.token).toBe(`access-${String(server.tokens)}`);
});

test("a token that is refused is exchanged, and the call made again", async () => {
  const client = await signedIn(server);
  server.good = new Set();
  await Promise.all([client.listSessions(), client.listBlocked()]);
  expect(server.called("/api/auth/refresh")).toBe(1);
});

test("of two tabs one refreshes, and the other takes what it got", async () => {
  const browser = makeBrowser();
  const one = await signedIn(server, browser);
  const two = makeClient(server, browser);
  await two.start();
  await settle();
  server.good = new Set();
  await Promise.all([one.listSessions(), two.listSessions()]);
  expect(server.called("/api/auth/refresh")).toBe(1);
});

test("a session that cannot be refreshed has ended; what waits is kept for its owner", async () => {
  const browser = makeBrowser();
  const client = await signedIn(server, browser);
  server.frames.set("send", () => null);
  client.send("c_1", "kept");
  await settle();
  server.good = new Set();
  server.routes.set("POST /api/auth/refresh", () => problem(401, "unauthorized"));
  await expect(client.listSessions()).rejects.toMatchObject({ code: "unauthorized", status: 401 });
  expect(client.getAuth()).toMatchObject({ status: "signed-out", endedBecause: "expired" });
  expect(() => client.send("c_1", "no")).toThrow(ParleyError);
  server.good = null;
  server.routes.clear();
  await client.login({ login: "me", password: "secret" });
  expect(client.openMessages("c_1").getSnapshot().items.map((item) => item.content)).toEqual(["kept"]);
});

test("a refresh that fails for the network's sake changes nothing", async () => {
  const client = await signedIn(server);
  server.good = new Set();
  server.routes.set("POST /api/auth/refresh", () => Promise.reject(new TypeError("no network")));
  await expect(client.listSessions()).rejects.toMatchObject({ code: "network", retryable: true });
  expect(client.getAuth().status).toBe("signed-in");
});

test("signing out forgets everything, also when the server cannot be told", async () => {
  const browser = makeBrowser();
  const client = await signedIn(server, browser);
  client.send("c_1", "never sent");
  server.routes.set("POST /api/auth/logout", () => problem(503, "unavailable"));
  await client.logout();
  expect(client.getAuth()).toEqual({ status: "signed-out", user: null, endedBecause: null });
  await client.stop();
  const later = makeClient(server, browser);
  expect((await later.start()).status).toBe("signed-out");
  await later.login({ login: "me", password: "secret" });
  expect(later.openMessages("c_1").getSnapshot().items).toEqual([]);
});

test("a reload shows what was there, and asks only for what is new", async () => {
  const browser = makeBrowser();
  server.pages = [{ changes: [{ conversation: conversation({ rev: 3, lastSeq: 2, unreadCount: 2 }), messages: [message(1), message(2)], members: [] }], complete: true, token: "t1" }];
  const before = await signedIn(server, browser);
  await advance(1_000);
  await before.stop();
  const syncs = server.called("/api/sync");
  server.routes.set("POST /api/auth/ws-ticket", () => problem(503, "unavailable"));
  const after = makeClient(server, browser);
  await after.start();
  expect(after.store.isLoaded).toBe(true);
  expect(after.openMessages("c_1").getSnapshot().items.map((item) => item.content)).toEqual(["number 1", "number 2"]);
  expect(after.store.getUnreadCount()).toBe(2);
  server.routes.clear();
  await advance(1_000);
  expect(server.called("/api/sync")).toBe(syncs);
  expect(server.socket.frames("sync")[0]?.data).toEqual({ token: "later" });
});

test("what a device keeps and cannot be read comes anew", async () => {
  const browser = makeBrowser();
  const whole = { changes: [{ conversation: conversation(), messages: [message(1)], members: [] }], complete: true, token: "t1" };
  server.pages = [whole];
  const before = await signedIn(server, browser);
  await advance(1_000);
  await before.stop();
  const [kept] = await browser.indexedDB.databases();
  const spoilt = browser.indexedDB.open(kept?.name ?? "");
  await vi.waitFor(() => { expect(spoilt.readyState).toBe("done"); });
  const places = spoilt.result.transaction(["cache"], "readwrite");
  places.objectStore("cache").put("no conversation", "c_1");
  await new Promise((resolve) => { places.oncomplete = resolve; });
  spoilt.result.close();

  server.pages = [whole];
  const after = makeClient(server, browser);
  const told: Error[] = [];
  after.on("error", (error) => told.push(error));
  await after.start();
  await advance(1_000);
  expect(told).toHaveLength(1);
  expect(after.getConnection().status).toBe("online");
  expect(after.store.getConversations().map((one) => one.conversationId)).toEqual(["c_1"]);
});

test("errors tell what the contract says", async () => {
  const client = await signedIn(server);
  server.routes.set("GET /api/users", () => problem(429, "rate_limited", { "retry-after": "3" }));
  await expect(client.searchUsers("ann")).rejects.toMatchObject({ name: "ParleyError", code: "rate_limited", status: 429, retryAfter: 3, retryable: true, requestId: "r" });
  server.routes.set("GET /api/users", () => new Response("<html>", { status: 502 }));
  await expect(client.searchUsers("ann")).rejects.toMatchObject({ code: "unavailable", status: 502 });
  server.routes.set("GET /api/users", () => new Promise(() => undefined));
  server.routes.set("PATCH /api/users/me", () => json({ userId: "u_me", username: "me", displayName: "New", avatarUrl: null, about: null, createdAt: "x", email: "e" }));
  expect((await client.updateProfile({ displayName: "New" })).displayName).toBe("New");
  expect(client.getAuth().user?.displayName).toBe("New");
});

test("one tab keeps for all, and the next one when it is gone", async () => {
  const browser = makeBrowser();
  const one = await signedIn(server, browser);
  await advance(1_000);
  const two = makeClient(server, browser);
  await two.start();
  await settle();
  await one.stop();
  await settle();
  server.socket.tell({ event: "chat:receive", data: { message: message(1), rev: 2 } });
  await advance(2_000);
  await two.stop();
  server.routes.set("POST /api/auth/ws-ticket", () => problem(503, "unavailable"));
  const three = makeClient(server, browser);
  await three.start();
  expect(three.openMessages("c_1").getSnapshot().items.map((item) => item.content)).toEqual(["number 1"]);
});

test("nothing is done without a connection but to try for one", async () => {
  const client = await signedIn(server);
  server.socket.tell({ event: "chat:receive", data: { message: message(1), rev: 2 } });
  server.routes.set("POST /api/auth/ws-ticket", () => problem(503, "unavailable"));
  server.socket.fall();
  client.markRead("c_1");
  await advance(1_000);
  expect(vi.getTimerCount()).toBeLessThanOrEqual(2); // The next try, and what is to be kept.
  server.routes.clear();
  await advance(30_000);
  expect(server.socket.frames("seen").map((frame) => frame.data.status)).toEqual(["read"]);
});
