"""Fan-out: every event to every socket of everybody whom it concerns."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.domain.errors import UnavailableError
from parley.domain.limits import FRAME_MAX_BYTES
from parley.domain.models import Identity, Message
from parley.domain.records import (
    ConversationCreated,
    FanOutChunk,
    GroupDeleted,
    GroupShown,
    MembersChanged,
    MessageStored,
    PushEvent,
)
from parley.protocol.events import encode_event
from parley.services.fan_out import FanOut, FanOutReport
from tests.fakes import FakePushClient
from tests.unit.services.world import World, draft


class Encoder:
    """Writes an event's id, and counts how often it was asked."""

    def __init__(self, padding: int = 0) -> None:
        self.calls: Counter[str] = Counter()
        self._padding = "x" * padding

    def __call__(self, event: PushEvent) -> bytes:
        self.calls[event.event_id] += 1
        return json.dumps({"event": event.event_id, "data": self._padding}).encode()


class Delivery:
    """A fan-out over a world, and what arrived."""

    def __init__(self, world: World, *, padding: int = 0) -> None:
        self.push = FakePushClient()
        self.encode = Encoder(padding)
        self.service = FanOut(
            conversations=world.conversation_store,
            registry=world.registry,
            gone=world.gone,
            push=self.push,
            publisher=world.publisher,
            encode=self.encode,
            note_pushes=world.tracing.note_pushes,
            large_group_count=5_000,
        )

    def arrived(self, connection_id: str) -> list[str]:
        """The ids of the events that a socket got, in order."""
        contents = [json.loads(frame) for frame in self.push.frames.get(connection_id, [])]
        return [
            event["event"] for content in contents for event in (content if isinstance(content, list) else [content])
        ]


@pytest.fixture
def delivery(world: World) -> Delivery:
    return Delivery(world)


def make_events(conversation_id: str, count: int, *, first: int = 1, members_rev: int = 1) -> list[MessageStored]:
    return [
        MessageStored(make_message(conversation_id, seq), members_rev=members_rev)
        for seq in range(first, first + count)
    ]


def make_message(conversation_id: str, seq: int) -> Message:
    return Message(
        message_id=f"m_{conversation_id}_{seq}",
        conversation_id=conversation_id,
        seq=seq,
        rev=seq + 1,
        sender_id="u_ann",
        client_message_id=str(seq),
        type="text",
        content="Hello",
        reply_to=None,
        mentions=(),
        attachment_ids=(),
        reactions=(),
        created_at=World().clock.now(),
    )


def ids_of(events: list[MessageStored]) -> list[str]:
    return [event.event_id for event in events]


def test_every_device_of_every_member_gets_it_the_senders_included(
    world: World, delivery: Delivery, ann: Identity, ben: Identity, eve: Identity
) -> None:
    here = world.make_direct(ann, ben).conversation.conversation_id
    for identity, name in ((ann, "a1"), (ann, "a2"), (ben, "b1"), (eve, "e1")):
        world.open_socket(identity, name)
    events = make_events(here, 3)
    report = delivery.service.fan_out(events)
    assert report == FanOutReport(pushed=3, gone=0, failed=0, frames=3, events=9)
    assert all(delivery.arrived(name) == ids_of(events) for name in ("a1", "a2", "b1"))
    assert delivery.arrived("e1") == []


def test_events_of_several_conversations_keep_their_order_on_a_socket(
    world: World, delivery: Delivery, ann: Identity, ben: Identity, eve: Identity
) -> None:
    one = world.make_direct(ann, ben).conversation.conversation_id
    two = world.make_group(ann, eve).conversation.conversation_id
    for identity, name in ((ann, "a"), (ben, "b"), (eve, "e")):
        world.open_socket(identity, name)
    ones, twos = make_events(one, 3), make_events(two, 3)
    mixed = [ones[0], twos[0], twos[1], ones[1], ones[2], twos[2]]
    assert delivery.service.fan_out(mixed).frames == 3
    assert delivery.arrived("a") == ids_of(mixed)
    assert delivery.arrived("b") == ids_of(ones)
    assert delivery.arrived("e") == ids_of(twos)


