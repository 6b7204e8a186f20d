"""Groups: who may change what, what becomes of it, and who is told."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from parley.domain.errors import ConflictError, ForbiddenError, InvalidRequestError, NotFoundError
from parley.domain.models import Identity
from parley.domain.records import GroupDeleted, GroupShown, MembersChanged, Record
from parley.services.member_events import make_member_records
from tests.unit.services.world import World, draft


@pytest.fixture
def group(world: World, ann: Identity, ben: Identity, eve: Identity) -> str:
    """Ann's group, with Ben as an admin and Eve as a member."""
    place = world.make_group(ann, ben, eve).conversation.conversation_id
    world.groups.change_role(ann, place, ben.user_id, "admin")
    world.forget_traces()
    return place


def roles(world: World, place: str) -> dict[str, str]:
    members = world.conversation_store.list_members(place, after=None, limit=100)
    return {member.user_id.removeprefix("u_"): member.role for member in members}


def told(world: World) -> list[Record]:
    """What was published, and that nothing is left in the outbox."""
    assert world.database.outbox == {}
    return list(world.publisher.records)


def test_a_new_name_and_photo_take_a_rev_each_and_are_told(world: World, group: str, ben: Identity) -> None:
    world.clock.advance(5)
    renamed = world.groups.rename_group(ben, group, "Owls")
    shown = world.groups.change_photo(ben, group, "https://example.org/owl.png")
    assert (renamed.conversation.name, renamed.conversation.rev) == ("Owls", 3)
    assert (shown.conversation.photo_url, shown.conversation.rev) == ("https://example.org/owl.png", 4)
    assert shown.conversation.members_rev == 1
    assert shown.conversation.updated_at == world.clock.now()
    assert shown.membership.user_id == ben.user_id
    assert told(world) == [
        GroupShown(renamed.conversation, "update", None),
        GroupShown(shown.conversation, "update", None),
    ]
    assert world.groups.change_photo(ben, group, None).conversation.photo_url is None


def test_what_makes_no_difference_takes_no_rev_and_is_told_to_nobody(
    world: World, group: str, ann: Identity, eve: Identity
) -> None:
    world.groups.rename_group(ann, group, "A group")
    world.groups.change_members(ann, group, add=[eve.user_id], remove=["u_nobody"])
    world.groups.change_members(ann, group)
    world.groups.change_role(ann, group, eve.user_id, "member")
    world.groups.change_role(ann, group, ann.user_id, "owner")
    assert world.database.conversations[group].rev == 2
    assert told(world) == []


def test_members_come_and_go_in_one_rev(world: World, group: str, ben: Identity, eve: Identity) -> None:
    gil = world.add_user("gil")
    world.store(eve, draft(group))
    world.clock.advance(60)
    view = world.groups.change_members(ben, group, add=[gil.user_id, gil.user_id], remove=[eve.user_id])
    assert roles(world, group) == {"ann": "owner", "ben": "admin", "gil": "member"}
    conversation = view.conversation
    assert (conversation.rev, conversation.members_rev, conversation.member_count) == (4, 4, 3)
    created, members = told(world)
    assert created == GroupShown(conversation, "create", (gil.user_id,))
    assert isinstance(members, MembersChanged)
    assert (members.rev, members.members_rev, members.removed, members.changed) == (4, 4, (eve.user_id,), ())
    ((added,),) = (members.added,)
    assert added.user.username == "gil"
    assert (added.membership.joined_at, added.membership.last_read_seq) == (world.clock.now(), 1)
    with pytest.raises(NotFoundError):
        world.chat.send_message(eve, draft(group, 2))


def test_a_change_of_very_many_is_few_records(world: World, ann: Identity) -> None:
    others = [world.add_user(f"m{number}") for number in range(600)]
    place = world.make_group(ann).conversation.conversation_id
    world.groups.change_members(ann, place, add=[other.user_id for other in others])
    assert world.database_calls() <= 6
    created, *parts = told(world)
    assert isinstance(created, GroupShown)
    assert 2 <= len(parts) <= 20
    added = [member.user.user_id for part in parts if isinstance(part, MembersChanged) for member in part.added]
    assert added == [other.user_id for other in others]
    assert len({part.event_id for part in parts if isinstance(part, MembersChanged)}) == len(parts)


