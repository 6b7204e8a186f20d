"""SessionStore's rotation and ends, UserStore's profiles, search and erasure, BlockStore: fakes and real ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from parley.domain.ids import derive_direct_id
from parley.domain.models import Credentials, ProfileChanges, Rotation, Session, User
from parley.stores.indexes import SEARCH
from parley.stores.mongo import MongoStores
from tests.contract.conftest import Stores
from tests.contract.samples import NOW, a_conversation, a_membership, a_session, a_user, at_once, unique

SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)


def of_user(user_id: str, *, minute: int = 0) -> Session:
    return replace(a_session(expires_at=SOON), user_id=user_id, created_at=NOW + timedelta(minutes=minute))


def test_of_concurrent_rotations_one_succeeds(stores: Stores) -> None:
    session = a_session(expires_at=SOON)
    stores.sessions.insert_session(session)
    nexts = [
        replace(session, refresh_token_hash=f"{n}" * 64, refresh_key="key", rotation=Rotation("0" * 64, f"{n}", NOW))
        for n in range(1, 9)
    ]
    outcomes = at_once(
        [lambda one=one: stores.sessions.rotate_session(one, expected_hash="0" * 64) for one in nexts]  # type: ignore[misc] # a default binds the loop's variable
    )
    assert outcomes.count(True) == 1
    assert stores.sessions.find_session(session.session_id) == nexts[outcomes.index(True)]


def test_an_ended_session_cannot_be_rotated(stores: Stores) -> None:
    session = a_session(expires_at=SOON)
    stores.sessions.insert_session(session)
    assert stores.sessions.end_session(session.session_id)
    assert not stores.sessions.end_session(session.session_id)
    assert not stores.sessions.rotate_session(session, expected_hash=session.refresh_token_hash)
    assert stores.sessions.find_session(session.session_id) is None


def test_a_users_sessions_are_listed_by_pages_and_ended_together(stores: Stores) -> None:
    ada, bob = unique("u_"), unique("u_")
    sessions = [of_user(ada, minute=minute) for minute in (1, 3, 3, 2)]
    lapsed = replace(of_user(ada), expires_at=datetime.now(UTC) - timedelta(hours=1))
    for session in (*sessions, lapsed, of_user(bob)):
        stores.sessions.insert_session(session)
    expected = sorted(sessions, key=lambda one: (one.created_at, one.session_id), reverse=True)
    first = stores.sessions.list_sessions(ada, before=None, limit=2)
    last = first[-1]
    assert first == expected[:2]
    assert stores.sessions.list_sessions(ada, before=(last.created_at, last.session_id), limit=9) == expected[2:]
    stores.sessions.end_sessions(ada, keep=sessions[0].session_id)
    assert stores.sessions.list_sessions(ada, before=None, limit=9) == [sessions[0]]
    stores.sessions.end_sessions(ada)
    assert stores.sessions.list_sessions(ada, before=None, limit=9) == []
    assert len(stores.sessions.list_sessions(bob, before=None, limit=9)) == 1


def test_a_password_is_replaced_only_from_the_known_one(stores: Stores) -> None:
    ada = a_user()
    stores.users.insert_user(ada, "old")
    assert not stores.users.replace_password(ada.user_id, old_hash="other", new_hash="new")
    assert stores.users.replace_password(ada.user_id, old_hash="old", new_hash="new")
    assert stores.users.find_user_credentials(ada.user_id) == Credentials(ada, "new")
    assert stores.users.find_user_credentials("u_nobody") is None


def test_a_profile_changes_in_what_is_given(stores: Stores) -> None:
    ada = a_user()
    stores.users.insert_user(ada, "hash")
    changed = stores.users.update_user(ada.user_id, ProfileChanges(about=None, display_name="Zoë Quill"))
    assert changed == replace(ada, about=None, display_name="Zoë Quill")
    assert stores.users.update_user(ada.user_id, ProfileChanges()) == changed
    assert stores.users.update_user("u_nobody", ProfileChanges(about="x")) is None
    assert stores.users.search_users("quil", after=None, limit=5) == [changed]


def test_people_are_found_by_the_beginning_of_one_key(stores: Stores) -> None:
    names = {"sam_a": "Abe Zed", "zed_b": "Bo Mid", "mid_c": "Zedekiah Yo", "yo_d": "Al Zz"}
    users = {name: replace(a_user(username=name), display_name=shown) for name, shown in names.items()}
    for user in users.values():
        stores.users.insert_user(user, "hash")
    found = [users["mid_c"], users["sam_a"], users["zed_b"]]
    assert stores.users.search_users("zed", after=None, limit=9) == found
    assert stores.users.search_users("zed", after=None, limit=2) == found[:2]
    assert stores.users.search_users("zed", after="sam_a", limit=9) == found[2:]
    # No key begins so: "sam_a" has one key below and one above, which must not be taken for one between.
    assert stores.users.search_users("m.", after=None, limit=9) == []
    assert stores.users.search_users("n", after=None, limit=9) == []


def test_a_long_search_compares_what_is_beyond_the_looked_up_beginning(stores: Stores) -> None:
    names = {"long_a": "Bartholomew Kingsley", "long_b": "Bartholomew Kingston", "long_c": "Bartholomew Kin"}
    users = {name: replace(a_user(username=name), display_name=shown) for name, shown in names.items()}
    for user in users.values():
        stores.users.insert_user(user, "hash")
    every = [users["long_a"], users["long_b"], users["long_c"]]
    for prefix, found in {
        "bartholomew": every,
        "bartholomew k": every,
        "bartholomew kings": every[:2],
        "bartholomew kingst": every[1:2],
        "bartholomew kingsx": [],
    }.items():
        assert stores.users.search_users(prefix, after=None, limit=9) == found, prefix
    assert stores.users.search_users("bartholomew kings", after="long_a", limit=9) == every[1:2]
    stores.users.update_user(users["long_b"].user_id, ProfileChanges(display_name="Bo"))
    assert stores.users.search_users("bartholomew kings", after=None, limit=9) == every[:1]


@pytest.mark.engines
def test_people_of_before_the_index_are_found_once_it_is_made(mongo: MongoStores) -> None:
    old = replace(a_user(username="from_before"), display_name="Old Timer")
    mongo.users.insert_user(old, "hash")
    forget_prefixes(mongo, old)
    mongo._database["users"].drop_index(SEARCH)
    assert mongo.users.search_users("tim", after=None, limit=5) == []
    for _ in range(2):
        mongo.create_indexes()
        assert mongo.users.search_users("tim", after=None, limit=5) == [old]


def forget_prefixes(mongo: MongoStores, *people: User) -> None:
    """Leaves people as a release wrote them that knew of no such thing."""
    lacking = {"_id": {"$in": [person.user_id for person in people]}}
    mongo._database["users"].update_many(lacking, {"$unset": {"searchPrefixes": ""}})


@pytest.mark.engines
def test_people_whom_an_old_release_registered_after_the_set_up_are_found_after_the_next(mongo: MongoStores) -> None:
    mongo.create_indexes()
    people = [replace(a_user(username=f"late_{number:04}"), display_name="Latecomer") for number in range(501)]
    for person in people:
        mongo.users.insert_user(person, "hash")
    forget_prefixes(mongo, *people)
    assert mongo.users.search_users("latecomer", after=None, limit=1_000) == []
    mongo.create_indexes()
    assert mongo.users.search_users("latecomer", after=None, limit=1_000) == people


def test_an_erased_user_is_nobody_and_their_names_are_free(stores: Stores) -> None:
    ada = a_user(username="free_me", email="free@example.com")
    stores.users.insert_user(ada, "hash")
    began = datetime.now(UTC).replace(microsecond=0)
    stores.users.begin_erasure(ada.user_id, began)
    stores.users.begin_erasure(ada.user_id, began + timedelta(hours=1))
    assert stores.users.find_users([ada.user_id]) == {}
    assert stores.users.find_credentials("free_me") is None
    assert stores.users.find_user_credentials(ada.user_id) is None
    assert stores.users.update_user(ada.user_id, ProfileChanges(about="x")) is None
    assert stores.users.search_users("free", after=None, limit=5) == []
    next_one = a_user(username="free_me", email="free@example.com")
    stores.users.insert_user(next_one, "hash")
    assert stores.users.list_erasures(began, 5) == []
    assert stores.users.list_erasures(began + timedelta(seconds=1), 5) == [ada.user_id]
    stores.users.finish_erasure(ada.user_id)
    stores.users.finish_erasure(next_one.user_id)
    assert stores.users.list_erasures(began + timedelta(hours=2), 5) == []
    assert stores.users.find_users([next_one.user_id]) == {next_one.user_id: next_one}


def test_a_block_is_marked_on_both_memberships(stores: Stores) -> None:
    ada, bob = unique("u_"), unique("u_")
    direct_id = derive_direct_id(ada, bob)
    conversation, _ = a_conversation(ada, bob, conversation_id=direct_id)
    members = [a_membership(direct_id, ada, peer_id=bob), a_membership(direct_id, bob, peer_id=ada)]

    def marks() -> list[tuple[str, ...]]:
        return [stores.conversations.find_memberships(one, [direct_id])[direct_id].blocked_by for one in (ada, bob)]

    stores.blocks.block_user(ada, bob, NOW)
    assert stores.blocks.find_blockers(bob, ada) == {ada}
    stores.conversations.create_conversation(conversation, members)
    stores.blocks.block_user(ada, bob, NOW)
    assert marks() == [(ada,), (ada,)]
    stores.blocks.block_user(bob, ada, NOW)
    assert [set(mark) for mark in marks()] == [{ada, bob}, {ada, bob}]
    stores.blocks.unblock_user(ada, bob, NOW)
    stores.blocks.unblock_user(ada, bob, NOW)
    assert marks() == [(bob,), (bob,)]
    assert stores.blocks.find_blockers(ada, bob) == {bob}


def test_blocks_are_listed_by_pages_and_forgotten_with_a_user(stores: Stores) -> None:
    ada, bob = unique("u_"), unique("u_")
    others = [unique("u_other") for _ in range(3)]
    for other in others:
        stores.blocks.block_user(ada, other, NOW)
    stores.blocks.block_user(bob, others[0], NOW)
    first = stores.blocks.list_blocks(ada, after=None, limit=2)
    assert first + stores.blocks.list_blocks(ada, after=first[-1], limit=2) == sorted(others)
    stores.blocks.forget_blocks(others[0])
    assert stores.blocks.list_blocks(ada, after=None, limit=9) == sorted(others[1:])
    assert stores.blocks.list_blocks(bob, after=None, limit=9) == []