def test_a_batch_that_comes_again_shows_a_new_socket_nothing_older_than_it_was_shown(
    world: World, delivery: Delivery, ann: Identity, ben: Identity
) -> None:
    here = world.make_direct(ann, ben).conversation.conversation_id
    there = world.make_group(ann, ben).conversation.conversation_id
    before, after = make_events(here, 3), make_events(here, 2, first=4)
    world.open_socket(ann, "old")
    delivery.service.fan_out(before)
    world.open_socket(ann, "new")
    delivery.service.fan_out(after)
    world.open_socket(ann, "newest")

    report = delivery.service.fan_out([*before, *after, *make_events(there, 1)])

    assert delivery.arrived("new") == [*ids_of(after), *ids_of(after), f"m_{there}_1:2"]
    assert delivery.arrived("old") == [*ids_of(before), *ids_of(after), *ids_of([*before, *after]), f"m_{there}_1:2"]
    assert delivery.arrived("newest") == [f"m_{there}_1:2"]
    assert (report.pushed, report.events) == (3, 6 + 3 + 1)
    assert delivery.service.fan_out(make_events(here, 2, first=5)).pushed == 3
    assert delivery.arrived("newest")[1:] == ids_of(make_events(here, 1, first=6))


def test_what_a_socket_missed_does_not_come_after_what_it_was_shown_since(
    world: World, delivery: Delivery, ann: Identity, ben: Identity
) -> None:
    here = world.make_direct(ann, ben).conversation.conversation_id
    world.open_socket(ann, "a")
    world.open_socket(ann, "b")
    before, after = make_events(here, 3), make_events(here, 2, first=4)
    delivery.push.outcomes["a"] = "failed"
    delivery.service.fan_out(before)
    del delivery.push.outcomes["a"]
    delivery.service.fan_out(after)
    delivery.service.fan_out([*before, *after])
    assert delivery.arrived("a") == [*ids_of(after), *ids_of(after)]
    assert delivery.arrived("b") == [*ids_of(before), *ids_of(after), *ids_of([*before, *after])]


def test_after_a_lost_registry_a_socket_gets_nothing_older_than_its_return_and_is_asked_to_sync(
    world: World, delivery: Delivery, ann: Identity, ben: Identity
) -> None:
    here = world.make_direct(ann, ben).conversation.conversation_id
    connection = world.open_socket(ann, "a")
    other = world.open_socket(ann, "b")
    before = make_events(here, 3)
    world.clock.advance(1)
    world.registry.lose()
    world.registry.take_missed(connection)
    world.registry.add_connection(other)
    after = [
        replace(event, message=replace(event.message, created_at=world.clock.now()))
        for event in make_events(here, 1, first=4)
    ]
    delivery.service.fan_out([*before, *after])
    assert delivery.arrived("a") == ids_of(after)
    assert delivery.arrived("b") == ids_of([*before, *after])
    assert (world.registry.take_missed(connection), world.registry.take_missed(other)) == (True, False)


def test_what_is_no_new_message_comes_to_new_sockets_again(
    world: World, delivery: Delivery, ann: Identity, ben: Identity
) -> None:
    here = world.make_direct(ann, ben).conversation.conversation_id
    gone = GroupDeleted(here, rev=9, recipient_ids=(ann.user_id,))
    delivery.service.fan_out([*make_events(here, 1), gone])
    world.open_socket(ann, "new")
    delivery.service.fan_out([*make_events(here, 1), gone])
    assert delivery.arrived("new") == [gone.event_id]


def test_events_for_one_socket_are_joined_up_to_32_kb(world: World, ann: Identity, ben: Identity) -> None:
    here = world.make_direct(ann, ben).conversation.conversation_id
    world.open_socket(ann, "a")
    delivery = Delivery(world, padding=1_000)
    events = make_events(here, 100)
    report = delivery.service.fan_out(events)
    assert report.frames == len(delivery.push.frames["a"]) == 4
    assert all(len(frame) <= FRAME_MAX_BYTES for frame in delivery.push.frames["a"])
    assert delivery.arrived("a") == ids_of(events)


def test_a_burst_into_a_large_group_is_encoded_and_joined_once(world: World, delivery: Delivery, ann: Identity) -> None:
    members = [world.add_user(f"user{number}") for number in range(499)]
    here = world.make_group(ann, *members).conversation.conversation_id
    for number, member in enumerate((ann, *members)):
        world.open_socket(member, f"socket{number}")
    events = make_events(here, 50)
    report = delivery.service.fan_out(events)
    assert report == FanOutReport(pushed=500, gone=0, failed=0, frames=500, events=25_000)
    assert set(delivery.encode.calls.values()) == {1}
    assert len({id(push.frames) for push in delivery.push.pushes}) == 1
    assert (world.conversation_store.calls["read_member_ids"], world.registry.calls["begin_pushes"]) == (1, 1)
    assert delivery.push.calls["post"] == 1


