"""MessageStore.apply_changes: one suite for the fake and the real."""

from __future__ import annotations

from datetime import timedelta

import pytest

from parley.domain.errors import NotFoundError
from parley.domain.models import AcceptedChange, ChangeKind, Message, Reaction
from parley.ports import Appended, Changed, NotChanged
from tests.contract.conftest import Stores
from tests.contract.samples import NOW, a_conversation, an_accepted_message, append_all, at_once, unique

LATER = NOW + timedelta(minutes=1)


def create(stores: Stores, count: int = 1) -> list[Message]:
    """Messages of a conversation of their own."""
    conversation, members = a_conversation("u_ada", "u_bob")
    stores.conversations.create_conversation(conversation, members)
    accepted = [an_accepted_message(conversation.conversation_id) for _ in range(count)]
    return append_all(stores.messages, accepted, NOW)


def a_change(
    message: Message, kind: ChangeKind, *, user_id: str = "u_ada", content: str | None = None, remove: bool = False
) -> AcceptedChange:
    emoji = "👍" if kind == "react" else None
    return AcceptedChange(
        unique("x_"), kind, message.message_id, message.conversation_id, user_id, NOW, content, emoji, remove
    )


def apply(stores: Stores, *changes: AcceptedChange) -> list[tuple[int | None, Message]]:
    """Makes changes that must all be made."""
    outcomes = stores.messages.apply_changes(changes, LATER)
    made = [(outcome.rev, outcome.message) for outcome in outcomes if isinstance(outcome, Changed)]
    assert len(made) == len(changes), outcomes
    return made


def test_changes_take_the_next_revs_in_their_order(stores: Stores) -> None:
    first, second, last = create(stores, 3)

    made = apply(
        stores,
        a_change(second, "edit", content="Ω"),
        a_change(first, "react", user_id="u_bob"),
        a_change(second, "react"),
        a_change(last, "delete"),
    )

    assert [rev for rev, _ in made] == [5, 6, 7, 8]
    assert [message.rev for _, message in made] == [5, 6, 7, 8]
    stored = stores.messages.find_messages([first.message_id, second.message_id, last.message_id])
    assert stored[first.message_id].reactions == (Reaction("👍", 1, ("u_bob",)),)
    edited = stored[second.message_id]
    assert (edited.content, edited.edited_at, edited.rev) == ("Ω", LATER, 7)
    assert edited.reactions == (Reaction("👍", 1, ("u_ada",)),)
    tombstone = stored[last.message_id]
    assert (tombstone.content, tombstone.mentions, tombstone.deleted_at, tombstone.seq) == (None, (), LATER, 3)
    conversation = stores.conversations.find_conversation(first.conversation_id)
    assert conversation is not None
    assert (conversation.rev, conversation.last_seq, conversation.deleted_runs) == (8, 3, ((3, 3),))
    assert (conversation.last_message, conversation.updated_at) == (tombstone, NOW)
    assert stores.messages.list_messages(first.conversation_id, limit=1) == [tombstone]


def test_a_change_that_comes_again_takes_no_rev_whatever_came_after(stores: Stores) -> None:
    [message] = create(stores)
    first, second = a_change(message, "edit", content="A"), a_change(message, "edit", content="B")
    like, unlike = a_change(message, "react"), a_change(message, "react", remove=True)
    batch = (first, second, like, unlike)
    made = apply(stores, *batch)

    again = apply(stores, *batch, *batch)

    assert [rev for rev, _ in again] == [rev for rev, _ in made] * 2 == [3, 4, 5, 6] * 2
    assert {after for _, after in again} == {made[-1][1]}
    assert stores.messages.find_messages([message.message_id]) == {message.message_id: made[-1][1]}


def test_what_makes_nothing_different_takes_no_rev_and_is_remembered(stores: Stores) -> None:
    [message] = create(stores)
    same = a_change(message, "edit", content=message.content)
    assert apply(stores, same, a_change(message, "react", remove=True)) == [(None, message)] * 2
    apply(stores, a_change(message, "edit", content="other"))

    [(rev, after)] = apply(stores, same)

    assert rev is None
    assert after.content == "other"


def test_what_is_not_stored_is_not_changed_and_leaves_the_others_alone(stores: Stores) -> None:
    [message] = create(stores)
    [elsewhere] = create(stores)
    strange = AcceptedChange(unique("x_"), "delete", "m_none", message.conversation_id, "u_ada", NOW)
    crossed = AcceptedChange(unique("x_"), "delete", elsewhere.message_id, message.conversation_id, "u_ada", NOW)
    nowhere = AcceptedChange(unique("x_"), "delete", "m_none", "c_none", "u_ada", NOW)

    outcomes = stores.messages.apply_changes([strange, nowhere, crossed, a_change(message, "delete")], LATER)

    refused = [outcome.error for outcome in outcomes if isinstance(outcome, NotChanged)]
    assert len(refused) == 3
    assert all(isinstance(error, NotFoundError) for error in refused)
    assert isinstance(outcomes[3], Changed)
    assert outcomes[3].rev == 3
    assert stores.messages.apply_changes([], LATER) == []


def test_messages_after_a_delete_go_on_from_its_rev(stores: Stores) -> None:
    [message] = create(stores)
    apply(stores, a_change(message, "delete"))

    [outcome] = stores.messages.append_messages([an_accepted_message(message.conversation_id)], LATER)

    assert isinstance(outcome, Appended)
    assert (outcome.message.seq, outcome.message.rev) == (2, 4)
    conversation = stores.conversations.find_conversation(message.conversation_id)
    assert conversation is not None
    assert conversation.deleted_runs == ((1, 1),)


@pytest.mark.timeout(240)
def test_writers_of_changes_and_messages_side_by_side_leave_no_hole_in_rev(stores: Stores) -> None:
    messages = create(stores, 4)
    place = messages[0].conversation_id

    def change(number: int) -> list[int]:
        revs: list[int] = []
        changes = [a_change(message, "react", user_id=f"u_{number}") for message in messages]
        while changes:
            outcomes = stores.messages.apply_changes(changes, LATER)
            revs += [outcome.rev for outcome in outcomes if isinstance(outcome, Changed) and outcome.rev]
            changes = changes if any(isinstance(outcome, NotChanged) for outcome in outcomes) else []
        return revs

    def append() -> list[int]:
        accepted = [an_accepted_message(place) for _ in range(4)]
        while True:
            outcomes = stores.messages.append_messages(accepted, LATER)
            done = [outcome.message.rev for outcome in outcomes if isinstance(outcome, Appended)]
            if len(done) == len(accepted):
                return done

    revs = at_once([lambda: change(1), lambda: change(2), lambda: change(3), append, append])

    assert sorted(rev for some in revs for rev in some) == list(range(6, 6 + 20))
    liked = stores.messages.find_messages([message.message_id for message in messages])
    assert all(message.reactions[0].count == 3 for message in liked.values())
