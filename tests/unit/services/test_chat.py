"""Accepting messages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from parley.domain.errors import InvalidRequestError, NotFoundError, ParleyError, UnavailableError
from parley.domain.ids import derive_message_id
from parley.domain.models import AcceptedMessage, Draft, Identity
from parley.domain.records import Record, SendRequested
from tests.unit.services.world import World, draft


@pytest.fixture
def here(world: World, ann: Identity, ben: Identity) -> str:
    """The conversation of Ann and Ben."""
    return world.make_direct(ann, ben).conversation.conversation_id


@pytest.fixture
def elsewhere(world: World, ann: Identity, eve: Identity) -> str:
    """A group of Ann and Eve."""
    return world.make_group(ann, eve).conversation.conversation_id


def published(world: World) -> list[AcceptedMessage]:
    return [record.message for record in world.publisher.records if isinstance(record, SendRequested)]


def codes(outcomes: list[AcceptedMessage | ParleyError]) -> list[str]:
    return [outcome.code if isinstance(outcome, ParleyError) else "accepted" for outcome in outcomes]


def problem_fields(outcome: AcceptedMessage | ParleyError) -> list[str]:
    assert isinstance(outcome, InvalidRequestError)
    return [problem.field for problem in outcome.problems]


def test_an_accepted_message_is_in_chat_send(world: World, ann: Identity, here: str) -> None:
    accepted = world.chat.send_message(ann, draft(here, content="Hello\n👋"))
    assert accepted == AcceptedMessage(
        message_id=derive_message_id(here, ann.user_id, "client-1"),
        conversation_id=here,
        sender_id=ann.user_id,
        client_message_id="client-1",
        type="text",
        content="Hello\n👋",
        reply_to=None,
        mentions=(),
        attachment_ids=(),
        accepted_at=world.clock.now(),
    )
    assert published(world) == [accepted]
    assert (world.publisher.records[0].topic, world.publisher.records[0].key) == ("chat.send", here)


def test_a_batch_is_kept_in_order(world: World, ann: Identity, here: str, elsewhere: str) -> None:
    drafts = [draft(here if number % 2 else elsewhere, number) for number in range(25)]
    outcomes = world.chat.send_messages(ann, drafts)
    assert codes(outcomes) == ["accepted"] * 25
    assert published(world) == outcomes
    assert [message.client_message_id for message in published(world)] == [one.client_message_id for one in drafts]


@pytest.mark.parametrize("count", [0, 26])
def test_a_batch_has_1_to_25_messages(world: World, ann: Identity, here: str, count: int) -> None:
    with pytest.raises(InvalidRequestError):
        world.chat.send_messages(ann, [draft(here, number) for number in range(count)])
    assert world.database_calls() == 0


def test_a_plain_batch_takes_one_query_whatever_its_size(
    world: World, ann: Identity, here: str, elsewhere: str
) -> None:
    for count in (1, 25):
        world.forget_traces()
        world.chat.send_messages(ann, [draft((here, elsewhere)[number % 2], number) for number in range(count)])
        assert world.conversation_store.calls == {"find_memberships": 1}
        assert world.database_calls() == 1
        assert world.publisher.calls["publish"] == 1


def test_a_batch_full_of_references_takes_three(
    world: World, ann: Identity, ben: Identity, here: str, elsewhere: str
) -> None:
    targets = {here: world.store(ann, draft(here))[0], elsewhere: world.store(ann, draft(elsewhere))[0]}
    drafts = [
        replace(draft(place, f"{number}-x"), reply_to=targets[place].message_id, mentions=(ann.user_id,))
        for number in range(12)
        for place in (here, elsewhere)
    ]
    assert codes(world.chat.send_messages(ann, drafts)) == ["accepted"] * 24
    assert world.conversation_store.calls == {"find_memberships": 1, "find_members": 1}
    assert world.message_store.calls == {"find_messages": 1}


@pytest.mark.parametrize("wanted", ["c_nothing", "", "\ud800", "a\0b", "$ne", "x" * 65])
def test_nobody_writes_where_there_is_nothing(world: World, ann: Identity, wanted: str) -> None:
    with pytest.raises(NotFoundError):
        world.chat.send_message(ann, draft(wanted))
    assert world.publisher.records == []


def test_strangers_hear_the_same_as_of_nothing(world: World, eve: Identity, here: str) -> None:
    outcomes = world.chat.send_messages(eve, [draft(here), draft("c_nothing")])
    details = {outcome.detail for outcome in outcomes if isinstance(outcome, NotFoundError)}
    assert (len(outcomes), len(details)) == (2, 1)
    assert world.publisher.records == []


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        ({"content": ""}, "content"),
        ({"content": " \n"}, "content"),
        ({"content": "x" * 8_001}, "content"),
        ({"content": "a\0"}, "content"),
        ({"content": "a\ud800"}, "content"),
        ({"client_message_id": ""}, "clientMessageId"),
        ({"client_message_id": "x" * 65}, "clientMessageId"),
        ({"client_message_id": "a b"}, "clientMessageId"),
        ({"client_message_id": "\ud800"}, "clientMessageId"),
        ({"reply_to": ""}, "replyTo"),
        ({"reply_to": "\ud800"}, "replyTo"),
        ({"reply_to": "m_nothing"}, "replyTo"),
        ({"mentions": ("u_nobody",)}, "mentions"),
        ({"mentions": ("a\0",)}, "mentions"),
        ({"mentions": tuple(f"u_{number}" for number in range(51))}, "mentions"),
        ({"attachment_ids": ("a_1",)}, "attachments"),
        ({"attachment_ids": tuple(f"a_{number}" for number in range(11))}, "attachments"),
        ({"attachment_ids": ("a_1",), "type": "attachment"}, "attachments"),
        ({"type": "attachment"}, "attachments"),
    ],
)
def test_a_refusable_message_is_refused_alone(
    world: World, ann: Identity, here: str, broken: dict[str, Any], field: str
) -> None:
    bad = replace(draft(here, "bad"), **broken)
    outcomes = world.chat.send_messages(ann, [draft(here, 1), bad, draft(here, 2)])
    assert codes(outcomes) == ["accepted", "invalid_request", "accepted"]
    assert problem_fields(outcomes[1]) == [field]
    assert [message.client_message_id for message in published(world)] == ["client-1", "client-2"]


def test_every_wrong_field_is_told_at_once(world: World, ann: Identity, here: str) -> None:
    (outcome,) = world.chat.send_messages(ann, [Draft(here, "", "", reply_to="", mentions=("",))])
    assert problem_fields(outcome) == ["clientMessageId", "content", "replyTo", "mentions"]


def test_a_reply_is_to_a_stored_message_of_the_same_conversation(
    world: World, ann: Identity, here: str, elsewhere: str
) -> None:
    (target,) = world.store(ann, draft(here))
    reply = replace(draft(here, "reply"), reply_to=target.message_id)
    assert world.chat.send_message(ann, reply).reply_to == target.message_id
    with pytest.raises(InvalidRequestError):
        world.chat.send_message(ann, replace(draft(elsewhere, "reply"), reply_to=target.message_id))


def test_a_reply_to_what_is_accepted_and_not_stored_yet_is_refused(world: World, ann: Identity, here: str) -> None:
    accepted = world.chat.send_message(ann, draft(here))
    with pytest.raises(InvalidRequestError):
        world.chat.send_message(ann, replace(draft(here, "reply"), reply_to=accepted.message_id))


def test_a_reply_to_a_deleted_message_is_refused_but_one_sent_again_is_not(
    world: World, ann: Identity, here: str
) -> None:
    (target,) = world.store(ann, draft(here))
    reply = replace(draft(here, "reply"), reply_to=target.message_id)
    (stored,) = world.store(ann, reply)
    world.message_store.replace_message(replace(target, content=None, deleted_at=world.clock.now()))
    assert world.chat.send_message(ann, reply).message_id == stored.message_id
    with pytest.raises(InvalidRequestError):
        world.chat.send_message(ann, replace(reply, client_message_id="another"))


def test_members_may_be_mentioned_oneself_included(world: World, ann: Identity, ben: Identity, here: str) -> None:
    mention = replace(draft(here), mentions=(ben.user_id, ann.user_id, ben.user_id))
    assert world.chat.send_message(ann, mention).mentions == (ben.user_id, ann.user_id)


def test_members_of_another_conversation_may_not_be_mentioned(
    world: World, ann: Identity, eve: Identity, here: str, elsewhere: str
) -> None:
    outcomes = world.chat.send_messages(
        ann, [replace(draft(place), mentions=(eve.user_id,)) for place in (here, elsewhere)]
    )
    assert codes(outcomes) == ["invalid_request", "accepted"]


def test_one_client_message_id_is_one_message(world: World, ann: Identity, here: str, elsewhere: str) -> None:
    drafts = [draft(here, 1, "first"), draft(elsewhere, 1, "other place"), draft(here, 1, "second")]
    outcomes = world.chat.send_messages(ann, drafts)
    assert codes(outcomes) == ["accepted"] * 3
    assert outcomes[0] == outcomes[2]
    assert [message.content for message in published(world)] == ["first", "other place"]


def test_the_first_of_two_that_can_be_sent_counts(world: World, ann: Identity, here: str) -> None:
    outcomes = world.chat.send_messages(
        ann, [replace(draft(here), reply_to="m_nothing"), draft(here, 1, "good"), draft(here, 1, "late")]
    )
    assert codes(outcomes) == ["invalid_request", "accepted", "accepted"]
    assert [message.content for message in published(world)] == ["good"]


def test_senders_do_not_share_client_message_ids(world: World, ann: Identity, ben: Identity, here: str) -> None:
    assert world.chat.send_message(ann, draft(here)).message_id != world.chat.send_message(ben, draft(here)).message_id


def test_sent_again_later_it_has_the_first_id_even_with_other_content(world: World, ann: Identity, here: str) -> None:
    first = world.chat.send_message(ann, draft(here, content="one"))
    world.clock.advance(1_000_000)
    assert world.chat.send_message(ann, draft(here, content="two")).message_id == first.message_id


def test_after_a_failed_hand_over_the_rest_of_its_conversation_is_refused_as_retryable(
    world: World, ann: Identity, here: str, elsewhere: str
) -> None:
    def fails(record: Record) -> bool:
        return isinstance(record, SendRequested) and record.message.client_message_id == "client-2"

    world.publisher.fails = fails
    drafts = [draft(here, 1), draft(elsewhere, 1), draft(here, 2), draft(here, 3), draft(elsewhere, 3), draft(here, 2)]
    outcomes = world.chat.send_messages(ann, drafts)
    assert codes(outcomes) == ["accepted", "accepted", "unavailable", "unavailable", "accepted", "unavailable"]
    assert all(outcome.retryable for outcome in outcomes if isinstance(outcome, ParleyError))
    assert [(message.conversation_id, message.client_message_id) for message in published(world)] == [
        (here, "client-1"),
        (elsewhere, "client-1"),
        (elsewhere, "client-3"),
    ]


def test_without_kafka_each_is_refused_as_retryable(world: World, ann: Identity, here: str) -> None:
    world.publisher.reachable = False
    outcomes = world.chat.send_messages(ann, [draft(here, 1), draft("c_nothing"), draft(here, 2)])
    assert codes(outcomes) == ["unavailable", "not_found", "unavailable"]
    with pytest.raises(UnavailableError):
        world.chat.send_message(ann, draft(here))


def test_who_comes_after_one_who_waited_for_kafka_in_vain_is_told_at_once(
    world: World, ann: Identity, here: str, elsewhere: str
) -> None:
    world.publisher.fails = lambda record: record.key == here and bool(world.clock.advance(3.5))
    assert codes(world.chat.send_messages(ann, [draft(here), draft(elsewhere)])) == ["unavailable", "accepted"]
    assert codes(world.chat.send_messages(ann, [draft(here)])) == ["unavailable"]
    calls = world.publisher.calls["publish"]
    with pytest.raises(UnavailableError):
        world.chat.send_messages(ann, [draft(elsewhere, 2)])
    assert world.publisher.calls["publish"] == calls == 2
    world.clock.advance(1.1)
    assert codes(world.chat.send_messages(ann, [draft(elsewhere, 2)])) == ["accepted"]


@pytest.mark.parametrize("store", ["conversation_store", "message_store"])
def test_what_cannot_be_checked_is_not_handed_over(world: World, ann: Identity, here: str, store: str) -> None:
    (target,) = world.store(ann, draft(here))
    getattr(world, store).reachable = False
    with pytest.raises(UnavailableError):
        world.chat.send_messages(ann, [replace(draft(here, 2), reply_to=target.message_id)])
    assert world.publisher.records == []


def test_a_batch_that_is_all_refused_is_not_handed_over(world: World, ann: Identity, here: str) -> None:
    world.chat.send_messages(ann, [draft("c_nothing"), draft(here, 1, "")])
    assert world.publisher.calls["publish"] == 0
