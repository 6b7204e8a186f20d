import { afterEach, expect, test } from "vitest";
import { contents, newPerson, signIn, stopAll, stored, until } from "./people.js";

afterEach(stopAll);

test("two people talk, and the ticks turn", async () => {
  const ann = await newPerson("ann");
  const ben = await newPerson("ben");
  const { conversationId } = await ann.client.openDirect(ben.userId);
  await until(() => ben.client.store.getConversation(conversationId), "ben's conversation");
  const annSees = ann.client.openMessages(conversationId);
  const benSees = ben.client.openMessages(conversationId);
  const heard: (string | null)[] = [];
  ben.client.on("message", ({ message }) => heard.push(message.content));

  const sent = ann.client.send(conversationId, "Hello Ben");
  expect(sent.state).toBe("pending");
  expect(contents(annSees)).toEqual(["Hello Ben"]);
  const [received] = await stored(benSees, 1);
  expect(received).toMatchObject({ content: "Hello Ben", isOwn: false, senderId: ann.userId });
  expect(heard).toEqual(["Hello Ben"]);
  expect(ben.client.store.getUnreadCount()).toBe(1);
  await until(() => annSees.getSnapshot().items[0]?.state === "delivered", "delivered");
  ben.client.markRead(conversationId);
  expect(ben.client.store.getUnreadCount()).toBe(0);
  await until(() => annSees.getSnapshot().items[0]?.state === "read", "read");
  expect(annSees.getSnapshot().items[0]?.key).toBe(sent.key);
  expect(ann.client.store.getReceipts(conversationId, 1)).toEqual({ deliveredTo: [ben.userId], readBy: [ben.userId] });

  ben.client.send(conversationId, { content: "Hello Ann", replyTo: received?.messageId ?? null });
  await stored(annSees, 2);
  const [first] = annSees.getSnapshot().items;
  await ann.client.edit(first?.messageId ?? "", "Hello dear Ben");
  await ben.client.react(first?.messageId ?? "", "👍");
  await until(() => benSees.getSnapshot().items[0]?.content === "Hello dear Ben" && benSees.getSnapshot().items[0]?.reactions.length === 1);
  await ann.client.delete(first?.messageId ?? "");
  await until(() => benSees.getSnapshot().items[0]?.isDeleted, "a tombstone");
  expect(benSees.getSnapshot().items[0]).toMatchObject({ content: null, reactions: [] });
});

test("who was away catches up, in order and whole, and what was sent meanwhile arrives once", async () => {
  const ann = await newPerson("ann");
  const sockets: WebSocket[] = [];
  let isCut = false;
  class Cuttable extends WebSocket {
    constructor(url: string) {
      super(isCut ? "ws://127.0.0.1:9/" : url);
      sockets.push(this);
    }
  }
  const platform = { WebSocket: Cuttable as never, fetch: (...call: Parameters<typeof fetch>) => (isCut ? Promise.reject(new TypeError("cut")) : fetch(...call)) };
  const ben = await newPerson("ben", { platform });
  const { conversationId } = await ann.client.openDirect(ben.userId);
  await until(() => ben.client.store.getConversation(conversationId), "ben's conversation");
  const annSees = ann.client.openMessages(conversationId);
  const benSees = ben.client.openMessages(conversationId);
  ann.client.send(conversationId, "first");
  await stored(benSees, 1);
  await stored(annSees, 1);

  isCut = true;
  for (const socket of sockets) socket.close();
  await until(() => ben.client.getConnection().status === "waiting", "the cut");
  for (let number = 0; number < 50; number += 1) ann.client.send(conversationId, `number ${String(number)}`);
  ben.client.send(conversationId, "from afar");
  const shown = await stored(annSees, 51);
  await ann.client.edit(shown[10]?.messageId ?? "", "edited meanwhile");
  await until(() => annSees.getSnapshot().items[10]?.content === "edited meanwhile", "the edit");
  expect(contents(benSees)).toEqual(["first", "from afar"]);

  isCut = false;
  ben.client.reconnect();
  const after = await stored(benSees, 52);
  expect(after.map((message) => message.seq)).toEqual(Array.from({ length: 52 }, (_, place) => place + 1));
  expect(after[10]?.content).toBe("edited meanwhile");
  await stored(annSees, 52);
  expect(contents(annSees).filter((content) => content === "from afar")).toHaveLength(1);
});

test("two devices of one person, a group, a removal, and members", async () => {
  const [ann, ben, cem] = [await newPerson("ann"), await newPerson("ben"), await newPerson("cem")];
  const other = await signIn(ann.username);
  const { conversationId } = await ann.client.createGroup({ name: "Three", memberIds: [ben.userId, cem.userId] });
  for (const client of [other, ben.client, cem.client]) await until(() => client.store.getConversation(conversationId), "the group");
  ann.client.send(conversationId, "one");
  const otherSees = other.openMessages(conversationId);
  await stored(otherSees, 1);
  await until(() => ann.client.store.getConversation(conversationId)?.lastMessage?.state === "delivered", "delivery to all");
  const gone = new Promise((resolve) => cem.client.on("removed", resolve));
  await ann.client.changeMembers(conversationId, { remove: [cem.userId] });
  await until(() => cem.client.store.getConversation(conversationId) === undefined, "cem's removal");
  await gone;
  await until(() => ben.client.store.getConversation(conversationId)?.memberCount === 2, "the count");
  ann.client.send(conversationId, "two");
  await stored(otherSees, 2);
  await ann.client.changeMembers(conversationId, { add: [cem.userId] });
  await until(() => cem.client.store.getConversation(conversationId), "cem's return");
  const cemSees = cem.client.openMessages(conversationId);
  await stored(cemSees, 2);
  await until(() => ben.client.store.getConversation(conversationId)?.memberCount === 3, "the count");
  await ann.client.renameGroup(conversationId, "Again three");
  await until(() => cem.client.store.getConversation(conversationId)?.title === "Again three", "the name");
  expect((await ben.client.loadMembers(conversationId)).map((member) => member.userId).sort()).toEqual([ann.userId, ben.userId, cem.userId].sort());
  expect(cem.client.store.getUnreadCount()).toBe(0);
});

test("typing, presence, rooms", async () => {
  const [ann, ben] = [await newPerson("ann"), await newPerson("ben")];
  const { conversationId } = await ann.client.openDirect(ben.userId);
  await until(() => ben.client.store.getConversation(conversationId), "ben's conversation");
  ann.client.join(conversationId);
  ben.client.join(conversationId);
  ann.client.watchPresence([ben.userId]);
  await until(() => ann.client.store.getPresence(ben.userId)?.online, "ben's presence");
  await until(() => {
    ben.client.setTyping(conversationId, true);
    return ann.client.store.getTyping(conversationId).includes(ben.userId);
  }, "typing");
  ben.client.send(conversationId, "written");
  await until(() => ann.client.store.getTyping(conversationId).length === 0, "the end of typing");
  await ben.client.stop();
  await until(() => ann.client.store.getPresence(ben.userId)?.online === false, "ben's absence");
});
