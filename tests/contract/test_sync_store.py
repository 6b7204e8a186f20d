"""SyncStore: one suite for the fake and the real, and sync over the real one while others write."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from pymongo import MongoClient

from parley.domain.models import AcceptedChange, AcceptedReceipt, Conversation, Identity, Membership, Message, User
from parley.domain.sync import SyncPage
from parley.domain.times import truncate_to_ms
from parley.ports import ConversationChange, ConversationReader, MessageSpan
from parley.security.sync_tokens import HmacSyncTokenCodec
from parley.services.syncing import Sync
from parley.stores.mongo import MongoStores
from tests.contract.conftest import Stores, SystemClock
from tests.contract.samples import NOW, a_conversation, a_user, an_accepted_message, append_all, at_once, unique

LATER = NOW + timedelta(minutes=1)
LATEST = NOW + timedelta(minutes=2)


def create(stores: Stores, *user_ids: str, count: int = 0) -> str:
    conversation, members = a_conversation(*user_ids)
    stores.conversations.create_conversation(conversation, members)
    append(stores, conversation.conversation_id, user_ids[0], count)
    return conversation.conversation_id


def append(stores: Stores, place: str, sender_id: str, count: int) -> list[str]:
    accepted = [an_accepted_message(place, sender_id=sender_id) for _ in range(count)]
    append_all(stores.messages, accepted, LATER)
    return [message.message_id for message in accepted]


def test_places_and_stamps(stores: Stores) -> None:
    ada, bob = unique("u_"), unique("u_")
    quiet, written, read = create(stores, ada, bob), create(stores, ada, bob, count=2), create(stores, ada, bob)
    create(stores, bob)
    stores.conversations.move_pointers([AcceptedReceipt(written, bob, "read", 1, NOW)], LATEST)
    ids = [quiet, written, read]

    with stores.sync.read() as reader:
        places = reader.list_places(ada)
        everything = reader.list_stamps(ids, None)
        changed = reader.list_stamps(ids, LATER)
        latest = reader.list_stamps(ids, LATEST)
        assert reader.list_stamps([], None) == {}

    assert places.keys() == set(ids)
    assert {place.joined_rev for place in places.values()} == {1}
    assert {name: stamp.known for name, stamp in everything.items()} == {quiet: (1, 0), written: (3, 1), read: (1, 0)}
    assert changed.keys() == latest.keys() == {written}
    assert latest[written].changed_at == LATEST


def test_what_was_muted_is_told_as_receipts_are(stores: Stores) -> None:
    ada, bob = unique("u_"), unique("u_")
    place, other = create(stores, ada, bob), create(stores, ada, bob)
    stores.conversations.move_pointers([AcceptedReceipt(other, bob, "read", 0, NOW)], LATER)
    for receipts, muted in ((1, True), (2, False), (3, True)):
        at = LATEST + timedelta(minutes=receipts)
        changed = stores.conversations.set_muted(ada, place, muted=muted, now=at)
        assert changed is not None
        assert changed.muted is muted
        with stores.sync.read() as reader:
            stamps = reader.list_stamps([place, other], at)
            assert {name: (stamp.known, stamp.changed_at) for name, stamp in stamps.items()} == {
                place: ((1, receipts), at)
            }
            assert reader.list_places(ada)[place].membership.muted is muted
            assert not reader.list_places(bob)[place].membership.muted
    assert stores.conversations.set_muted(ada, "c_nowhere", muted=True, now=LATEST) is None
    with stores.sync.read() as reader:
        assert reader.list_stamps(["c_nowhere"], None) == {}


def test_one_device_hears_what_the_other_muted(stores: Stores) -> None:
    user = a_user()
    stores.users.insert_user(user, "hash")
    identity, place = Identity(user.user_id, "s_1"), create(stores, user.user_id, count=1)
    clock = _MillisecondClock()
    sync = Sync(store=stores.sync, users=stores.users, tokens=HmacSyncTokenCodec("k" * 32), clock=clock)
    _, token = sync.sync(identity, None)
    for muted in (True, False):
        stores.conversations.set_muted(user.user_id, place, muted=muted, now=clock.now())
        page, token = sync.sync(identity, token)
        assert [(change.view.membership.muted if change.view else None) for change in page.changes] == [muted]
        assert [change.messages for change in page.changes] == [()]
        page, token = sync.sync(identity, token)
        assert page.changes == ()


def test_places_know_of_earlier_stays(stores: Stores) -> None:
    ada, bob = unique("u_"), unique("u_")
    place = create(stores, ada, bob)

    def put(member: Membership | None, now: datetime) -> None:
        def decide(reader: ConversationReader) -> ConversationChange:
            before = reader.conversation
            after = replace(before, rev=before.rev + 1, members_rev=before.rev + 1, updated_at=now)
            return ConversationChange(after, added=(member,)) if member else ConversationChange(after, removed=(bob,))

        stores.conversations.change_conversation(place, decide, now)

    was = stores.conversations.find_memberships(bob, [place])[place]
    moments = [LATER + timedelta(hours=number) for number in range(40)]
    for left, back in zip(moments[::2], moments[1::2], strict=True):
        put(None, left)
        put(replace(was, joined_at=back), back)
        with stores.sync.read() as reader:
            earlier = reader.list_places(bob)[place].earlier
            assert reader.list_places(ada)[place].earlier == ()
        assert earlier[0][0] == NOW
        assert earlier[-1] == (NOW if left == LATER else left - timedelta(hours=1), left)
        assert len(earlier) <= 20


def test_messages_come_in_the_order_of_their_changes(stores: Stores) -> None:
    here, there = sorted([create(stores, "u_ada"), create(stores, "u_ada", count=1)])
    first, *_ = append(stores, here, "u_ada", 4)
    append(stores, there, "u_ada", 2)
    with stores.sync.read() as reader:
        before = reader.list_changed_messages([MessageSpan(here, NOW, 0)], 100)
    stores.messages.apply_changes([AcceptedChange(unique("x_"), "delete", first, here, "u_ada", NOW)], LATEST)

    def found(*spans: MessageSpan, limit: int = 100) -> list[tuple[str, int]]:
        with stores.sync.read() as reader:
            rows = reader.list_changed_messages(spans, limit)
        return [(message.conversation_id, message.rev) for _, message in rows]

    last = max(message.rev for _, message in before)
    revs = [message.rev for _, message in before]
    expected = [(here, rev) for rev in [*revs[1:], last + 1]]
    assert found(MessageSpan(here, NOW, 0)) == expected
    assert found(MessageSpan(here, LATEST, 0)) == expected[-1:]
    assert found(MessageSpan(here, NOW, last)) == expected[-1:]
    assert found(MessageSpan(here, NOW, 0, (LATER, revs[1]))) == expected[1:]
    assert found(MessageSpan(here, NOW, 0, (LATEST, last + 1))) == []
    both = found(MessageSpan(there, NOW, 0), MessageSpan(here, NOW, 0, (LATER, revs[1])))
    assert both[: len(expected) - 1] == expected[1:]
    assert {name for name, _ in both[len(expected) - 1 :]} == {there}
    assert found(MessageSpan(there, NOW, 0), MessageSpan(here, NOW, 0), limit=2) == expected[:2]
    assert found() == []


def test_tails(stores: Stores) -> None:
    here, there = sorted([create(stores, "u_ada", count=5), create(stores, "u_ada", count=3)])
    counts = {here: 0, there: 0}
    with stores.sync.read() as reader:
        whole = reader.list_tails({here: 0, there: 0}, 100)
        for message in whole:
            counts[message.conversation_id] += 1
        rows = reader.list_tails({here: counts[here] - 1, there: 1}, 2)
        assert reader.list_tails({}, 10) == []
    assert sorted(counts.values()) == [3, 5]
    assert [(row.conversation_id, row.seq) for row in rows] == [(here, counts[here]), (there, 2)]


def test_members_with_how_far_their_conversation_was(stores: Stores) -> None:
    here, there = create(stores, "u_ada", "u_bob", count=2), create(stores, "u_ada", "u_cy")
    stores.conversations.move_pointers([AcceptedReceipt(here, "u_bob", "read", 1, NOW)], LATEST)

    with stores.sync.read() as reader:
        changed = reader.list_changed_members([here, there], LATER, [])
        latest = reader.list_changed_members([here, there], LATEST, [there])
        assert reader.list_changed_members([], NOW, []) == {}

    assert [(state.user_id, state.known) for state in changed[here]] == [("u_ada", (3, 0)), ("u_bob", (1, 1))]
    assert there not in changed
    assert [state.user_id for state in latest[here]] == ["u_bob"]
    assert latest[here][0].membership == stores.conversations.find_memberships("u_bob", [here])[here]
    assert [(state.user_id, state.known) for state in latest[there]] == [("u_ada", (1, 0)), ("u_cy", (1, 0))]


def test_a_reader_sees_one_moment(stores: Stores) -> None:
    place = create(stores, "u_ada", count=1)
    done = threading.Event()

    def write() -> None:
        append(stores, place, "u_ada", 1)
        done.set()

    with stores.sync.read() as reader:
        before = reader.find_conversations([place])[place]
        writer = threading.Thread(target=write)
        writer.start()
        done.wait(timeout=0.3)
        rows = reader.list_changed_messages([MessageSpan(place, NOW, 0)], 10)
        assert len(rows) == before.last_seq
    writer.join(timeout=30)
    with stores.sync.read() as reader:
        assert reader.find_conversations([place])[place].last_seq == 2


class _Client:
    """Keeps what sync gives."""

    def __init__(self, sync: Sync, identity: Identity) -> None:
        self._sync, self._identity = sync, identity
        self._token: str | None = None
        self.messages: dict[str, Message] = {}
        self.members: dict[tuple[str, str], Membership] = {}
        self.conversations: dict[str, Conversation] = {}

    def ask(self) -> SyncPage:
        page, self._token = self._sync.sync(self._identity, self._token, limit=7)
        for change in page.changes:
            assert change.view is not None
            self.conversations[change.conversation_id] = change.view.conversation
            self.messages |= {message.message_id: message for message in change.messages}
            for member in change.members:
                assert member.membership is not None
                self.members[change.conversation_id, member.user_id] = member.membership
        return page


class _Writers:
    """People who write, change and read at random, by clocks that are apart."""

    def __init__(self, stores: Stores, names: list[str], places: list[str]) -> None:
        self._stores, self._names, self._places = stores, names, places
        self._clock = _MillisecondClock()

    def send(self, number: int) -> None:
        chance = random.Random(number)
        for _ in range(12):
            place = chance.choice(self._places)
            accepted = [an_accepted_message(place, sender_id=self._names[number]) for _ in range(3)]
            late = timedelta(seconds=chance.choice([0, 5, 40]))
            self._stores.messages.append_messages(accepted, self._clock.now() - late)

    def change(self) -> None:
        chance = random.Random(9)
        for _ in range(15):
            place = chance.choice(self._places)
            for message in self._stores.messages.list_messages(place, limit=3):
                self._edit(message)
            receipts = [AcceptedReceipt(place, name, "read", chance.randrange(30), NOW) for name in self._names[1:]]
            self._stores.conversations.move_pointers(receipts, self._clock.now())

    def _edit(self, message: Message) -> None:
        edit = AcceptedChange(
            unique("x_"), "edit", message.message_id, message.conversation_id, message.sender_id, NOW, unique("text ")
        )
        self._stores.messages.apply_changes([edit], self._clock.now())


@pytest.mark.timeout(240)
def test_pages_asked_for_while_others_write_come_to_what_a_fresh_client_reads(stores: Stores) -> None:
    people: list[User] = [a_user() for _ in range(4)]
    for user in people:
        stores.users.insert_user(user, "hash")
    names = [user.user_id for user in people]
    places = [create(stores, *names) for _ in range(3)]
    tokens, clock = HmacSyncTokenCodec("k" * 32), _MillisecondClock()
    client = _Client(Sync(store=stores.sync, users=stores.users, tokens=tokens, clock=clock), Identity(names[0], "s_1"))
    writers, is_over = _Writers(stores, names, places), threading.Event()
    while not client.ask().complete:
        pass  # the first state, which brings only the latest messages, before anything is written

    def ask() -> None:
        while not is_over.is_set():
            client.ask()

    def write() -> None:
        at_once([lambda: writers.send(1), lambda: writers.send(2), writers.change])
        is_over.set()

    at_once([write, ask])
    while not client.ask().complete:
        pass

    assert client.messages == {message.message_id: message for place in places for message in _history(stores, place)}
    assert client.conversations == {place: stores.conversations.find_conversation(place) for place in places}
    assert client.members == _members(stores, places)
    assert client.ask().changes == ()


class _MillisecondClock(SystemClock):
    def now(self) -> datetime:
        return truncate_to_ms(super().now())


def _history(stores: Stores, place: str) -> list[Message]:
    return stores.messages.list_messages(place, after=0, limit=10_000)


def _members(stores: Stores, places: list[str]) -> Mapping[tuple[str, str], Membership]:
    return {
        (place, member.user_id): member
        for place in places
        for member in stores.conversations.list_members(place, after=None, limit=100)
    }


@pytest.mark.engines
def test_each_query_of_sync_uses_an_index(mongo: MongoStores) -> None:
    stores = Stores(
        mongo.users,
        mongo.sessions,
        mongo.conversations,
        mongo.messages,
        mongo.sync,
        mongo.blocks,
        mongo.outbox,
        mongo.attachments,
    )
    place = create(stores, "u_ada", count=3)
    with mongo.sync.read() as reader:
        assert len(reader.list_changed_messages([MessageSpan(place, NOW, 0)], 10)) == 3
    client: MongoClient[dict[str, object]] = mongo._client
    database = client.get_default_database()
    for name, query in {
        "messages": {"conversationId": place, "changedAt": {"$gte": NOW}},
        "memberships": {"conversationId": place, "changedAt": {"$gte": NOW}},
        "departures": {"userId": "u_ada", "changedAt": {"$gte": NOW}},
    }.items():
        plan = str(database[name].find(query).explain())
        assert "IXSCAN" in plan, plan
