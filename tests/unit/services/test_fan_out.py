"""Fan-out: every event to every socket of everybody whom it concerns."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.domain.errors import UnavailableError
from parley.domain.limits import FRAME_MAX_BYTES
from parley.domain.models import Identity
from parley.domain.records import (
    ConversationCreated,
    MessageStored,
)
from parley.services.fan_out import FanOutReport
from tests.unit.services.delivery import Delivery, ids_of, make_events, make_message
from tests.unit.services.world import World, draft


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
