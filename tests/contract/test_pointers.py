"""ConversationStore.move_pointers: one suite for the fake and the real."""

from __future__ import annotations

from datetime import timedelta

import pytest

from parley.domain.errors import NotFoundError
from parley.domain.models import AcceptedReceipt, ReceiptStatus
from parley.ports import Moved, NotAppended, NotMoved
from tests.contract.conftest import Stores
from tests.contract.samples import NOW, a_conversation, an_accepted_message, append_all, at_once

LATER = NOW + timedelta(minutes=1)


def create(stores: Stores, *user_ids: str, count: int = 9) -> str:
    """A conversation in which somebody else wrote so many messages."""
    conversation, members = a_conversation("u_writer", *user_ids)
    stores.conversations.create_conversation(conversation, members)
    place = conversation.conversation_id
    append_all(stores.messages, [an_accepted_message(place, sender_id="u_writer") for _ in range(count)], NOW)
    return place


def a_receipt(place: str, user_id: str, seq: int, status: ReceiptStatus = "read") -> AcceptedReceipt:
    return AcceptedReceipt(place, user_id, status, seq, NOW)


def pointers(outcome: Moved | NotMoved) -> tuple[int, int]:
    assert isinstance(outcome, Moved), outcome
    return outcome.membership.last_delivered_seq, outcome.membership.last_read_seq


def stored(stores: Stores, place: str, user_id: str) -> tuple[int, int]:
    membership = stores.conversations.find_memberships(user_id, [place])[place]
    return membership.last_delivered_seq, membership.last_read_seq


def test_pointers_move_forward_only_and_read_implies_delivered(stores: Stores) -> None:
    place = create(stores, "u_ada")
    receipts = [
        a_receipt(place, "u_ada", 4, "delivered"),
        a_receipt(place, "u_ada", 2),
        a_receipt(place, "u_ada", 1),
        a_receipt(place, "u_ada", 6),
        a_receipt(place, "u_ada", 3, "delivered"),
    ]

    outcomes = stores.conversations.move_pointers(receipts, LATER)

    assert [pointers(outcome) for outcome in outcomes] == [(4, 0), (4, 2), (4, 2), (6, 6), (6, 6)]
    assert stored(stores, place, "u_ada") == (6, 6)
    assert all(isinstance(outcome, Moved) and outcome.members_rev == 1 for outcome in outcomes)


def test_a_seq_beyond_the_last_is_taken_for_the_last_and_rev_stays(stores: Stores) -> None:
    place = create(stores, "u_ada")
    before = stores.conversations.find_conversation(place)

    [outcome] = stores.conversations.move_pointers([a_receipt(place, "u_ada", 2**53 - 1)], LATER)

    assert pointers(outcome) == (9, 9)
    assert stores.conversations.find_conversation(place) == before


def test_a_repeat_changes_nothing(stores: Stores) -> None:
    place = create(stores, "u_ada")
    receipt = a_receipt(place, "u_ada", 5)
    first = stores.conversations.move_pointers([receipt], LATER)

    assert stores.conversations.move_pointers([receipt, receipt], LATER) == first * 2


def test_who_is_no_member_is_told_and_the_others_go_on(stores: Stores) -> None:
    here, there = create(stores, "u_ada"), create(stores, "u_bob")
    receipts = [
        a_receipt(here, "u_ada", 1),
        a_receipt(there, "u_ada", 1),
        a_receipt("c_none", "u_ada", 1),
        a_receipt(there, "u_bob", 3, "delivered"),
    ]

    outcomes = stores.conversations.move_pointers(receipts, LATER)

    assert [isinstance(outcome, Moved) for outcome in outcomes] == [True, False, False, True]
    refused = [outcome.error for outcome in outcomes if isinstance(outcome, NotMoved)]
    assert all(isinstance(error, NotFoundError) for error in refused)
    assert stored(stores, there, "u_bob") == (3, 0)
    assert stores.conversations.move_pointers([], LATER) == []


@pytest.mark.timeout(240)
def test_receipts_and_messages_side_by_side_lose_nothing(stores: Stores) -> None:
    readers = [f"u_{number}" for number in range(4)]
    place = create(stores, *readers)

    def read(user_id: str) -> None:
        for seq in range(1, 10):
            while True:
                [outcome] = stores.conversations.move_pointers([a_receipt(place, user_id, seq)], LATER)
                if isinstance(outcome, Moved):
                    break

    def write() -> None:
        for _ in range(5):
            accepted = [an_accepted_message(place, sender_id=readers[0])]
            while isinstance(stores.messages.append_messages(accepted, LATER)[0], NotAppended):
                pass

    at_once([*(lambda user_id=user_id: read(user_id) for user_id in readers), write])

    assert [stored(stores, place, user_id) for user_id in readers[1:]] == [(9, 9)] * 3
    assert stored(stores, place, readers[0])[1] >= 9
