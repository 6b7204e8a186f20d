import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { advance, FakeLocks, FakeServer, json, makeChannels, makeClient, problem, refusal, settle, signedIn, stopAll, useFakeClock } from "./server.js";
import { ME, message } from "./samples.js";
import type { Sent } from "./server.js";
import type { ParleyClient } from "../../src/index.js";

let server: FakeServer;

beforeEach(() => {
  useFakeClock();
  server = new FakeServer();
});

afterEach(async () => {
  await stopAll();
  vi.useRealTimers();
});

interface Body {
  readonly clientMessageId: string;
  readonly content: string;
}

/** The contents of each frame that was sent. */
function batches(): string[][] {
  return server.sockets.flatMap((socket) => socket.frames("send")).map((frame) => (frame.data.messages as Body[]).map((body) => body.content));
}

function states(client: ParleyClient): unknown[] {
  const window = client.openMessages("c_1");
  const shown = window.getSnapshot().items.map((item) => [item.content, item.state]);
  window.close();
  return shown;
}

test("it shows at once, sends in order, and lets go of what is stored", async () => {
  const client = await signedIn(server);
  const first = client.send("c_1", "one");
  for (let number = 2; number <= 60; number += 1) client.send("c_1", String(number));
  expect(states(client)).toHaveLength(60);
  expect(client.store.getConversation("c_1")?.lastMessage?.content).toBe("60");
  await settle();
  expect(batches().map((batch) => batch.length)).toEqual([25, 25, 10]);
  expect(batches().flat()).toEqual(["one", ...Array.from({ length: 59 }, (_, place) => String(place + 2))]);
  expect(states(client)[0]).toEqual(["one", "accepted"]);
  const stored = message(1, { senderId: ME, clientMessageId: first.clientMessageId, content: "one" });
  server.socket.tell({ event: "chat:receive", data: { message: stored, rev: 2 } });
  expect(states(client)[0]).toEqual(["one", "stored"]);
  expect(states(client)).toHaveLength(60);
  expect(client.store.getUnreadCount()).toBe(0);
});

test("without a connection it waits, and is sent once there is one", async () => {
  const client = await signedIn(server);
  server.routes.set("POST /api/auth/ws-ticket", () => problem(503, "unavailable"));
  server.socket.fall();
  client.send("c_1", "from afar");
  await advance(3_000);
  expect(states(client)).toEqual([["from afar", "pending"]]);
  server.routes.clear();
  await advance(30_000);
  expect(batches()).toEqual([["from afar"]]);
});

test("what is not acknowledged is sent again as it was, before what came later", async () => {
  const client = await signedIn(server);
  server.frames.set("send", () => null);
  client.send("c_1", "one");
  await settle();
  client.send("c_1", "two");
  server.socket.fall();
  server.frames.clear();
  await advance(500);
  expect(batches()).toEqual([["one"], ["one", "two"]]);
  const ids = server.sockets.flatMap((socket) => socket.frames("send")).map((frame) => (frame.data.messages as Body[])[0]?.clientMessageId);
  expect(ids[0]).toBe(ids[1]);
});

test("it waits as long as it is told to, and keeps the order", async () => {
  const client = await signedIn(server);
  let turn = 0;
  server.frames.set("send", (frame: Sent) => {
    turn += 1;
    if (turn === 1) return refusal("rate_limited", true, 2);
    const results = (frame.data.messages as Body[]).map(({ clientMessageId }, place) =>
      turn === 2 && place > 0 ? { clientMessageId, status: "refused", code: "unavailable" } : { clientMessageId, status: "accepted", messageId: `m_${clientMessageId}` },
    );
    return { event: "chat:send:ack", data: { results } };
  });
  client.send("c_1", "one");
  client.send("c_1", "two");
  client.send("c_1", "three");
  await advance(2_400);
  expect(turn).toBe(1);
  await advance(200);
  expect(states(client)).toEqual([["one", "accepted"], ["two", "pending"], ["three", "pending"]]);
  await advance(2_000);
  expect(batches().at(-1)).toEqual(["two", "three"]);
  expect(states(client).map((state) => (state as string[])[1])).toEqual(["accepted", "accepted", "accepted"]);
});

test("what is refused for good fails alone, and can be sent again or discarded", async () => {
  const client = await signedIn(server);
  const failed: unknown[] = [];
  client.on("failed", ({ message: one }) => failed.push([one.content, one.error?.code]));
  server.frames.set("send", (frame: Sent) => {
    const results = (frame.data.messages as Body[]).map(({ clientMessageId, content }) =>
      content === "bad" ? { clientMessageId, status: "refused", code: "blocked" } : { clientMessageId, status: "accepted", messageId: `m_${clientMessageId}` },
    );
    return { event: "chat:send:ack", data: { results } };
  });
  const bad = client.send("c_1", "bad");
  const good = client.send("c_1", "good");
  await settle();
  expect(failed).toEqual([["bad", "blocked"]]);
  expect(states(client)).toEqual([["bad", "failed"], ["good", "accepted"]]);
  server.frames.clear();
  client.retry(bad.clientMessageId);
  client.retry(good.clientMessageId);
  client.retry("nothing");
  await settle();
  expect(states(client)).toEqual([["good", "accepted"], ["bad", "accepted"]]);
  expect(await client.discard(bad.clientMessageId)).toBe(false);
  server.frames.set("send", () => refusal("forbidden", false));
  const other = client.send("c_1", "other");
  await settle();
  expect(await client.discard(other.clientMessageId)).toBe(true);
  expect(states(client)).toHaveLength(2);
});

