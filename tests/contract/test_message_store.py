"""MessageStore: one suite for the fake and the real."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from parley.domain.errors import NotFoundError
from parley.domain.models import AcceptedMessage, Message
from parley.ports import Appended, NotAppended
from tests.contract.conftest import Stores
from tests.contract.samples import NOW, a_conversation, an_accepted_message, append_all, at_once

LATER = NOW + timedelta(minutes=1)


def create(stores: Stores, *user_ids: str) -> str:
    conversation, members = a_conversation(*user_ids)
    stores.conversations.create_conversation(conversation, members)
    return conversation.conversation_id


def append(stores: Stores, messages: Sequence[AcceptedMessage]) -> list[Message]:
    """Appends messages that must all go in."""
    return append_all(stores.messages, messages, LATER)


def history(stores: Stores, conversation_id: str, limit: int = 10_000) -> list[Message]:
    return stores.messages.list_messages(conversation_id, after=0, limit=limit)


def test_messages_are_numbered_in_the_order_given(stores: Stores) -> None:
    conversation_id = create(stores, "u_ada", "u_bob")
    accepted = [
        an_accepted_message(conversation_id, sender_id=sender, content=f"Text {number} 🦜")
        for number, sender in enumerate(["u_ada", "u_bob", "u_ada"])
    ]

    stored = append(stores, accepted)

    assert [(message.seq, message.rev) for message in stored] == [(1, 2), (2, 3), (3, 4)]
    assert [message.message_id for message in stored] == [message.message_id for message in accepted]
    assert stored[0] == Message(
        message_id=accepted[0].message_id,
        conversation_id=conversation_id,
        seq=1,
        rev=2,
        sender_id="u_ada",
        client_message_id=accepted[0].client_message_id,
        type="text",
        content="Text 0 🦜",
        reply_to=None,
        mentions=("u_bob",),
        attachment_ids=(),
        reactions=(),
        created_at=LATER,
    )
    assert history(stores, conversation_id) == stored
    assert stores.messages.find_messages([stored[1].message_id, "m_none"]) == {stored[1].message_id: stored[1]}


def test_the_conversation_and_the_senders_pointers_move_along(stores: Stores) -> None:
    conversation_id = create(stores, "u_ada", "u_bob", "u_cy")
    stored = append(
        stores, [an_accepted_message(conversation_id, sender_id=sender) for sender in ("u_ada", "u_bob", "u_ada")]
    )

    conversation = stores.conversations.find_conversation(conversation_id)

    assert conversation is not None
    assert (conversation.last_seq, conversation.rev, conversation.members_rev) == (3, 4, 1)
    assert conversation.last_message == stored[-1]
    assert conversation.updated_at == LATER
    pointers = {
        member.user_id: (member.last_delivered_seq, member.last_read_seq)
        for member in stores.conversations.list_members(conversation_id, after=None, limit=10)
    }
    assert pointers == {"u_ada": (3, 3), "u_bob": (2, 2), "u_cy": (0, 0)}


def test_a_repeat_gets_the_stored_message_and_no_new_seq(stores: Stores) -> None:
    conversation_id = create(stores, "u_ada")
    first = an_accepted_message(conversation_id, content="first")
    [stored] = append(stores, [first])
    other, last = an_accepted_message(conversation_id), an_accepted_message(conversation_id)

    outcomes = stores.messages.append_messages(
        [other, replace(first, content="changed"), last, replace(other, content="changed too")], LATER
    )

    assert all(isinstance(outcome, Appended) for outcome in outcomes)
    appended = [outcome for outcome in outcomes if isinstance(outcome, Appended)]
    assert [outcome.message.seq for outcome in appended] == [2, 1, 3, 2]
    assert appended[1] == Appended(stored, 1, fresh=False, accepted_at=first.accepted_at)
    assert stores.messages.find_accepted_at(first.message_id) == first.accepted_at
    assert stores.messages.find_accepted_at("m_none") is None
    assert appended[3].message == appended[0].message
    assert [outcome.fresh for outcome in appended[:3]] == [True, False, True]
    assert [message.seq for message in history(stores, conversation_id)] == [1, 2, 3]


def test_a_whole_call_may_be_repeated(stores: Stores) -> None:
    conversation_ids = [create(stores, "u_ada") for _ in range(3)]
    accepted = [an_accepted_message(conversation_id) for conversation_id in conversation_ids * 2]
    stored = append(stores, accepted)

    assert append(stores, accepted) == stored
    conversation = stores.conversations.find_conversation(conversation_ids[0])
    assert conversation is not None
    assert (conversation.last_seq, conversation.rev) == (2, 3)


def test_nothing_is_appended_for_nothing(stores: Stores) -> None:
    assert stores.messages.append_messages([], LATER) == []


def test_a_missing_conversation_holds_up_no_other(stores: Stores) -> None:
    good, other = create(stores, "u_ada"), create(stores, "u_ada")
    accepted = [an_accepted_message(place) for place in (good, "c_none", other, "c_none", good)]

    outcomes = stores.messages.append_messages(accepted, LATER)

    assert [isinstance(outcome, Appended) for outcome in outcomes] == [True, False, True, False, True]
    refused = [outcome for outcome in outcomes if isinstance(outcome, NotAppended)]
    assert all(isinstance(outcome.error, NotFoundError) for outcome in refused)
    assert len(history(stores, good)) == 2
    assert stores.messages.find_messages([accepted[1].message_id]) == {}


def test_a_sender_who_left_may_still_have_messages_under_way(stores: Stores) -> None:
    conversation_id = create(stores, "u_ada")

    append(stores, [an_accepted_message(conversation_id, sender_id="u_gone")])

    members = stores.conversations.list_members(conversation_id, after=None, limit=10)
    assert [member.user_id for member in members] == ["u_ada"]


def test_many_messages_of_many_conversations_go_in_at_once(stores: Stores) -> None:
    conversation_ids = [create(stores, "u_ada") for _ in range(200)]
    accepted = [an_accepted_message(conversation_ids[number % 200]) for number in range(500)]

    stored = append(stores, accepted)

    assert [message.message_id for message in stored] == [message.message_id for message in accepted]
    for conversation_id in (conversation_ids[0], conversation_ids[199]):
        seqs = [message.seq for message in stored if message.conversation_id == conversation_id]
        assert seqs == list(range(1, len(seqs) + 1))
        assert [message.seq for message in history(stores, conversation_id)] == seqs


def append_at_once(stores: Stores, batches: Sequence[Sequence[AcceptedMessage]]) -> None:
    """Appends each batch from a thread of its own, again while it is told to come later."""

    def run(batch: Sequence[AcceptedMessage]) -> None:
        for _ in range(20):
            outcomes = stores.messages.append_messages(batch, LATER)
            assert all(isinstance(outcome, Appended) or outcome.error.retryable for outcome in outcomes)
            if all(isinstance(outcome, Appended) for outcome in outcomes):
                return
        raise AssertionError("twenty tries were not enough")

    at_once([lambda batch=batch: run(batch) for batch in batches])  # type: ignore[misc] # a default binds the loop's variable


def check_dense(stores: Stores, conversation_id: str, count: int) -> list[Message]:
    """Checks that a conversation holds `count` messages without holes; gives them."""
    messages = history(stores, conversation_id)
    conversation = stores.conversations.find_conversation(conversation_id)
    assert conversation is not None
    assert [message.seq for message in messages] == list(range(1, count + 1))
    assert [message.rev for message in messages] == list(range(2, count + 2))
    assert (conversation.last_seq, conversation.rev) == (count, count + 1)
    assert conversation.last_message == messages[-1]
    return messages


@pytest.mark.timeout(240)
def test_eight_writers_of_one_conversation_leave_no_hole(stores: Stores) -> None:
    conversation_id = create(stores, *(f"u_{number}" for number in range(8)))
    batches = [
        [an_accepted_message(conversation_id, sender_id=f"u_{number}") for _ in range(10)] for number in range(8)
    ]

    append_at_once(stores, batches)

    messages = check_dense(stores, conversation_id, 80)
    for batch in batches:
        ids = [message.message_id for message in batch]
        places = [message.seq for message in messages if message.message_id in ids]
        assert places == list(range(places[0], places[0] + 10)), "a batch becomes visible as one"


@pytest.mark.timeout(240)
def test_writers_of_overlapping_conversations_all_get_through(stores: Stores) -> None:
    conversation_ids = [create(stores, "u_ada") for _ in range(6)]
    batches = [
        [an_accepted_message(conversation_ids[(number + place) % 6]) for place in range(4)] for number in range(6)
    ]

    append_at_once(stores, batches)

    for conversation_id in conversation_ids:
        check_dense(stores, conversation_id, 4)


@pytest.mark.timeout(240)
def test_the_same_messages_from_many_writers_are_stored_once(stores: Stores) -> None:
    conversation_id = create(stores, "u_ada")
    batch = [an_accepted_message(conversation_id) for _ in range(5)]

    append_at_once(stores, [batch] * 5)

    messages = check_dense(stores, conversation_id, 5)
    assert [message.message_id for message in messages] == [message.message_id for message in batch]


def test_a_page_of_history(stores: Stores) -> None:
    conversation_id = create(stores, "u_ada")
    append(stores, [an_accepted_message(conversation_id) for _ in range(7)])
    append(stores, [an_accepted_message(create(stores, "u_ada"))])

    def seqs(*, before: int | None = None, after: int | None = None, limit: int = 3) -> list[int]:
        found = stores.messages.list_messages(conversation_id, before=before, after=after, limit=limit)
        return [message.seq for message in found]

    assert seqs() == [7, 6, 5]
    assert seqs(before=5) == [4, 3, 2]
    assert seqs(before=8) == seqs(before=9) == seqs(before=2**53 - 1) == [7, 6, 5]
    assert seqs(before=3) == [2, 1]
    assert seqs(before=1) == []
    assert seqs(after=0) == [1, 2, 3]
    assert seqs(after=5) == [6, 7]
    assert seqs(after=7) == []
    assert seqs(limit=100) == [7, 6, 5, 4, 3, 2, 1]
    assert stores.messages.list_messages("c_none", limit=3) == []
