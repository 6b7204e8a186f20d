"""Edits, deletes and reactions: who may, what is handed over, and what is made of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from parley.domain.errors import (
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    UnavailableError,
)
from parley.domain.models import AcceptedChange, Identity, Message
from parley.domain.records import ChangeRequested, MessageChanged
from tests.unit.services.world import World, draft


@pytest.fixture
def here(world: World, ann: Identity, ben: Identity) -> str:
    return world.make_group(ann, ben).conversation.conversation_id


@pytest.fixture
def hello(world: World, ben: Identity, here: str) -> Message:
    """A message that ben wrote in ann's group."""
    (message,) = world.store(ben, draft(here))
    return message


def requested(world: World) -> list[AcceptedChange]:
    """What was handed over; the records are taken away, as a consumer takes them."""
    changes = [record.change for record in world.publisher.records if isinstance(record, ChangeRequested)]
    world.forget_traces()
    return changes


def make(world: World) -> list[MessageChanged]:
    """Has everything that was handed over made; what was emitted for it."""
    changes = requested(world)
    assert world.changing.apply_changes(changes) == [None] * len(changes)
    return [record for record in world.publisher.records if isinstance(record, MessageChanged)]


def test_the_sender_edits(world: World, ben: Identity, here: str, hello: Message) -> None:
    world.editing.edit_message(ben, hello.message_id, "Hello again")

    (record,) = world.publisher.records
    assert (record.topic, record.key) == ("chat.edit", here)
    world.clock.advance(1)
    (event,) = make(world)
    after = world.messages.get_message(ben, hello.message_id)
    assert (after.content, after.rev, after.edited_at) == ("Hello again", hello.rev + 1, world.clock.now())
    assert (event.message, event.rev, event.members_rev, event.topic) == (after, after.rev, 1, "chat.receive")
    view = world.conversations.get_conversation(ben, here)
    assert (view.conversation.rev, view.conversation.last_message) == (after.rev, after)


def test_nobody_else_edits_and_strangers_see_nothing(
    world: World, ann: Identity, eve: Identity, hello: Message
) -> None:
    with pytest.raises(ForbiddenError):
        world.editing.edit_message(ann, hello.message_id, "Mine now")
    for stranger, message_id in ((eve, hello.message_id), (ann, "m_none"), (ann, "no id at all")):
        with pytest.raises(NotFoundError):
            world.editing.edit_message(stranger, message_id, "x")
        with pytest.raises(NotFoundError):
            world.editing.delete_message(stranger, message_id)
        with pytest.raises(NotFoundError):
            world.editing.react(stranger, message_id, "👍")
    assert world.publisher.records == []


def test_bad_contents_and_emoji_are_refused(world: World, ben: Identity, hello: Message) -> None:
    for content in ("", "  ", "x" * 8_001, "\0", "\ud800"):
        with pytest.raises(InvalidRequestError):
            world.editing.edit_message(ben, hello.message_id, content)
    for emoji in ("", "x", "👍👍"):
        with pytest.raises(InvalidRequestError):
            world.editing.react(ben, hello.message_id, emoji)
    assert world.publisher.records == []


def test_the_sender_and_the_groups_owner_delete(
    world: World, ann: Identity, ben: Identity, here: str, hello: Message
) -> None:
    (by_ann,) = world.store(ann, draft(here, 2))
    with pytest.raises(ForbiddenError):
        world.editing.delete_message(ben, by_ann.message_id)
    world.editing.delete_message(ann, hello.message_id)
    (event,) = make(world)
    assert (event.kind, event.message.content, event.message.seq) == ("delete", None, hello.seq)
    assert world.messages.get_message(ben, hello.message_id).deleted_at == world.clock.now()


def test_in_a_direct_conversation_only_the_sender_deletes(world: World, ann: Identity, ben: Identity) -> None:
    place = world.make_direct(ann, ben).conversation.conversation_id
    (message,) = world.store(ann, draft(place))
    with pytest.raises(ForbiddenError):
        world.editing.delete_message(ben, message.message_id)


