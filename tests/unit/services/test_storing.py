"""Storing what was accepted, and emitting it."""

from __future__ import annotations

import pytest

from parley.domain.errors import NotFoundError, UnavailableError
from parley.domain.models import AcceptedMessage, Identity
from parley.domain.records import MessageStored, Record
from tests.unit.services.world import World, draft


@pytest.fixture
def here(world: World, ann: Identity, ben: Identity) -> str:
    return world.make_direct(ann, ben).conversation.conversation_id


@pytest.fixture
def elsewhere(world: World, ann: Identity, eve: Identity) -> str:
    return world.make_group(ann, eve).conversation.conversation_id


def accept(world: World, sender: Identity, conversation_id: str, *numbers: int) -> list[AcceptedMessage]:
    """Accepted messages; the records of it are taken away, as a consumer takes them."""
    accepted = [world.chat.send_message(sender, draft(conversation_id, number)) for number in numbers]
    world.forget_traces()
    return accepted


def emitted(world: World) -> list[tuple[str, int]]:
    return [
        (record.message.conversation_id, record.message.seq)
        for record in world.publisher.records
        if isinstance(record, MessageStored)
    ]


def test_messages_are_stored_and_then_emitted_in_order(world: World, ann: Identity, here: str) -> None:
    batch = accept(world, ann, here, 1, 2, 3)
    world.clock.advance(5)
    assert world.storing.store_messages(batch) == [None] * 3
    history = world.messages.list_messages(ann, here, after=0, limit=10)
    assert [(message.seq, message.rev, message.message_id) for message in history] == [
        (place + 1, place + 2, accepted.message_id) for place, accepted in enumerate(batch)
    ]
    assert {message.created_at for message in history} == {world.clock.now()}
    assert [record.message for record in world.publisher.records if isinstance(record, MessageStored)] == history
    assert {(record.topic, record.key) for record in world.publisher.records} == {("chat.receive", here)}


def test_a_batch_takes_one_call_of_the_store_and_one_of_the_publisher(
    world: World, ann: Identity, here: str, elsewhere: str
) -> None:
    batch = accept(world, ann, here, *range(50)) + accept(world, ann, elsewhere, *range(50))
    world.storing.store_messages(batch)
    assert world.message_store.calls == {"append_messages": 1}
    assert world.publisher.calls == {"publish": 1}


def test_an_empty_batch_asks_nobody(world: World) -> None:
    assert world.storing.store_messages([]) == []
    assert world.database_calls() == 0


def test_a_redelivered_batch_changes_nothing_and_emits_the_same_again(world: World, ann: Identity, here: str) -> None:
    batch = accept(world, ann, here, 1, 2, 3)
    world.storing.store_messages(batch)
    first = list(world.publisher.records)
    history = world.messages.list_messages(ann, here, limit=10)
    world.forget_traces()
    assert world.storing.store_messages(batch) == [None] * 3
    assert world.publisher.records == first
    assert world.messages.list_messages(ann, here, limit=10) == history


def test_the_same_message_sent_again_later_is_emitted_by_its_first_record_alone(
    world: World, ann: Identity, here: str
) -> None:
    (first,) = accept(world, ann, here, 1)
    world.publisher.reachable = False
    (outcome,) = world.storing.store_messages([first])
    assert isinstance(outcome, UnavailableError)  # stored, and not emitted
    world.publisher.reachable = True
    world.clock.advance(1)
    (again,) = accept(world, ann, here, 1)
    assert again.message_id == first.message_id
    assert world.storing.store_messages([again]) == [None]
    assert emitted(world) == []
    assert world.storing.store_messages([first, again]) == [None, None]
    assert world.storing.store_messages([again, again]) == [None, None]
    assert emitted(world) == [(here, 1)]


def test_of_a_partly_stored_batch_old_and_new_are_emitted_in_seq_order(
    world: World, ann: Identity, here: str, elsewhere: str
) -> None:
    old = accept(world, ann, here, 1, 2)
    world.storing.store_messages(old)
    new = accept(world, ann, here, 3, 4)
    other = accept(world, ann, elsewhere, 1)
    world.storing.store_messages([new[0], old[1], *other, new[1], old[0]])
    assert [seq for place, seq in emitted(world) if place == here] == [1, 2, 3, 4]
    assert [seq for place, seq in emitted(world) if place == elsewhere] == [1]


def test_a_message_that_comes_twice_in_a_batch_is_stored_and_emitted_once(
    world: World, ann: Identity, here: str
) -> None:
    (message,) = accept(world, ann, here, 1)
    assert world.storing.store_messages([message, message]) == [None, None]
    assert emitted(world) == [(here, 1)]


def test_nothing_of_a_conversation_that_could_not_be_stored_is_emitted(
    world: World, ann: Identity, here: str, elsewhere: str
) -> None:
    bad, good = accept(world, ann, here, 1, 2), accept(world, ann, elsewhere, 1, 2)
    world.message_store.failing.add(here)
    outcomes = world.storing.store_messages([bad[0], good[0], bad[1], good[1]])
    assert [type(outcome) for outcome in outcomes] == [UnavailableError, type(None), UnavailableError, type(None)]
    assert emitted(world) == [(elsewhere, 1), (elsewhere, 2)]
    world.message_store.failing.clear()
    assert world.storing.store_messages(bad) == [None, None]
    assert emitted(world)[2:] == [(here, 1), (here, 2)]


def test_a_conversation_that_is_no_more_is_told_as_not_retryable(world: World, ann: Identity, here: str) -> None:
    (message,) = accept(world, ann, here, 1)
    del world.database.conversations[here]
    (outcome,) = world.storing.store_messages([message])
    assert isinstance(outcome, NotFoundError)
    assert not outcome.retryable
    assert world.publisher.calls["publish"] == 0


def test_what_is_stored_and_could_not_be_emitted_is_to_be_given_again(
    world: World, ann: Identity, here: str, elsewhere: str
) -> None:
    batch = accept(world, ann, here, 1, 2, 3) + accept(world, ann, elsewhere, 1)

    def fails(record: Record) -> bool:
        return isinstance(record, MessageStored) and record.message.message_id == batch[1].message_id

    world.publisher.fails = fails
    outcomes = world.storing.store_messages(batch)
    assert [outcome is None for outcome in outcomes] == [True, False, False, True]
    assert all(outcome.retryable for outcome in outcomes if outcome)
    assert sorted(emitted(world)) == sorted([(here, 1), (elsewhere, 1)])


@pytest.mark.parametrize("broken", ["message_store", "publisher"])
def test_when_one_of_both_cannot_be_reached_all_is_to_be_given_again(
    world: World, ann: Identity, here: str, broken: str
) -> None:
    batch = accept(world, ann, here, 1, 2)
    getattr(world, broken).reachable = False
    outcomes = world.storing.store_messages(batch)
    assert [type(outcome) for outcome in outcomes] == [UnavailableError] * 2
    getattr(world, broken).reachable = True
    assert world.storing.store_messages(batch) == [None, None]
    assert emitted(world) == [(here, 1), (here, 2)]


def test_events_say_which_members_they_are_for(world: World, ann: Identity, ben: Identity, eve: Identity) -> None:
    conversation_id = world.make_group(ann, ben).conversation.conversation_id
    batch = accept(world, ann, conversation_id, 1)
    memberships = world.conversation_store.list_members(conversation_id, after=None, limit=10)
    changed = world.conversation_store.replace_members(conversation_id, memberships[:1])
    world.storing.store_messages(batch)
    (event,) = world.publisher.records
    assert isinstance(event, MessageStored)
    assert event.members_rev == changed.members_rev == 2
