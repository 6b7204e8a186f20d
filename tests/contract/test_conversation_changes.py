"""ConversationStore's changes and the outbox: one suite for the fake and the real."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from parley.domain.errors import ForbiddenError, NotFoundError
from parley.domain.models import Conversation
from parley.domain.records import GroupDeleted, GroupShown
from parley.ports import Appended, ConversationChange, ConversationReader, MemberIds, outbox_row_id
from tests.contract.conftest import Stores
from tests.contract.samples import NOW, a_conversation, a_membership, an_accepted_message, append_all, at_once, unique

LATER = NOW + timedelta(minutes=1)


def advance(before: Conversation, **changes: object) -> Conversation:
    return replace(before, rev=before.rev + 1, **changes)  # type: ignore[arg-type] # the caller knows the fields


def renaming(name: str) -> Callable[[ConversationReader], ConversationChange]:
    def decide(reader: ConversationReader) -> ConversationChange:
        after = advance(reader.conversation, name=name)
        return ConversationChange(after, records=(GroupShown(after, "update", None),))

    return decide


def a_group(stores: Stores, *user_ids: str) -> Conversation:
    conversation, members = a_conversation(*user_ids)
    owned = [replace(members[0], role="owner"), *members[1:]]
    stores.conversations.create_conversation(conversation, owned)
    return conversation


def test_a_change_and_its_outbox_row_are_written_together(stores: Stores) -> None:
    group = a_group(stores, unique("u_"))
    change = stores.conversations.change_conversation(group.conversation_id, renaming("Owls"), LATER)
    assert change is not None
    assert stores.conversations.find_conversation(group.conversation_id) == change.conversation
    (row,) = [
        row for row in stores.outbox.list_rows(LATER + timedelta(seconds=1), 1_000) if row.records == change.records
    ]
    assert row.row_id == outbox_row_id(change.conversation)
    assert stores.outbox.list_rows(LATER, 10) == []
    stores.outbox.remove_row(row.row_id)
    stores.outbox.remove_row(row.row_id)
    assert stores.outbox.list_rows(LATER + timedelta(seconds=1), 10) == []


def test_a_new_conversation_brings_its_row_once(stores: Stores) -> None:
    conversation, members = a_conversation(unique("u_"))
    records = [GroupShown(conversation, "create", None)]
    for _ in range(2):
        stores.conversations.create_conversation(conversation, members, records)
    (row,) = stores.outbox.list_rows(LATER, 10)
    assert row.records == tuple(records)


def test_rows_come_oldest_first_and_by_rev(stores: Stores) -> None:
    group = a_group(stores, unique("u_"))
    for number in range(12):
        moment = NOW if number < 11 else NOW - timedelta(seconds=1)
        stores.conversations.change_conversation(group.conversation_id, renaming(f"Name {number}"), moment)
    rows = stores.outbox.list_rows(LATER, 100)
    revs = [int(row.row_id.split(":")[1]) for row in rows]
    assert revs == [13, *range(2, 13)]
    assert [row.row_id for row in stores.outbox.list_rows(LATER, 2)] == [row.row_id for row in rows[:2]]


def test_members_come_go_and_change(stores: Stores) -> None:
    ada, bob, cy, dan = sorted(unique("u_") for _ in range(4))
    group = a_group(stores, ada, bob, cy)
    place = group.conversation_id
    read: list[object] = []

    def decide(reader: ConversationReader) -> ConversationChange:
        read[:] = [reader.read_member_ids(), set(reader.find_memberships([ada, dan, bob, "u_nobody"]))]
        joins = replace(a_membership(place, dan), joined_at=LATER)
        changed = replace(reader.find_memberships([bob])[bob], role="admin")
        after = advance(reader.conversation, members_rev=2, updated_at=LATER)
        return ConversationChange(after, added=(joins,), changed=(changed,), removed=(cy, "u_nobody"))

    stores.conversations.change_conversation(place, decide, LATER)
    assert read == [(ada, bob, cy), {ada, bob}]
    members = stores.conversations.list_members(place, after=None, limit=10)
    assert [(one.user_id, one.role) for one in members] == [(ada, "owner"), (bob, "admin"), (dan, "member")]
    assert stores.conversations.read_member_ids([place]) == {place: MemberIds(2, (ada, bob, dan), 3)}
    assert stores.conversations.read_memberships({place: [bob, cy], "c_none": [ada]}) == {place: {bob: members[1]}}
    assert stores.conversations.find_memberships(cy, [place]) == {}

    def back(reader: ConversationReader) -> ConversationChange:
        return ConversationChange(advance(reader.conversation), added=(a_membership(place, cy),), removed=(dan,))

    stores.conversations.change_conversation(place, back, LATER)
    assert [one.user_id for one in stores.conversations.list_members(place, after=None, limit=10)] == [ada, bob, cy]


def test_the_heir_is_the_longest_standing_admin_else_member(stores: Stores) -> None:
    owner, *others = (unique("u_") for _ in range(5))
    conversation, members = a_conversation(owner, *others)
    minutes = [0, 5, 1, 3, 2]
    roles = ["owner", "member", "member", "admin", "admin"]
    stores.conversations.create_conversation(
        conversation,
        [
            replace(one, role=role, joined_at=NOW + timedelta(minutes=minute))  # type: ignore[arg-type] # roles, every one
            for one, role, minute in zip(members, roles, minutes, strict=True)
        ],
    )
    place = conversation.conversation_id
    heirs: list[str | None] = []

    def remove_heir(reader: ConversationReader) -> ConversationChange | None:
        heir = reader.find_heir()
        heirs.append(heir.user_id if heir else None)
        return ConversationChange(advance(reader.conversation), removed=(heir.user_id,)) if heir else None

    for _ in range(5):
        stores.conversations.change_conversation(place, remove_heir, LATER)
    assert heirs == [others[3], others[2], others[1], others[0], None]


def test_what_is_refused_or_makes_no_difference_writes_nothing(stores: Stores) -> None:
    group = a_group(stores, unique("u_"))

    def refuse(reader: ConversationReader) -> ConversationChange:
        raise ForbiddenError("No.")

    with pytest.raises(ForbiddenError):
        stores.conversations.change_conversation(group.conversation_id, refuse, LATER)
    assert stores.conversations.change_conversation(group.conversation_id, lambda reader: None, LATER) is None
    assert stores.conversations.find_conversation(group.conversation_id) == group
    with pytest.raises(NotFoundError):
        stores.conversations.change_conversation("c_none", renaming("Ghosts"), LATER)


def test_the_most_members_that_a_group_ever_had_stay_known(stores: Stores) -> None:
    ada, bob, cy = sorted(unique("u_") for _ in range(3))
    place = a_group(stores, ada, bob).conversation_id

    def peak() -> int:
        return stores.conversations.read_member_ids([place])[place].peak_count

    def add(reader: ConversationReader) -> ConversationChange:
        after = advance(reader.conversation, members_rev=2, member_count=3)
        return ConversationChange(after, added=(a_membership(place, cy),))

    def remove(reader: ConversationReader) -> ConversationChange:
        return ConversationChange(advance(reader.conversation, members_rev=3, member_count=1), removed=(bob, cy))

    stores.conversations.change_conversation(place, add, LATER)
    assert peak() == 3
    stores.conversations.change_conversation(place, remove, LATER)
    assert peak() == 3
    assert stores.conversations.read_member_ids([place])[place].user_ids == (ada,)


def test_a_deleted_group_is_gone_and_nobodys(stores: Stores) -> None:
    ada, bob = sorted((unique("u_"), unique("u_")))
    group = a_group(stores, ada, bob)

    def delete(reader: ConversationReader) -> ConversationChange:
        after = advance(reader.conversation, member_count=0)
        told = GroupDeleted(after.conversation_id, after.rev, reader.read_member_ids())
        return ConversationChange(after, is_deleted=True, records=(told,))

    change = stores.conversations.change_conversation(group.conversation_id, delete, LATER)
    assert change is not None
    assert change.records == (GroupDeleted(group.conversation_id, 2, (ada, bob)),)
    assert stores.conversations.find_conversation(group.conversation_id) is None
    for user_id in (ada, bob):
        assert stores.conversations.list_conversations(user_id, before=None, limit=10) == []
        assert stores.conversations.list_known_conversations(user_id, after=None, limit=10) == [group.conversation_id]
    assert stores.conversations.read_member_ids([group.conversation_id]) == {
        group.conversation_id: MemberIds(change.conversation.members_rev, (), 2)
    }
    with pytest.raises(NotFoundError):
        stores.conversations.change_conversation(group.conversation_id, renaming("Ghosts"), LATER)


def test_muting_is_ones_own(stores: Stores) -> None:
    ada, bob = unique("u_"), unique("u_")
    group = a_group(stores, ada, bob)
    place = group.conversation_id
    muted = stores.conversations.set_muted(bob, place, muted=True, now=LATER)
    assert muted is not None
    assert muted.muted
    assert stores.conversations.find_memberships(bob, [place]) == {place: muted}
    assert not stores.conversations.find_memberships(ada, [place])[place].muted
    assert stores.conversations.set_muted("u_nobody", place, muted=True, now=LATER) is None
    assert stores.conversations.find_conversation(place) == group


def test_a_users_conversations_are_paged_by_id(stores: Stores) -> None:
    ada = unique("u_")
    ids = sorted(a_group(stores, ada).conversation_id for _ in range(5))
    first = stores.conversations.list_known_conversations(ada, after=None, limit=3)
    assert first + stores.conversations.list_known_conversations(ada, after=first[-1], limit=3) == ids


def test_conversations_that_were_left_are_known_still(stores: Stores) -> None:
    ada, bob = unique("u_"), unique("u_")
    left, kept = a_group(stores, bob, ada).conversation_id, a_group(stores, ada).conversation_id

    def remove(reader: ConversationReader) -> ConversationChange:
        return ConversationChange(advance(reader.conversation), removed=(ada,))

    stores.conversations.change_conversation(left, remove, LATER)
    assert stores.conversations.list_known_conversations(ada, after=None, limit=10) == sorted((left, kept))


def test_what_a_user_wrote_somewhere_is_listed(stores: Stores) -> None:
    ada, bob = unique("u_"), unique("u_")
    here, there = a_group(stores, ada, bob).conversation_id, a_group(stores, ada).conversation_id
    sent = [an_accepted_message(here, sender_id=ada, client_message_id=f"n{number}") for number in range(5)]
    others = [an_accepted_message(here, sender_id=bob), an_accepted_message(there, sender_id=ada)]
    append_all(stores.messages, [*sent, *others], LATER)
    first = stores.messages.list_sent(ada, here, after=None, limit=3)
    rest = stores.messages.list_sent(ada, here, after=first[-1].client_message_id, limit=9)
    assert [message.message_id for message in first + rest] == [message.message_id for message in sent]


def test_changes_at_once_and_messages_between_lose_nothing(stores: Stores) -> None:
    ada, bob = unique("u_"), unique("u_")
    group = a_group(stores, ada, bob)
    place = group.conversation_id
    people = iter([unique("u_m") for _ in range(40)])
    lock = threading.Lock()

    def add() -> int:
        with lock:
            who = next(people)

        def decide(reader: ConversationReader) -> ConversationChange:
            before = reader.conversation
            after = advance(before, members_rev=before.rev + 1, member_count=before.member_count + 1)
            return ConversationChange(after, added=(a_membership(place, who),))

        change = stores.conversations.change_conversation(place, decide, LATER)
        assert change is not None
        return change.conversation.rev

    def rename() -> int:
        change = stores.conversations.change_conversation(place, renaming(unique("Name ")), LATER)
        assert change is not None
        return change.conversation.rev

    def send() -> int:
        (outcome,) = stores.messages.append_messages([an_accepted_message(place, sender_id=ada)], LATER)
        return outcome.message.rev if isinstance(outcome, Appended) else 0

    def repeat(act: Callable[[], int], count: int) -> list[int]:
        return [act() for _ in range(count)]

    revs = at_once(
        [lambda: repeat(add, 20), lambda: repeat(rename, 20), lambda: repeat(add, 20), lambda: repeat(send, 10)]
    )
    taken = sorted(rev for some in revs for rev in some if rev)
    last = stores.conversations.find_conversation(place)
    assert last is not None
    assert taken == list(range(2, 2 + len(taken)))
    assert len(taken) >= 60
    assert (last.rev, last.member_count) == (taken[-1], 42)
    assert len(stores.conversations.list_members(place, after=None, limit=100)) == 42
