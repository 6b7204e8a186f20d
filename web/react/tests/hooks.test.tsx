import { act, createElement, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { conversation, member, message, ME } from "../../sdk/tests/unit/samples.js";
import { FakeServer, json, signedIn, stopAll, advance, useFakeClock } from "../../sdk/tests/unit/server.js";
import {
  ParleyProvider,
  useAuth,
  useConnection,
  useConversation,
  useConversations,
  useMembers,
  useMessage,
  useMessages,
  useParley,
  usePresence,
  useTyping,
  useUnread,
  useUser,
} from "../src/index.js";
import type { ParleyClient } from "@parley/client";
import type { Root } from "react-dom/client";

(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;
let server: FakeServer;
let client: ParleyClient;
let root: Root;

beforeEach(async () => {
  useFakeClock();
  server = new FakeServer();
  server.pages = [{ changes: [{ conversation: conversation({ rev: 4, lastSeq: 3, unreadCount: 3, memberCount: 3 }), messages: [1, 2, 3].map((seq) => message(seq)), members: [member("u_ben"), member(ME)] }], complete: true, token: "t1" }];
  client = await signedIn(server, { indexedDB: undefined });
  root = createRoot(document.createElement("div"));
});

afterEach(async () => {
  await act(async () => {
    root.unmount();
    await stopAll();
  });
  vi.useRealTimers();
});

/** Renders a hook; what it gave last, and how often it was rendered. */
async function render<Value>(use: () => Value): Promise<{ value: Value; count: number }> {
  const seen = { value: undefined as Value, count: 0 };
  function Probe(): null {
    seen.value = use();
    seen.count += 1;
    return null;
  }
  await act(async () => {
    root.render(createElement(StrictMode, null, createElement(ParleyProvider, { client }, createElement(Probe))));
    await advance(0);
  });
  return seen;
}

async function hear(...events: Parameters<FakeServer["socket"]["tell"]>): Promise<void> {
  await act(async () => {
    server.socket.tell(...events);
    await advance(0);
  });
}

test("the lists follow the store, and are rendered only for what they show", async () => {
  const seen = await render(() => ({ ...useConversations(), unread: useUnread(), one: useConversation("c_1"), none: useConversation(null) }));
  expect(seen.value).toMatchObject({ isLoaded: true, unread: 3, none: undefined });
  expect(seen.value.conversations.map((one) => one.unreadCount)).toEqual([3]);
  const { count } = seen;
  await hear({ event: "presence:update", data: { userId: "u_ben", online: true, lastSeenAt: null } });
  expect(seen.count).toBe(count);
  await hear({ event: "chat:receive", data: { message: message(4), rev: 5 } });
  expect(seen.value.unread).toBe(4);
  expect(seen.value.one?.lastMessage?.content).toBe("number 4");
});

test("a window belongs to its component, and another conversation gets another", async () => {
  server.socket.tell({ event: "conversation:create", data: { conversation: conversation({ conversationId: "c_2" }), rev: 1 } });
  let id: string | null = "c_1";
  const seen = await render(() => useMessages(id));
  expect(seen.value.items.map((item) => item.seq)).toEqual([1, 2, 3]);
  await hear({ event: "chat:receive", data: { message: message(4), rev: 5 } });
  expect(seen.value.items).toHaveLength(4);
  await act(async () => {
    await seen.value.loadOlder();
    await seen.value.loadNewer();
    await seen.value.jumpTo(2);
  });
  expect(seen.value.items.map((item) => item.seq)).toEqual([1, 2, 3, 4]);
  id = "c_2";
  await render(() => useMessages(id));
  const other = await render(() => useMessages(id));
  expect(other.value).toMatchObject({ items: [], isLoaded: true });
  id = null;
  expect((await render(() => useMessages(id))).value.isLoaded).toBe(false);
});

test("who is signed in and how the connection is", async () => {
  const seen = await render(() => ({ auth: useAuth(), connection: useConnection(), client: useParley() }));
  expect(seen.value).toMatchObject({ auth: { status: "signed-in" }, connection: { status: "online" }, client });
  await act(async () => {
    server.socket.fall();
    await advance(0);
  });
  expect(seen.value.connection.status).toBe("waiting");
});

test("typing, presence, members and people", async () => {
  server.routes.set("GET /api/users/u_eve", () => json({ ...member("u_eve").user }));
  server.routes.set("GET /api/messages/m_old", () => json({ ...message(1), messageId: "m_old" }));
  server.routes.set("GET /api/conversations/c_1/members", () => json({ items: [member("u_ben"), member(ME), member("u_cem")], nextCursor: null }));
  const seen = await render(() => ({ typing: useTyping("c_1"), presence: usePresence("u_ben"), members: useMembers("c_1"), user: useUser("u_eve"), message: useMessage("c_1", "m_old"), noTyping: useTyping(null), nobody: useUser(null), noMembers: useMembers(null), noMessage: useMessage("c_1", null), noPresence: usePresence(null) }));
  expect(server.socket.frames("join").length).toBeGreaterThan(0);
  await act(() => advance(100));
  expect(seen.value.members.map((one) => one.userId)).toEqual(["u_ben", "u_cem", ME]);
  expect(seen.value.user?.displayName).toBe("EVE");
  expect(seen.value.presence).toBeDefined();
  await hear({ event: "chat:typing:update", data: { conversationId: "c_1", userId: "u_ben", state: "start" } });
  expect(seen.value.typing.typing).toEqual(["u_ben"]);
  await act(() => advance(6_000));
  expect(seen.value.typing.typing).toEqual([]);
  await act(async () => {
    seen.value.typing.setTyping(true);
    seen.value.noTyping.setTyping(true);
    await advance(0);
  });
  expect(server.socket.frames("typing")).toHaveLength(1);
  // Whoever looks next finds them known.
  const asked = server.called("/api/conversations/c_1/members");
  await render(() => useMembers("c_1"));
  await act(() => advance(100));
  expect(server.called("/api/conversations/c_1/members")).toBe(asked);
});

test("without a provider a hook says so", () => {
  expect(() => {
    act(() => {
      root.render(createElement(() => (useParley(), null)));
    });
  }).toThrow("ParleyProvider");
});