def test_a_large_group_is_made_in_one_record(world: World, ann: Identity) -> None:
    others = [world.add_user(f"m{number}").user_id for number in range(1_000)]
    world.forget_traces()
    view = world.conversations.create_group(ann, name="All", member_ids=others)
    assert told(world) == [GroupShown(view.conversation, "create", None)]
    assert world.database_calls() <= 4


def test_parts_of_a_change_hold_what_was_changed_once(world: World, ann: Identity) -> None:
    view = world.make_group(ann)
    removed = [f"u_{number:020}" for number in range(1_000)]
    parts = make_member_records(view.conversation, {}, removed=removed)
    assert [user_id for part in parts for user_id in part.removed] == removed
    assert [part.part for part in parts] == list(range(len(parts)))


def test_ownership_is_given_away(world: World, group: str, ann: Identity, eve: Identity) -> None:
    view = world.groups.change_role(ann, group, eve.user_id, "owner")
    assert view.membership.role == "admin"
    assert roles(world, group) == {"ann": "admin", "ben": "admin", "eve": "owner"}
    (event,) = told(world)
    assert isinstance(event, MembersChanged)
    assert {member.user.username: member.membership.role for member in event.changed} == {
        "eve": "owner",
        "ann": "admin",
    }
    assert view.conversation.members_rev == 1
    with pytest.raises(ForbiddenError):
        world.groups.delete_group(ann, group)


def test_the_owner_is_followed_by_the_longest_standing_admin_else_member(
    world: World, group: str, ann: Identity, ben: Identity, eve: Identity
) -> None:
    world.clock.advance(1)
    gil = world.add_user("gil")
    world.groups.change_members(ann, group, add=[gil.user_id])
    world.groups.leave_group(ann, group)
    assert roles(world, group) == {"ben": "owner", "eve": "member", "gil": "member"}
    event = told(world)[-1]
    assert isinstance(event, MembersChanged)
    assert event.removed == (ann.user_id,)
    assert [(member.user.user_id, member.membership.role) for member in event.changed] == [(ben.user_id, "owner")]
    world.groups.leave_group(ben, group)
    assert roles(world, group) == {"eve": "owner", "gil": "member"}
    world.groups.leave_group(gil, group)
    world.groups.leave_group(eve, group)
    last = told(world)[-1]
    assert isinstance(last, GroupDeleted)
    assert last.recipient_ids == (eve.user_id,)
    with pytest.raises(NotFoundError):
        world.conversations.get_conversation(eve, group)


def test_a_deleted_group_is_nobodys(world: World, group: str, ann: Identity, ben: Identity, eve: Identity) -> None:
    world.groups.delete_group(ann, group)
    assert told(world) == [GroupDeleted(group, 3, (ann.user_id, ben.user_id, eve.user_id))]
    for identity in (ann, ben, eve):
        assert world.conversations.list_conversations(identity, limit=10) == []
        with pytest.raises(NotFoundError):
            world.groups.rename_group(identity, group, "Ghosts")


CHANGES: dict[str, Callable[[World, Identity, str], Any]] = {
    "rename": lambda world, caller, place: world.groups.rename_group(caller, place, "New"),
    "photo": lambda world, caller, place: world.groups.change_photo(caller, place, None),
    "members": lambda world, caller, place: world.groups.change_members(caller, place, add=["u_zed"]),
    "role": lambda world, caller, place: world.groups.change_role(caller, place, "u_eve", "admin"),
    "leave": lambda world, caller, place: world.groups.leave_group(caller, place),
    "delete": lambda world, caller, place: world.groups.delete_group(caller, place),
}


@pytest.mark.parametrize("change", CHANGES)
def test_strangers_find_nothing_and_direct_conversations_are_no_groups(
    world: World, group: str, ann: Identity, ben: Identity, change: str
) -> None:
    zed = world.add_user("zed")
    direct = world.make_direct(ann, ben).conversation.conversation_id
    for place in (group, "c_none", "$ne", direct):
        with pytest.raises(NotFoundError):
            CHANGES[change](world, zed, place)
    with pytest.raises(ConflictError):
        CHANGES[change](world, ann, direct)
    assert told(world) == []


