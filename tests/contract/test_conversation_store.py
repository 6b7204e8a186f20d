"""ConversationStore: one suite for the fake and the real."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from parley.domain.models import Conversation
from parley.ports import MemberIds
from tests.contract.conftest import Stores
from tests.contract.samples import NOW, a_conversation, a_membership, an_accepted_message, append_all, at_once, unique


def test_a_conversation_is_created_once(stores: Stores) -> None:
    conversation, members = a_conversation("u_ada", "u_bob")

    assert stores.conversations.create_conversation(conversation, members) == (conversation, True)

    other = replace(conversation, name="Another name")
    assert stores.conversations.create_conversation(other, members[:1]) == (conversation, False)
    assert stores.conversations.find_conversation(conversation.conversation_id) == conversation
    assert stores.conversations.list_members(conversation.conversation_id, after=None, limit=10) == members


def test_of_concurrent_creations_one_makes_it(stores: Stores) -> None:
    conversation, members = a_conversation("u_ada", "u_bob")
    named = [replace(conversation, name=f"Name {number}") for number in range(8)]

    def create(mine: Conversation) -> tuple[Conversation, bool]:
        return stores.conversations.create_conversation(mine, members)

    outcomes = at_once([lambda mine=mine: create(mine) for mine in named])  # type: ignore[misc] # a default binds the loop's variable

    assert [made for _, made in outcomes].count(True) == 1
    winner = named[[made for _, made in outcomes].index(True)]
    assert {stored.name for stored, _ in outcomes} == {winner.name}
    assert stores.conversations.list_members(conversation.conversation_id, after=None, limit=10) == members


def test_what_does_not_exist_is_not_found(stores: Stores) -> None:
    assert stores.conversations.find_conversation("c_none") is None
    assert stores.conversations.find_memberships("u_ada", ["c_none"]) == {}
    assert stores.conversations.list_conversations("u_ada", before=None, limit=10) == []
    assert stores.conversations.list_members("c_none", after=None, limit=10) == []
    assert stores.conversations.find_members({"c_none": ["u_ada"]}) == {}
    assert stores.conversations.find_members({}) == {}
    assert stores.conversations.read_member_ids(["c_none"]) == {}
    assert stores.conversations.read_member_ids([]) == {}


def test_memberships_are_the_users_own(stores: Stores) -> None:
    (first, its_members), (second, others) = a_conversation("u_ada", "u_bob"), a_conversation("u_bob")
    direct_member = a_membership(first.conversation_id, "u_ada", peer_id="u_bob")
    stores.conversations.create_conversation(first, [direct_member, its_members[1]])
    stores.conversations.create_conversation(second, others)

    found = stores.conversations.find_memberships("u_ada", [first.conversation_id, second.conversation_id, "c_none"])

    assert found == {first.conversation_id: direct_member}


def test_conversations_come_newest_activity_first_and_page_without_gap(stores: Stores) -> None:
    ada, bob = unique("u_"), unique("u_")
    for minute in (3, 1, 2, 2, 2, 5):
        conversation, members = a_conversation(ada, bob, updated_at=NOW + timedelta(minutes=minute))
        stores.conversations.create_conversation(conversation, members)
    stores.conversations.create_conversation(*a_conversation(bob, updated_at=NOW + timedelta(minutes=9)))

    everything = stores.conversations.list_conversations(ada, before=None, limit=100)
    pages, before = [], None
    while page := stores.conversations.list_conversations(ada, before=before, limit=2):
        pages.append(page)
        before = page[-1][0].updated_at, page[-1][0].conversation_id

    keys = [(conversation.updated_at, conversation.conversation_id) for conversation, _ in everything]
    assert len(keys) == 6
    assert keys == sorted(keys, reverse=True)
    assert [len(page) for page in pages] == [2, 2, 2]
    assert [row for page in pages for row in page] == everything
    assert {membership.user_id for _, membership in everything} == {ada}


def test_a_message_moves_its_conversation_to_the_top(stores: Stores) -> None:
    ada = unique("u_")
    old, recent = (a_conversation(ada, updated_at=NOW + timedelta(minutes=minute)) for minute in (1, 2))
    stores.conversations.create_conversation(*old)
    stores.conversations.create_conversation(*recent)

    message = an_accepted_message(old[0].conversation_id, sender_id=ada)
    append_all(stores.messages, [message], NOW + timedelta(minutes=3))

    (first, membership), _ = stores.conversations.list_conversations(ada, before=None, limit=10)
    assert first.conversation_id == old[0].conversation_id
    assert first.last_message is not None
    assert first.last_message.message_id == message.message_id
    assert first.updated_at == NOW + timedelta(minutes=3)
    assert (membership.last_delivered_seq, membership.last_read_seq) == (1, 1)


def test_members_come_by_user_id_and_page(stores: Stores) -> None:
    user_ids = [f"u_{number:02}" for number in (4, 1, 3, 0, 2)]
    conversation, members = a_conversation(*user_ids)
    stores.conversations.create_conversation(conversation, members)
    stores.conversations.create_conversation(*a_conversation("u_05"))

    def list_ids(after: str | None, limit: int) -> list[str]:
        return [
            member.user_id
            for member in stores.conversations.list_members(conversation.conversation_id, after=after, limit=limit)
        ]

    assert list_ids(None, 2) == ["u_00", "u_01"]
    assert list_ids("u_01", 2) == ["u_02", "u_03"]
    assert list_ids("u_03", 2) == ["u_04"]
    assert list_ids("u_04", 2) == []


def test_members_are_told_from_strangers_for_many_conversations(stores: Stores) -> None:
    (first, first_members), (second, second_members) = a_conversation("u_ada", "u_bob"), a_conversation("u_cy")
    stores.conversations.create_conversation(first, first_members)
    stores.conversations.create_conversation(second, second_members)

    found = stores.conversations.find_members(
        {first.conversation_id: ["u_bob", "u_cy", "u_ada"], second.conversation_id: ["u_ada"], "c_none": ["u_ada"]}
    )

    assert found == {first.conversation_id: frozenset({"u_ada", "u_bob"})}


def test_all_member_ids_are_read_whatever_their_number(stores: Stores) -> None:
    user_ids = {f"u_{number}" for number in range(1_200)}
    large, large_members = a_conversation(*user_ids)
    small, small_members = a_conversation("u_ada")
    stores.conversations.create_conversation(large, large_members)
    stores.conversations.create_conversation(small, small_members)

    found = stores.conversations.read_member_ids([small.conversation_id, "c_none", large.conversation_id])

    assert found.keys() == {small.conversation_id, large.conversation_id}
    assert found[small.conversation_id] == MemberIds(1, ("u_ada",), 1)
    everybody = found[large.conversation_id]
    assert (everybody.members_rev, everybody.peak_count, len(everybody.user_ids)) == (1, 1_200, 1_200)
    assert set(everybody.user_ids) == user_ids