test("a frame that is refused whole is taken apart", async () => {
  const client = await signedIn(server);
  server.frames.set("send", (frame: Sent) => {
    const messages = frame.data.messages as Body[];
    if (messages.some((body) => body.content === "malformed")) return refusal("invalid_request", false);
    return { event: "chat:send:ack", data: { results: messages.map(({ clientMessageId }) => ({ clientMessageId, status: "accepted", messageId: `m_${clientMessageId}` })) } };
  });
  for (const content of ["one", "malformed", "three"]) client.send("c_1", content);
  await settle();
  expect(states(client)).toEqual([["one", "accepted"], ["malformed", "failed"], ["three", "accepted"]]);
});

test("frames stay below their limit, and what is longer goes over REST, in its place", async () => {
  const client = await signedIn(server);
  const order: string[] = [];
  server.routes.set("POST /api/chat/send", (body: Body) => {
    order.push("rest");
    return json({ clientMessageId: body.clientMessageId, status: "accepted", messageId: "m_long" }, 202);
  });
  server.frames.set("send", (frame: Sent) => {
    order.push(`socket ${String((frame.data.messages as Body[]).length)}`);
    expect(JSON.stringify(frame).length).toBeLessThan(32 * 1024);
    return { event: "chat:send:ack", data: { results: (frame.data.messages as Body[]).map(({ clientMessageId }) => ({ clientMessageId, status: "accepted", messageId: `m_${clientMessageId}` })) } };
  });
  for (let number = 0; number < 4; number += 1) client.send("c_1", "x".repeat(8_000));
  client.send("c_1", "😀".repeat(8_000));
  client.send("c_1", "after");
  await settle();
  expect(order).toEqual(["socket 3", "socket 1", "rest", "socket 1"]);
});

test("a draft that can never be sent is refused at once", async () => {
  const client = await signedIn(server);
  for (const content of ["", "  \n", "x".repeat(8_001), "a\0b", "\ud800"]) expect(() => client.send("c_1", content)).toThrow(expect.objectContaining({ code: "invalid_request" }) as Error);
  expect(() => client.send("c_1", { content: "x", mentions: Array.from({ length: 51 }, String) })).toThrow();
  const file = { attachmentId: "a_1", fileName: "cat.png", contentType: "image/png", size: 1, url: "blob:x" };
  expect(() => client.send("c_1", { content: "x", attachments: Array.from({ length: 11 }, () => file) })).toThrow();
  const sent = client.send("c_1", { content: "", attachments: [file] });
  expect(sent).toMatchObject({ content: "cat.png", type: "attachment", attachments: [file] });
  await settle();
  expect(server.socket.frames("send")[0]?.data).toMatchObject({ messages: [{ attachments: ["a_1"], type: "attachment" }] });
});

test("what waits survives a reload, and what was acknowledged is not sent again", async () => {
  const platform = { indexedDB: new IDBFactory(), locks: new FakeLocks() as unknown as LockManager, BroadcastChannel: makeChannels() };
  const before = await signedIn(server, platform);
  before.send("c_1", "acknowledged");
  await settle();
  server.frames.set("send", () => null);
  before.send("c_1", "on its way");
  await settle();
  await before.stop();
  server.frames.clear();

  const after = makeClient(server, platform);
  expect((await after.start()).status).toBe("signed-in");
  expect(states(after)).toEqual([["acknowledged", "accepted"], ["on its way", "pending"]]);
  await settle();
  expect(batches()).toEqual([["acknowledged"], ["on its way"], ["on its way"]]);
  const ids = server.sockets.flatMap((socket) => socket.frames("send")).map((frame) => (frame.data.messages as Body[])[0]?.clientMessageId);
  expect(ids[1]).toBe(ids[2]);
});

test("two tabs show the same and send each message once, in order", async () => {
  const platform = { indexedDB: new IDBFactory(), locks: new FakeLocks() as unknown as LockManager, BroadcastChannel: makeChannels() };
  const one = await signedIn(server, platform);
  const two = makeClient(server, platform);
  await two.start();
  await settle();
  expect(server.openCount).toBe(2);
  one.send("c_1", "first of one");
  two.send("c_1", "first of two");
  one.send("c_1", "second of one");
  await advance(1_000);
  const sent = batches().flat();
  expect([...sent].sort()).toEqual(["first of one", "first of two", "second of one"]);
  expect(sent.indexOf("first of one")).toBeLessThan(sent.indexOf("second of one"));
  expect(states(two)).toEqual(states(one));
  await one.logout();
  await settle();
  expect(two.getAuth().status).toBe("signed-out");
  expect(two.store.getConversations()).toEqual([]);
});
