"""Making conversations and seeing them."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from parley.domain.errors import InvalidRequestError, NotFoundError
from parley.domain.models import Identity
from parley.domain.records import ConversationCreated, GroupShown
from tests.unit.services.world import World, draft


def created_events(world: World) -> list[ConversationCreated]:
    return [record for record in world.publisher.records if isinstance(record, ConversationCreated)]


def test_a_direct_conversation_is_seen_from_both_sides(world: World, ann: Identity, ben: Identity) -> None:
    view, created = world.conversations.create_direct(ann, ben.user_id)
    assert created
    conversation = view.conversation
    assert (conversation.kind, conversation.name, conversation.photo_url) == ("direct", None, None)
    assert (conversation.member_count, conversation.rev, conversation.members_rev) == (2, 1, 1)
    assert (conversation.last_seq, conversation.last_message) == (0, None)
    assert (view.membership.user_id, view.membership.role, view.membership.muted) == (ann.user_id, "member", False)
    assert view.peer is not None
    assert view.peer.username == "ben"
    others_view = world.conversations.get_conversation(ben, conversation.conversation_id)
    assert others_view.peer is not None
    assert others_view.peer.username == "ann"
    assert others_view.conversation == conversation


def test_there_is_one_direct_conversation_a_pair(world: World, ann: Identity, ben: Identity) -> None:
    first, _ = world.conversations.create_direct(ann, ben.user_id)
    world.forget_traces()
    again, created = world.conversations.create_direct(ann, ben.user_id)
    assert (again, created) == (first, False)
    from_the_other, created = world.conversations.create_direct(ben, ann.user_id)
    assert (from_the_other.conversation, created) == (first.conversation, False)
    assert from_the_other.membership.user_id == ben.user_id
    assert world.publisher.records == []


def test_of_both_who_begin_at_once_one_makes_it(world: World, ann: Identity, ben: Identity) -> None:
    pairs = [(ann, ben.user_id), (ben, ann.user_id)] * 16
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda pair: world.conversations.create_direct(*pair), pairs))
    assert sum(created for _, created in results) == 1
    assert len(created_events(world)) == 2


def test_both_are_told_of_a_direct_conversation_each_with_their_own_view(
    world: World, ann: Identity, ben: Identity
) -> None:
    world.conversations.create_direct(ann, ben.user_id)
    events = {event.recipient_id: event.view for event in created_events(world)}
    assert set(events) == {ann.user_id, ben.user_id}
    for user_id, view in events.items():
        assert view.membership.user_id == user_id
        assert view.peer is not None
        assert view.peer.user_id != user_id


def test_nobody_has_a_direct_conversation_with_themselves(world: World, ann: Identity) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        world.conversations.create_direct(ann, ann.user_id)
    assert [problem.field for problem in caught.value.problems] == ["memberId"]


@pytest.mark.parametrize("member_id", ["u_nobody", "", "\ud800", "a\0", "$ne", "x" * 10_000])
def test_nobody_has_a_direct_conversation_with_nobody(world: World, ann: Identity, member_id: str) -> None:
    with pytest.raises(NotFoundError):
        world.conversations.create_direct(ann, member_id)
    assert world.conversation_store.calls["create_conversation"] == 0


def test_a_group_has_its_owner_and_members(world: World, ann: Identity, ben: Identity, eve: Identity) -> None:
    view = world.conversations.create_group(
        ann, name="Team", member_ids=[ben.user_id, eve.user_id], photo_url="https://example.org/team.png"
    )
    conversation = view.conversation
    assert (conversation.kind, conversation.name, conversation.member_count) == ("group", "Team", 3)
    assert conversation.photo_url == "https://example.org/team.png"
    assert (view.membership.role, view.peer, view.unread_count) == ("owner", None, 0)
    members = world.conversations.list_members(ben, conversation.conversation_id, limit=100)
    assert [(member.user_id, member.role, user.username) for member, user in members] == [
        (ann.user_id, "owner", "ann"),
        (ben.user_id, "member", "ben"),
        (eve.user_id, "member", "eve"),
    ]
    assert world.publisher.records == [GroupShown(conversation, "create", None)]


def test_a_group_may_have_its_owner_alone(world: World, ann: Identity) -> None:
    assert world.conversations.create_group(ann, name="Me", member_ids=[]).conversation.member_count == 1
    again = world.conversations.create_group(ann, name="Me", member_ids=[ann.user_id, ann.user_id])
    assert again.conversation.member_count == 1


def test_members_named_twice_count_once(world: World, ann: Identity, ben: Identity) -> None:
    view = world.conversations.create_group(ann, name="Team", member_ids=[ben.user_id, ann.user_id, ben.user_id])
    assert view.conversation.member_count == 2


def test_groups_of_the_same_members_are_two(world: World, ann: Identity, ben: Identity) -> None:
    one, other = (world.conversations.create_group(ann, name="Team", member_ids=[ben.user_id]) for _ in range(2))
    assert one.conversation.conversation_id != other.conversation.conversation_id


def test_a_group_has_5000_members_at_most(world: World, ann: Identity) -> None:
    others = [world.add_user(f"user{number}").user_id for number in range(4_999)]
    view = world.conversations.create_group(ann, name="All", member_ids=others)
    assert view.conversation.member_count == 5_000
    one_more = world.add_user("onemore").user_id
    world.forget_traces()
    with pytest.raises(InvalidRequestError) as caught:
        world.conversations.create_group(ann, name="All", member_ids=[*others, one_more])
    assert [problem.field for problem in caught.value.problems] == ["memberIds"]
    assert world.database_calls() == 0


@pytest.mark.parametrize("stranger", ["u_nobody", "", "\ud800", "$ne"])
def test_a_group_of_somebody_unknown_is_not_made(world: World, ann: Identity, ben: Identity, stranger: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        world.conversations.create_group(ann, name="Team", member_ids=[ben.user_id, stranger])
    assert [problem.field for problem in caught.value.problems] == ["memberIds.1"]
    assert world.conversation_store.calls["create_conversation"] == 0
    assert world.publisher.records == []


def test_all_wrong_fields_of_a_group_are_told_at_once(world: World, ann: Identity) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        world.conversations.create_group(ann, name=" ", member_ids=["u_x"] * 6_000, photo_url="javascript:alert(1)")
    assert [problem.field for problem in caught.value.problems] == ["name", "photoUrl"]


def test_a_conversation_stands_even_when_nobody_can_be_told(
    world: World, ann: Identity, ben: Identity, caplog: pytest.LogCaptureFixture
) -> None:
    world.publisher.reachable = False
    with caplog.at_level(logging.WARNING):
        view, created = world.conversations.create_direct(ann, ben.user_id)
    assert created
    assert (
        world.conversations.get_conversation(ben, view.conversation.conversation_id).conversation == view.conversation
    )
    assert "told of later" in caplog.text


def test_members_are_told_after_the_write_and_never_without_it(world: World, ann: Identity, ben: Identity) -> None:
    world.conversation_store.reachable = False
    with pytest.raises(Exception, match="cut off"):
        world.conversations.create_direct(ann, ben.user_id)
    assert world.publisher.records == []


def test_strangers_hear_the_same_of_what_is_not_theirs_and_what_is_not(
    world: World, ann: Identity, ben: Identity, eve: Identity
) -> None:
    conversation_id = world.make_direct(ann, ben).conversation.conversation_id
    answers = set()
    for wanted in (conversation_id, "c_nothing", "\ud800", "$ne", ""):
        with pytest.raises(NotFoundError) as caught:
            world.conversations.get_conversation(eve, wanted)
        answers.add(caught.value.detail)
        with pytest.raises(NotFoundError) as caught:
            world.conversations.list_members(eve, wanted, limit=10)
        answers.add(caught.value.detail)
    assert len(answers) == 1


def test_the_sidebar_comes_newest_first_in_pages(world: World, ann: Identity, ben: Identity) -> None:
    made = []
    for number in range(5):
        made.append(world.conversations.create_group(ann, name=f"Group {number}", member_ids=[ben.user_id]))
        world.clock.advance(1)
    world.store(ben, draft(made[1].conversation.conversation_id))
    names = [view.conversation.name for view in world.conversations.list_conversations(ann, limit=100)]
    assert names == ["Group 1", "Group 4", "Group 3", "Group 2", "Group 0"]
    page = world.conversations.list_conversations(ann, limit=2)
    last = page[-1].conversation
    rest = world.conversations.list_conversations(ann, before=(last.updated_at, last.conversation_id), limit=100)
    assert [view.conversation.name for view in (*page, *rest)] == names


def test_the_sidebar_takes_two_queries_however_long_it_is(world: World, ann: Identity) -> None:
    for number in range(20):
        world.conversations.create_direct(ann, world.add_user(f"user{number}").user_id)
    world.forget_traces()
    views = world.conversations.list_conversations(ann, limit=100)
    assert sorted(view.peer.username for view in views if view.peer) == sorted(f"user{n}" for n in range(20))
    assert world.database_calls() == 2


def test_the_sidebar_holds_only_ones_own(world: World, ann: Identity, ben: Identity, eve: Identity) -> None:
    world.make_direct(ann, ben)
    assert world.conversations.list_conversations(eve, limit=10) == []


@pytest.mark.parametrize("limit", [-1, 0, 101])
def test_pages_have_1_to_100_items(world: World, ann: Identity, ben: Identity, limit: int) -> None:
    conversation_id = world.make_direct(ann, ben).conversation.conversation_id
    with pytest.raises(InvalidRequestError):
        world.conversations.list_conversations(ann, limit=limit)
    with pytest.raises(InvalidRequestError):
        world.conversations.list_members(ann, conversation_id, limit=limit)
    with pytest.raises(InvalidRequestError):
        world.messages.list_messages(ann, conversation_id, limit=limit)


def test_members_come_in_pages(world: World, ann: Identity, ben: Identity, eve: Identity) -> None:
    conversation_id = world.make_group(ann, ben, eve).conversation.conversation_id
    first = world.conversations.list_members(ann, conversation_id, limit=2)
    rest = world.conversations.list_members(ann, conversation_id, after=first[-1][0].user_id, limit=2)
    assert [user.username for _, user in (*first, *rest)] == ["ann", "ben", "eve"]


def test_unread_are_the_others_messages_after_ones_pointer(world: World, ann: Identity, ben: Identity) -> None:
    conversation_id = world.make_direct(ann, ben).conversation.conversation_id
    world.store(ann, *(draft(conversation_id, number) for number in range(3)))
    assert world.conversations.get_conversation(ben, conversation_id).unread_count == 3
    own = world.conversations.get_conversation(ann, conversation_id)
    assert (own.unread_count, own.membership.last_read_seq, own.membership.last_delivered_seq) == (0, 3, 3)


@pytest.mark.parametrize(("sent", "unread"), [(998, 998), (999, 999), (1_000, 999)])
def test_unread_is_exact_up_to_999(world: World, ann: Identity, ben: Identity, sent: int, unread: int) -> None:
    conversation_id = world.make_direct(ann, ben).conversation.conversation_id
    world.store(ann, *(draft(conversation_id, number) for number in range(sent)))
    assert world.conversations.get_conversation(ben, conversation_id).unread_count == unread