def test_a_deleted_message_is_not_edited_and_deleting_it_again_is_harmless(
    world: World, ben: Identity, hello: Message
) -> None:
    world.editing.delete_message(ben, hello.message_id)
    make(world)
    world.forget_traces()
    with pytest.raises(ConflictError):
        world.editing.edit_message(ben, hello.message_id, "x")
    with pytest.raises(ConflictError):
        world.editing.react(ben, hello.message_id, "👍")
    world.editing.delete_message(ben, hello.message_id)
    world.editing.react(ben, hello.message_id, "👍", remove=True)
    assert world.publisher.records == []


def test_repeats_take_no_rev_and_emit_nothing(world: World, ann: Identity, ben: Identity, hello: Message) -> None:
    for _ in range(2):
        world.editing.react(ann, hello.message_id, "👍")
        world.editing.delete_message(ben, hello.message_id)
    events = make(world)
    assert [(event.kind, event.rev) for event in events] == [("react", hello.rev + 1), ("delete", hello.rev + 2)]


def test_a_redelivered_batch_takes_no_rev_and_emits_the_same_revs(
    world: World, ann: Identity, ben: Identity, here: str, hello: Message
) -> None:
    world.editing.edit_message(ben, hello.message_id, "one")
    world.editing.react(ann, hello.message_id, "👍")
    world.editing.react(ann, hello.message_id, "👍", remove=True)
    world.editing.edit_message(ben, hello.message_id, "two")
    batch = requested(world)
    world.changing.apply_changes(batch)
    first = [record for record in world.publisher.records if isinstance(record, MessageChanged)]
    after = world.messages.get_message(ben, hello.message_id)
    world.forget_traces()

    assert world.changing.apply_changes(batch) == [None] * 4

    again = [record for record in world.publisher.records if isinstance(record, MessageChanged)]
    assert [event.rev for event in first] == [hello.rev + number for number in (1, 2, 3, 4)]
    assert [(event.rev, event.event_id) for event in again] == [(event.rev, event.event_id) for event in first]
    assert world.messages.get_message(ben, hello.message_id) == after
    assert world.conversations.get_conversation(ben, here).conversation.rev == after.rev == hello.rev + 4


def test_unread_counts_leave_deleted_messages_out(world: World, ann: Identity, ben: Identity, here: str) -> None:
    messages = world.store(ann, *(draft(here, number) for number in range(5)))
    for message in messages[1:3]:
        world.editing.delete_message(ann, message.message_id)
    make(world)
    assert world.conversations.get_conversation(ben, here).unread_count == 3
    assert world.conversations.get_conversation(ann, here).unread_count == 0


def test_a_change_of_an_older_message_leaves_the_last_one(
    world: World, ben: Identity, here: str, hello: Message
) -> None:
    (last,) = world.store(ben, draft(here, 2))
    world.clock.advance(9)
    world.editing.edit_message(ben, hello.message_id, "x")
    make(world)
    conversation = world.conversations.get_conversation(ben, here).conversation
    assert conversation.last_message == last
    assert conversation.updated_at == last.created_at


@pytest.mark.parametrize(
    "ask",
    [
        lambda world, who, message: world.editing.edit_message(who, message, "x"),
        lambda world, who, message: world.editing.delete_message(who, message),
        lambda world, who, message: world.editing.react(who, message, "👍"),
    ],
)
def test_what_cannot_be_handed_over_is_told(
    world: World, ben: Identity, hello: Message, ask: Callable[[World, Identity, str], object]
) -> None:
    world.publisher.fails = lambda record: True
    with pytest.raises(UnavailableError):
        ask(world, ben, hello.message_id)


def test_changes_that_cannot_be_made_or_emitted_now_come_again(
    world: World, ben: Identity, here: str, hello: Message
) -> None:
    world.editing.edit_message(ben, hello.message_id, "x")
    batch = requested(world)
    world.message_store.failing.add(here)
    (outcome,) = world.changing.apply_changes(batch)
    assert outcome is not None
    assert outcome.retryable
    world.message_store.failing.clear()
    world.publisher.fails = lambda record: True
    (outcome,) = world.changing.apply_changes(batch)
    assert isinstance(outcome, UnavailableError)
    assert world.changing.apply_changes([]) == []