@pytest.mark.parametrize(
    ("change", "caller"),
    [
        ("rename", "eve"),
        ("photo", "eve"),
        ("members", "eve"),
        ("role", "eve"),
        ("role", "ben"),
        ("delete", "eve"),
        ("delete", "ben"),
    ],
)
def test_roles_say_who_may(world: World, group: str, change: str, caller: str) -> None:
    world.add_user("zed")
    with pytest.raises(ForbiddenError):
        CHANGES[change](world, Identity(f"u_{caller}", f"s_{caller}"), group)
    assert told(world) == []


def test_nobody_removes_the_owner_nor_leaves_a_group_without(
    world: World, group: str, ann: Identity, ben: Identity, eve: Identity
) -> None:
    for caller in (ann, ben):
        with pytest.raises(ForbiddenError):
            world.groups.change_members(caller, group, remove=[eve.user_id, ann.user_id])
    with pytest.raises(ConflictError):
        world.groups.change_role(ann, group, ann.user_id, "member")
    with pytest.raises(NotFoundError):
        world.groups.change_role(ann, group, "u_nobody", "admin")
    assert roles(world, group) == {"ann": "owner", "ben": "admin", "eve": "member"}


def test_only_who_exists_is_added_and_not_too_many(world: World, group: str, ann: Identity, eve: Identity) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        world.groups.change_members(ann, group, add=["u_nobody", "$ne", eve.user_id], remove=[eve.user_id])
    assert [problem.field for problem in caught.value.problems] == ["add.0", "add.1", "remove"]
    many = [world.add_user(f"m{number}").user_id for number in range(4_998)]
    with pytest.raises(InvalidRequestError):
        world.groups.change_members(ann, group, add=many)
    assert world.groups.change_members(ann, group, add=many[1:]).conversation.member_count == 5_000


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "\0", "\ud800"])
def test_bad_names_are_refused(world: World, group: str, ann: Identity, name: str) -> None:
    with pytest.raises(InvalidRequestError):
        world.groups.rename_group(ann, group, name)
    with pytest.raises(InvalidRequestError):
        world.groups.change_photo(ann, group, f"javascript:{name}")


def test_two_admins_at_once_lose_no_update(world: World, group: str, ann: Identity, ben: Identity) -> None:
    people = [world.add_user(f"m{number}").user_id for number in range(50)]

    def change(number: int) -> None:
        if number % 2:
            world.groups.change_members(ann, group, add=[people[number // 2]])
        else:
            world.groups.rename_group(ben, group, f"Name {number}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(change, range(100)))
    conversation = world.database.conversations[group]
    assert (conversation.rev, conversation.member_count) == (102, 53)
    assert sorted(_rev_of(record) for record in told(world) if _is_last(record)) == list(range(3, 103))


def _is_last(record: Record) -> bool:
    return isinstance(record, MembersChanged) or (isinstance(record, GroupShown) and record.change == "update")


def _rev_of(record: Record) -> int:
    assert isinstance(record, MembersChanged | GroupShown)
    return record.rev if isinstance(record, MembersChanged) else record.conversation.rev


def test_muting_is_ones_own(world: World, group: str, ann: Identity, ben: Identity, eve: Identity) -> None:
    assert world.conversations.mute_conversation(eve, group, muted=True).membership.muted
    assert world.conversations.get_conversation(eve, group).membership.muted
    assert not world.conversations.get_conversation(ben, group).membership.muted
    assert not world.conversations.mute_conversation(eve, group, muted=False).membership.muted
    for place in ("c_none", "$ne"):
        with pytest.raises(NotFoundError):
            world.conversations.mute_conversation(ann, place, muted=True)
    assert told(world) == []


def test_what_could_not_be_published_is_relayed(world: World, group: str, ann: Identity) -> None:
    world.publisher.fails = lambda record: True
    view = world.groups.rename_group(ann, group, "Owls")
    assert view.conversation.name == "Owls"
    assert len(world.database.outbox) == 1
    world.publisher.fails = lambda record: False
    assert world.outbox.relay() == 0, "what is not 5 s old may be on its way"
    world.clock.advance(6)
    assert world.outbox.relay() == 1
    assert told(world) == [GroupShown(view.conversation, "update", None)]
