import fc from "fast-check";
import { expect, test } from "vitest";
import { Model } from "./model.js";
import { ME } from "./samples.js";
import { StoreReader } from "../../src/store/reader.js";
import { State } from "../../src/store/state.js";
import type { Place, Step } from "./model.js";
import type { Message } from "../../src/index.js";
import type { ServerEvent } from "../../src/events.js";
import type { ConversationState } from "../../src/store/conversation.js";

// The same cases each time, so that coverage is too; others, and more of them, by hand: RUNS=20000 npx vitest run store.model
const RUNS = process.env.RUNS === undefined ? { numRuns: 300, seed: 1 } : { numRuns: Number(process.env.RUNS) };
const IDS = ["c_1", "c_2"];
const WATCHER = { stored: () => undefined, changed: () => undefined, removed: () => undefined, typed: () => undefined };
const NONE: readonly never[] = [];
const SURROUNDINGS = { outgoing: () => NONE, changes: () => NONE, typing: () => NONE };

function makeState(): State {
  const state = new State(WATCHER, () => Date.UTC(2026, 5, 1));
  state.userId = ME;
  return state;
}

/** What a conversation is made of, as far as the contract says that it must come out the same. */
function facts(state: State): unknown {
  const reader = new StoreReader(state, SURROUNDINGS);
  const show = (conversation: ConversationState): unknown => ({
    name: conversation.told.name,
    lastSeq: conversation.lastSeq,
    memberCount: conversation.memberCount,
    myRole: conversation.myRole,
    updatedAt: conversation.updatedAt,
    own: conversation.own,
    unreadCount: conversation.unreadCount,
    messages: [...conversation.messages.values()].sort((one, other) => one.seq - other.seq).map(known),
    // What somebody sees is the same to the letter.
    shown: reader.showMessages(conversation, 1, conversation.lastSeq),
    members: conversation.members.list(),
  });
  return Object.fromEntries([...state.conversations].sort(([one], [other]) => (one < other ? -1 : 1)).map(([id, conversation]) => [id, show(conversation)]));
}

/** A deletion does not say when it was, nor whether there was an edit just before it. */
function known(message: Message): unknown {
  return message.deletedAt === null ? message : { ...message, deletedAt: true, editedAt: null };
}

function fresh(model: Model): State {
  const state = makeState();
  state.beginRequest(true);
  state.applyPage(structuredClone(model.sync(null)));
  return state;
}

const number = fc.nat(50);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("send" as const), who: number }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom("edit" as const, "delete" as const, "react" as const), which: number }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("seen" as const), who: number, isRead: fc.boolean(), seq: number }) },
  { weight: 1, arbitrary: fc.constant({ kind: "rename" as const }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom("add" as const, "remove" as const, "promote" as const), who: number }) },
);
const steps = fc.array(fc.tuple(fc.constantFrom(...IDS), step), { maxLength: 40 });

/** The same events in another order, some of them twice. */
function shuffle(events: readonly ServerEvent[], keys: readonly number[], reach: number): ServerEvent[] {
  const doubled = events.flatMap((event, place) => ((keys[place % keys.length] ?? 0) % 5 === 0 ? [event, event] : [event]));
  return doubled
    .map((event, place) => ({ event, key: place + ((keys[(place * 7) % keys.length] ?? 0) % reach) }))
    .sort((one, other) => one.key - other.key)
    .map(({ event }) => event);
}

test("all events in any crossing order, some twice, are what a fresh client has", () => {
  fc.assert(
    fc.property(steps, fc.array(number, { minLength: 1 }), fc.constantFrom(1, 4, 200), (done, keys, reach) => {
      const model = new Model(IDS);
      const state = fresh(model);
      const since = model.revs();
      for (const [id, what] of done) model.do(id, what);
      for (const event of shuffle(model.events, keys, reach)) state.apply(event);
      const rejoined = [...model.places.values()].filter((place) => place.joinedRev > 1);
      // What changed while the caller was away was told to nobody here: it is a gap, and sync fills it.
      if (rejoined.length === 0) expect(state.hasGap).toBe(false);
      else if (state.hasGap) heal(state, model, since);
      for (const place of rejoined) load(state, place);
      expectSame(state, fresh(model));
    }),
    RUNS,
  );
});

test("events that are lost, and sync at any time, are what a fresh client has", () => {
  fc.assert(
    fc.property(steps, steps, fc.array(number, { minLength: 1 }), fc.array(fc.boolean(), { minLength: 1 }), (before, after, keys, lost) => {
      const model = new Model(IDS);
      const state = makeState();
      for (const [id, what] of before) model.do(id, what);
      state.beginRequest(true);
      const page = structuredClone(model.sync(null));
      const since = model.revs();
      const early = model.events.splice(0);
      for (const event of shuffle(early, keys, 4).filter((_, place) => lost[place % lost.length] !== true)) state.apply(event);
      state.applyPage(page);
      for (const [id, what] of after) model.do(id, what);
      // The answer may come in the middle of what it tells of, and what was told before it after it.
      const events = shuffle([...early.slice(-5), ...model.events], keys, 10).filter((_, place) => lost[(place * 3) % lost.length] !== true);
      const half = events.slice(0, events.length / 2);
      for (const event of half) state.apply(event);
      heal(state, model, since);
      for (const event of events.slice(half.length)) state.apply(event);
      heal(state, model, since);
      expectSame(state, fresh(model));
    }),
    RUNS,
  );
});

test("a sync that begins anew drops what is gone", () => {
  fc.assert(
    fc.property(steps, steps, (before, after) => {
      const model = new Model(IDS);
      for (const [id, what] of before) model.do(id, what);
      const state = fresh(model);
      for (const [id, what] of after) model.do(id, what);
      state.beginRequest(true);
      state.applyPage(structuredClone(model.sync(null)));
      expectSame(state, fresh(model));
    }),
    RUNS,
  );
});

/** Loads what no event tells to somebody who comes back: what was said before, and who is there. */
function load(state: State, place: Place): void {
  const conversation = state.conversations.get(place.id);
  if (conversation === undefined) return;
  state.putMembers(place.id, [...place.members.values()], conversation.newestRev);
  state.putMessages(structuredClone(place.messages));
}

function heal(state: State, model: Model, since: ReadonlyMap<string, number>): void {
  state.beginRequest(false);
  state.applyPage(structuredClone(model.sync(since)));
}

function expectSame(state: State, wanted: State): void {
  expect(facts(state)).toEqual(facts(wanted));
}
