"""Finding people, changing oneself, and blocking."""

from __future__ import annotations

import pytest

from parley.domain.errors import BlockedError, InvalidRequestError, NotFoundError
from parley.domain.models import AcceptedMessage, Identity, ProfileChanges
from tests.unit.services.world import World, draft


def test_people_are_found_by_the_beginnings_of_their_names(world: World, ann: Identity, ben: Identity) -> None:
    world.users.update_user(ben, ProfileChanges(display_name="Anders Ångström"))
    names = [user.username for user in world.users.search_users("AN", limit=10)]
    assert names == ["ann", "ben"]
    assert [user.username for user in world.users.search_users("angs", limit=10)] == ["ben"]
    assert [user.username for user in world.users.search_users("an", after="ann", limit=10)] == ["ben"]
    assert world.users.search_users("gst", limit=10) == []


@pytest.mark.parametrize("query", ["", "a", " a ", "\0\0", "\ud800\ud800", "x" * 101])
def test_nobody_is_searched_for_by_too_little(world: World, query: str) -> None:
    with pytest.raises(InvalidRequestError):
        world.users.search_users(query, limit=10)


def test_a_profile_changes_in_what_is_named(world: World, ann: Identity) -> None:
    changed = world.users.update_user(ann, ProfileChanges(about="Hi", avatar_url="https://example.org/a.png"))
    assert (changed.display_name, changed.about, changed.avatar_url) == ("Ann", "Hi", "https://example.org/a.png")
    assert world.users.update_user(ann, ProfileChanges(about=None)).about is None
    assert world.users.find_user(ann.user_id).avatar_url == "https://example.org/a.png"
    with pytest.raises(InvalidRequestError) as caught:
        world.users.update_user(ann, ProfileChanges(display_name=" ", avatar_url="javascript:x", about="x" * 501))
    assert [problem.field for problem in caught.value.problems] == ["displayName", "avatarUrl", "about"]


@pytest.mark.parametrize("user_id", ["u_none", "$ne", ""])
def test_who_does_not_exist_is_not_found(world: World, ann: Identity, user_id: str) -> None:
    with pytest.raises(NotFoundError):
        world.users.find_user(user_id)
    with pytest.raises(NotFoundError):
        world.users.block_user(ann, user_id)
    world.users.unblock_user(ann, user_id)


@pytest.mark.parametrize("blocker", ["ann", "ben"])
@pytest.mark.parametrize("sender", ["ann", "ben"])
def test_once_either_has_blocked_neither_can_write(world: World, blocker: str, sender: str) -> None:
    people = {name: world.add_user(name) for name in ("ann", "ben")}
    place = world.make_direct(people["ann"], people["ben"]).conversation.conversation_id
    other = people["ben" if blocker == "ann" else "ann"]
    world.users.block_user(people[blocker], other.user_id)
    world.users.block_user(people[blocker], other.user_id)
    world.forget_traces()
    with pytest.raises(BlockedError):
        world.chat.send_message(people[sender], draft(place))
    assert world.publisher.records == []
    world.users.unblock_user(people[blocker], other.user_id)
    world.chat.send_message(people[sender], draft(place))


def test_a_block_stands_until_both_have_taken_theirs_back(world: World, ann: Identity, ben: Identity) -> None:
    place = world.make_direct(ann, ben).conversation.conversation_id
    world.users.block_user(ann, ben.user_id)
    world.users.block_user(ben, ann.user_id)
    world.users.unblock_user(ann, ben.user_id)
    with pytest.raises(BlockedError):
        world.chat.send_message(ann, draft(place))
    world.users.unblock_user(ben, ann.user_id)
    world.chat.send_message(ann, draft(place))


def test_a_block_holds_in_a_conversation_that_is_made_later(world: World, ann: Identity, ben: Identity) -> None:
    world.users.block_user(ben, ann.user_id)
    place = world.make_direct(ann, ben).conversation.conversation_id
    with pytest.raises(BlockedError):
        world.chat.send_message(ann, draft(place))


def test_a_block_touches_no_group_and_costs_sends_no_query(world: World, ann: Identity, ben: Identity) -> None:
    direct = world.make_direct(ann, ben).conversation.conversation_id
    group = world.make_group(ann, ben).conversation.conversation_id
    world.chat.send_messages(ann, [draft(direct), draft(group)])
    assert world.database_calls() == 1
    world.users.block_user(ann, ben.user_id)
    outcomes = world.chat.send_messages(ann, [draft(direct, 2), draft(group, 2)])
    assert isinstance(outcomes[0], BlockedError)
    assert isinstance(outcomes[1], AcceptedMessage)


def test_what_was_stored_before_the_block_keeps_its_answer(world: World, ann: Identity, ben: Identity) -> None:
    place = world.make_direct(ann, ben).conversation.conversation_id
    (message,) = world.store(ann, draft(place))
    world.users.block_user(ben, ann.user_id)
    assert world.chat.send_message(ann, draft(place)).message_id == message.message_id


def test_old_messages_are_no_way_around_a_block(world: World, ann: Identity, ben: Identity) -> None:
    place = world.make_direct(ann, ben).conversation.conversation_id
    (message,) = world.store(ann, draft(place))
    world.users.block_user(ben, ann.user_id)
    with pytest.raises(BlockedError):
        world.editing.edit_message(ann, message.message_id, "Listen!")
    with pytest.raises(BlockedError):
        world.editing.react(ann, message.message_id, "👋")
    world.editing.react(ann, message.message_id, "👋", remove=True)
    world.editing.delete_message(ann, message.message_id)


def test_blocks_are_listed_by_pages(world: World, ann: Identity) -> None:
    others = [world.add_user(f"u{number}") for number in range(5)]
    for other in others:
        world.users.block_user(ann, other.user_id)
    found, after = [], None
    while True:
        users, after = world.users.list_blocks(ann, after=after, limit=2)
        found += [user.user_id for user in users]
        if after is None:
            break
    assert found == sorted(other.user_id for other in others)
    with pytest.raises(InvalidRequestError):
        world.users.block_user(ann, ann.user_id)
