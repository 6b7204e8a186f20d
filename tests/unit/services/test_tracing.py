"""What became of messages: noted on their way, and told to whom it concerns."""

from __future__ import annotations

import pytest

from parley.domain.errors import NotFoundError, UnavailableError
from parley.domain.models import Identity
from parley.domain.records import FanOutChunk, MessageStored, SendRequested
from parley.domain.trace import Delivery, Trace
from tests.unit.entry.stack import Stack, own_loop
from tests.unit.services.world import World, draft


def test_a_message_is_followed_from_its_acceptance_to_each_connection() -> None:
    stack = Stack()
    ann, ben, eve = (stack.add_user(name) for name in ("ann", "ben", "eve"))
    place = stack.make_direct(ann, ben).conversation.conversation_id
    joined_at = stack.clock.now()
    for person, name in ((ann, "ann-1"), (ann, "ann-2"), (ben, "ben-1")):
        stack.open_socket(person, name)
    stack.clock.advance(60)
    stack.push.outcomes = {"ann-2": "failed", "ben-1": "gone"}
    accepted = stack.chat.send_message(ann, draft(place, 1))
    message_id, accepted_at = accepted.message_id, stack.clock.now()
    assert stack.traces.get_trace(ann, message_id) == Trace(message_id, accepted_at, None, None, ())
    for stranger in (ben, eve):  # whose it is, is known when it is stored
        with pytest.raises(NotFoundError):
            stack.traces.get_trace(stranger, message_id)

    stack.clock.advance(1)
    stored_at = stack.clock.now()
    requested = [record.message for record in stack.publisher.records if isinstance(record, SendRequested)]
    assert stack.storing.store_messages(requested) == [None]
    assert stack.traces.get_trace(ben, message_id) == Trace(message_id, accepted_at, stored_at, stored_at, ())

    stack.clock.advance(1)
    stack.fan_out.fan_out([record for record in stack.publisher.records if isinstance(record, MessageStored)])
    at = stack.clock.now()
    own = (Delivery("ann-1", at, "pushed"), Delivery("ann-2", at, "failed"))
    assert stack.traces.get_trace(ann, message_id) == Trace(message_id, accepted_at, stored_at, stored_at, own)
    assert stack.traces.get_trace(ben, message_id).deliveries == (Delivery("ben-1", at, "gone"),)
    with pytest.raises(NotFoundError):
        stack.traces.get_trace(eve, message_id)
    assert joined_at < at

    with own_loop():
        answer = stack.request("GET", f"/api/messages/{message_id}/trace", caller=ben)
    assert answer.status == 200
    assert set(answer.json) == {"messageId", "acceptedAt", "storedAt", "publishedAt", "deliveries"}
    assert answer.json["deliveries"][0]["outcome"] == "gone"


def test_parts_of_a_large_group_are_followed_too() -> None:
    stack = Stack()
    others = [stack.add_user(f"m{number:03}") for number in range(201)]
    place = stack.make_group(*others).conversation.conversation_id
    for other in others:
        stack.open_socket(other, f"socket-{other.user_id}")
    (message,) = stack.store(others[0], draft(place, 1))
    stack.fan_out.fan_out([MessageStored(message, members_rev=1)])
    chunks = [record for record in stack.publisher.records if isinstance(record, FanOutChunk)]
    stack.chunk_fan_out.fan_out_chunks(chunks)
    for other in others:
        (delivery,) = stack.traces.get_trace(other, message.message_id).deliveries
        assert delivery == Delivery(f"socket-{other.user_id}", stack.clock.now(), "pushed")


def test_a_removed_sender_sees_nothing(world: World, ann: Identity, ben: Identity) -> None:
    place = world.make_group(ann, ben).conversation.conversation_id
    message_id = world.chat.send_message(ben, draft(place, 1)).message_id
    requested = [record.message for record in world.publisher.records if isinstance(record, SendRequested)]
    world.storing.store_messages(requested)
    world.groups.change_members(ann, place, add=(), remove=(ben.user_id,))
    with pytest.raises(NotFoundError):
        world.traces.get_trace(ben, message_id)


def test_without_valkey_messages_go_their_way_and_it_is_asked_once_a_second(
    world: World, ann: Identity, ben: Identity
) -> None:
    place = world.make_direct(ann, ben).conversation.conversation_id
    world.trace_store.reachable = False
    for number in range(3):
        message_id = world.chat.send_message(ann, draft(place, number)).message_id
    assert world.trace_store.calls["note_accepted"] == 1
    world.clock.advance(1)
    world.chat.send_message(ann, draft(place, 9))
    assert world.trace_store.calls["note_accepted"] == 2
    with pytest.raises(UnavailableError):
        world.traces.get_trace(ann, message_id)