def test_a_batch_takes_one_read_of_each_kind_whatever_it_holds(
    world: World, delivery: Delivery, ann: Identity, ben: Identity
) -> None:
    places = [world.make_group(ann, ben).conversation.conversation_id for _ in range(30)]
    world.open_socket(ann, "a")
    world.forget_traces()
    for seq in (1, 2):
        delivery.service.fan_out([event for place in places for event in make_events(place, 1, first=seq)])
    assert world.conversation_store.calls == {"read_member_ids": 1}, "and none for what is known"
    assert world.registry.calls == {"begin_pushes": 2}


def test_an_event_for_nobody_online_is_not_encoded(
    world: World, delivery: Delivery, ann: Identity, ben: Identity
) -> None:
    here = world.make_direct(ann, ben).conversation.conversation_id
    assert delivery.service.fan_out(make_events(here, 3)) == FanOutReport()
    assert not delivery.encode.calls
    assert not delivery.push.calls


def test_nothing_to_push_asks_nobody(world: World, delivery: Delivery) -> None:
    assert delivery.service.fan_out([]) == FanOutReport()
    assert not world.registry.calls


def test_an_event_that_comes_twice_in_a_batch_goes_once(
    world: World, delivery: Delivery, ann: Identity, ben: Identity
) -> None:
    here = world.make_direct(ann, ben).conversation.conversation_id
    world.open_socket(ann, "a")
    one, two = make_events(here, 2)
    delivery.service.fan_out([one, two, one])
    assert delivery.arrived("a") == ids_of([one, two])


def test_a_new_conversation_is_told_to_its_recipient_alone(
    world: World, delivery: Delivery, ann: Identity, ben: Identity
) -> None:
    world.open_socket(ann, "a")
    world.open_socket(ben, "b")
    world.conversations.create_direct(ann, ben.user_id)
    created = [record for record in world.publisher.records if isinstance(record, ConversationCreated)]
    messages = make_events(created[0].key, 1)
    delivery.service.fan_out([*created, *messages])
    for event, name in zip(created, ("a", "b"), strict=True):
        assert delivery.arrived(name) == [event.event_id, *ids_of(messages)]


def test_who_was_removed_gets_nothing_that_came_after(
    world: World, delivery: Delivery, ann: Identity, ben: Identity, eve: Identity
) -> None:
    here = world.make_group(ann, ben, eve).conversation.conversation_id
    for identity, name in ((ann, "a"), (ben, "b"), (eve, "e")):
        world.open_socket(identity, name)
    delivery.service.fan_out(make_events(here, 1))
    members = world.conversation_store.list_members(here, after=None, limit=10)
    staying = [member for member in members if member.user_id != eve.user_id]
    rev = world.conversation_store.replace_members(here, staying).members_rev
    delivery.service.fan_out(make_events(here, 1, first=2, members_rev=rev))
    assert (len(delivery.arrived("a")), len(delivery.arrived("b")), len(delivery.arrived("e"))) == (2, 2, 1)


def test_the_newest_event_of_a_batch_says_whose_members_count(
    world: World, delivery: Delivery, ann: Identity, ben: Identity, eve: Identity
) -> None:
    here = world.make_group(ann, ben).conversation.conversation_id
    world.open_socket(eve, "e")
    delivery.service.fan_out(make_events(here, 1))
    members = world.conversation_store.list_members(here, after=None, limit=10)
    joined = replace(members[1], user_id=eve.user_id)
    rev = world.conversation_store.replace_members(here, [*members, joined]).members_rev
    later = make_events(here, 1, first=2, members_rev=rev)
    late_old = make_events(here, 1, first=3)
    delivery.service.fan_out([*later, *late_old])
    assert delivery.arrived("e") == ids_of([*later, *late_old])


