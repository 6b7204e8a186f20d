"""Who is in which conversation, kept while it holds."""

from __future__ import annotations

import pytest

from parley.domain.errors import UnavailableError
from parley.domain.models import Identity
from parley.ports import MemberIds
from parley.services.member_cache import MemberCache
from tests.unit.services.world import World

BOTH = MemberIds(1, ("u_ann", "u_ben"), 2)


def reads(world: World) -> int:
    return world.conversation_store.calls["read_member_ids"]


def test_members_are_read_again_only_when_they_have_changed(world: World, ann: Identity, ben: Identity) -> None:
    conversation_id = world.make_group(ann, ben).conversation.conversation_id
    cache = MemberCache(world.conversation_store)
    for _ in range(3):
        assert cache.find_member_ids({conversation_id: 1}) == {conversation_id: BOTH}
    assert reads(world) == 1
    rest = world.conversation_store.list_members(conversation_id, after=None, limit=1)
    changed = world.conversation_store.replace_members(conversation_id, rest)
    assert cache.find_member_ids({conversation_id: changed.members_rev}) == {
        conversation_id: MemberIds(2, ("u_ann",), 2)
    }
    assert cache.find_member_ids({conversation_id: 1}) == {conversation_id: MemberIds(2, ("u_ann",), 2)}
    assert reads(world) == 2


def test_all_that_is_missing_is_read_at_once(world: World, ann: Identity, ben: Identity) -> None:
    ids = [world.make_group(ann, ben).conversation.conversation_id for _ in range(20)]
    cache = MemberCache(world.conversation_store)
    cache.find_member_ids({ids[0]: 1})
    found = cache.find_member_ids(dict.fromkeys(ids, 1))
    assert found == dict.fromkeys(ids, BOTH)
    assert reads(world) == 2


def test_a_conversation_that_is_no_more_has_nobody(world: World) -> None:
    assert MemberCache(world.conversation_store).find_member_ids({"c_nothing": 1}) == {"c_nothing": MemberIds(0, (), 0)}


def test_the_least_recently_used_are_forgotten_first(world: World, ann: Identity, ben: Identity) -> None:
    one, two, three = (world.make_group(ann, ben).conversation.conversation_id for _ in range(3))
    cache = MemberCache(world.conversation_store, max_member_ids=12)
    for conversation_id in (one, two, one, three):
        cache.find_member_ids({conversation_id: 1})
    assert reads(world) == 3
    cache.find_member_ids({one: 1, three: 1})
    assert reads(world) == 3
    cache.find_member_ids({two: 1})
    assert reads(world) == 4


def test_a_conversation_too_large_to_keep_is_given_all_the_same(world: World, ann: Identity, ben: Identity) -> None:
    conversation_id = world.make_group(ann, ben).conversation.conversation_id
    cache = MemberCache(world.conversation_store, max_member_ids=5)
    for _ in range(2):
        assert cache.find_member_ids({conversation_id: 1}) == {conversation_id: BOTH}
    assert reads(world) == 2


def test_a_failed_read_leaves_what_was_known(world: World, ann: Identity, ben: Identity) -> None:
    conversation_id = world.make_group(ann, ben).conversation.conversation_id
    cache = MemberCache(world.conversation_store)
    cache.find_member_ids({conversation_id: 1})
    world.conversation_store.reachable = False
    with pytest.raises(UnavailableError):
        cache.find_member_ids({conversation_id: 2})
    assert cache.find_member_ids({conversation_id: 1}) == {conversation_id: BOTH}