def test_sockets_that_are_gone_are_forgotten_and_no_others(
    world: World, delivery: Delivery, ann: Identity, ben: Identity
) -> None:
    here = world.make_direct(ann, ben).conversation.conversation_id
    sockets = [world.open_socket(ann, name) for name in ("a1", "a2", "a3")]
    world.clock.advance(30)
    delivery.push.outcomes |= {"a1": "gone", "a2": "failed"}
    report = delivery.service.fan_out(make_events(here, 2))
    assert report == FanOutReport(pushed=1, gone=1, failed=1, frames=3, events=6)
    left = world.registry.find_connections([ann.user_id])[ann.user_id]
    assert {connection.connection_id for connection in left} == {"a2", "a3"}
    assert [world.registry.take_missed(socket) for socket in sockets] == [True, True, False]


def test_a_socket_whose_connect_has_not_returned_is_kept(
    world: World, delivery: Delivery, ann: Identity, ben: Identity
) -> None:
    here = world.make_direct(ann, ben).conversation.conversation_id
    socket = world.open_socket(ann, "a1")
    world.clock.advance(29)
    delivery.push.outcomes["a1"] = "gone"
    assert delivery.service.fan_out(make_events(here, 1)).gone == 1
    del delivery.push.outcomes["a1"]
    assert delivery.service.fan_out(make_events(here, 1, first=2)).pushed == 1
    assert world.registry.take_missed(socket) is True


def test_what_was_pushed_is_not_pushed_again_because_forgetting_failed(
    world: World, delivery: Delivery, ann: Identity, ben: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = world.make_direct(ann, ben).conversation.conversation_id
    world.open_socket(ann, "a1")
    world.clock.advance(30)
    delivery.push.outcomes["a1"] = "gone"

    def refuse(*_: object) -> bool:
        raise UnavailableError("cut off")

    monkeypatch.setattr(world.registry, "remove_connection", refuse)
    monkeypatch.setattr(world.registry, "note_missed", refuse)
    assert delivery.service.fan_out(make_events(here, 1)).gone == 1


@pytest.mark.parametrize("broken", ["conversation_store", "registry"])
def test_without_knowing_who_is_to_get_it_nothing_is_pushed(
    world: World, delivery: Delivery, ann: Identity, ben: Identity, broken: str
) -> None:
    here = world.make_direct(ann, ben).conversation.conversation_id
    world.open_socket(ann, "a")
    events = make_events(here, 2)
    getattr(world, broken).reachable = False
    with pytest.raises(UnavailableError):
        delivery.service.fan_out(events)
    assert not delivery.push.calls
    getattr(world, broken).reachable = True
    delivery.service.fan_out(events)
    assert delivery.arrived("a") == ids_of(events)


@given(st.data())
def test_each_socket_gets_exactly_what_concerns_its_user_in_order(data: st.DataObject) -> None:
    world = World()
    people = [world.add_user(f"user{number}") for number in range(5)]
    groups = data.draw(st.lists(st.sets(st.integers(0, 4), min_size=1), min_size=1, max_size=4))
    places = {
        world.make_group(*(people[number] for number in sorted(group))).conversation.conversation_id: group
        for group in groups
    }
    sockets = data.draw(st.lists(st.integers(0, 4), max_size=8))
    for name, owner in enumerate(sockets):
        world.open_socket(people[owner], f"socket{name}")
    choice = data.draw(st.lists(st.sampled_from(list(places)), max_size=40))
    events = [MessageStored(make_message(place, seq), 1) for seq, place in enumerate(choice, start=1)]
    delivery = Delivery(world, padding=data.draw(st.sampled_from([0, 3_000])))
    report = delivery.service.fan_out(events)
    for name, owner in enumerate(sockets):
        expected = [event.event_id for event in events if owner in places[event.key]]
        assert delivery.arrived(f"socket{name}") == expected
    assert report.events == sum(owner in places[event.key] for owner in sockets for event in events)


def test_what_services_emit_is_what_arrives(world: World, delivery: Delivery, ann: Identity, ben: Identity) -> None:
    """From the sender's draft to the other's socket, through every service on the way."""
    here = world.make_direct(ann, ben).conversation.conversation_id
    world.open_socket(ben, "b")
    accepted = [world.chat.send_message(ann, draft(here, number)) for number in range(5)]
    world.storing.store_messages(accepted)
    events = [record for record in world.publisher.records if isinstance(record, MessageStored)]
    delivery.service.fan_out(events)
    assert delivery.arrived("b") == [f"{message.message_id}:{seq + 1}" for seq, message in enumerate(accepted, start=1)]


def shown(world: World, connection_id: str) -> list[dict[str, Any]]:
    """The views and changes that a socket was told of, in order."""
    return [event for frame in world.push.frames.get(connection_id, []) for event in as_list(json.loads(frame))]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def fan_out_all(world: World, *, large_group_count: int = 200) -> FanOutReport:
    """Fans out what was published, as the consumer does, with the events as clients get them."""
    events = [
        record for record in world.publisher.records if isinstance(record, MembersChanged | GroupShown | GroupDeleted)
    ]
    world.publisher.records.clear()
    service = FanOut(
        conversations=world.conversation_store,
        registry=world.registry,
        gone=world.gone,
        push=world.push,
        publisher=world.publisher,
        encode=partial(encode_event, url_of=world.attachment_url),
        note_pushes=world.tracing.note_pushes,
        large_group_count=large_group_count,
    )
    return service.fan_out(events)


def test_each_member_is_shown_a_group_as_they_see_it(world: World, ann: Identity, ben: Identity, eve: Identity) -> None:
    for identity in (ann, ben):
        world.open_socket(identity, identity.user_id)
    view = world.conversations.create_group(ann, name="Owls", member_ids=[ben.user_id, eve.user_id])
    world.groups.rename_group(ann, view.conversation.conversation_id, "Larks")
    world.conversation_store.calls.clear()
    report = fan_out_all(world)
    assert (report.pushed, report.events) == (2, 4)
    assert world.conversation_store.calls == {"read_member_ids": 1, "read_memberships": 1}
    for identity, role in ((ann, "owner"), (ben, "member")):
        created, renamed = shown(world, identity.user_id)
        assert (created["event"], renamed["event"]) == ("group:create", "group:update")
        assert (created["data"]["rev"], renamed["data"]["rev"]) == (1, 2)
        assert created["data"]["conversation"]["myRole"] == renamed["data"]["conversation"]["myRole"] == role
        assert (created["data"]["conversation"]["name"], renamed["data"]["conversation"]["name"]) == ("Owls", "Larks")


def test_those_removed_are_told_and_nothing_after(world: World, ann: Identity, ben: Identity, eve: Identity) -> None:
    here = world.make_group(ann, ben).conversation.conversation_id
    for identity in (ann, ben, eve):
        world.open_socket(identity, identity.user_id)
    world.groups.change_members(ann, here, add=[eve.user_id], remove=[ben.user_id])
    world.groups.rename_group(ann, here, "After")
    fan_out_all(world)
    got = {user: shown_events for user in ("u_ann", "u_ben", "u_eve") if (shown_events := names_of(world, user))}
    assert got == {
        "u_ann": ["group:members", "group:update"],
        "u_ben": ["group:members"],
        "u_eve": ["group:create", "group:members", "group:update"],
    }


def names_of(world: World, connection_id: str) -> list[str]:
    return [event["event"] for event in shown(world, connection_id)]


def test_a_deleted_group_is_told_to_all_who_were_in_it(world: World, ann: Identity, ben: Identity) -> None:
    here = world.make_group(ann, ben).conversation.conversation_id
    world.open_socket(ben, "b")
    world.groups.delete_group(ann, here)
    fan_out_all(world)
    assert shown(world, "b") == [{"event": "group:delete", "data": {"conversationId": here, "rev": 2}}]


def test_of_a_large_group_each_is_shown_their_own_view_and_the_removed_are_told(
    world: World, ann: Identity, ben: Identity, eve: Identity
) -> None:
    here = world.make_group(ann, ben, eve).conversation.conversation_id
    for identity in (ann, ben, eve):
        world.open_socket(identity, identity.user_id)
    world.groups.rename_group(ann, here, "Larks")
    world.groups.change_members(ann, here, remove=[ben.user_id])
    fan_out_all(world, large_group_count=1)
    got = {user: names_of(world, user) for user in ("u_ann", "u_ben", "u_eve")}
    assert got == {"u_ann": ["group:update"], "u_ben": [], "u_eve": ["group:update"]}
    chunks = [record for record in world.publisher.records if isinstance(record, FanOutChunk)]
    assert {chunk.members_rev for chunk in chunks} == {3}
    assert all(b'"event":"group:members"' in chunk.frames[0] for chunk in chunks)
    assert [chunk.recipient_ids for chunk in chunks if chunk.recipient_ids is not None] == [("u_ben",)]
