"""Erasing accounts, also those that a failure cut short."""

from __future__ import annotations

import pytest

from parley.domain.errors import BadCredentialsError, ForbiddenError, NotFoundError, UnauthorizedError
from parley.domain.models import Identity
from parley.domain.records import ChangeRequested, MembersChanged
from parley.services.accounts import SignIn
from tests.unit.services.world import World, draft

PASSWORD = "correct horse battery"


@pytest.fixture
def dora(world: World) -> SignIn:
    return world.accounts.register(username="dora", email="dora@example.org", password=PASSWORD)


def identity_of(sign_in: SignIn) -> Identity:
    return Identity(sign_in.user.user_id, sign_in.session_id)


def assert_erased(world: World, dora: SignIn) -> None:
    me = identity_of(dora)
    with pytest.raises(NotFoundError):
        world.users.find_user(me.user_id)
    with pytest.raises(BadCredentialsError):
        world.accounts.login(login="dora", password=PASSWORD)
    with pytest.raises(UnauthorizedError):
        world.sessions.refresh(dora.refresh_token)
    assert world.conversations.list_conversations(me, limit=10) == []


def test_an_erased_account_leaves_its_name_and_nothing_else(
    world: World, dora: SignIn, ann: Identity, ben: Identity
) -> None:
    me = identity_of(dora)
    direct = world.make_direct(me, ann).conversation.conversation_id
    own = world.make_group(me, ann).conversation.conversation_id
    alone = world.make_group(me).conversation.conversation_id
    other = world.make_group(ben, me).conversation.conversation_id
    world.users.block_user(ben, me.user_id)
    world.store(me, draft(direct), draft(other))
    world.open_socket(me, "socket")
    world.erasure.erase_account(me, PASSWORD)
    assert_erased(world, dora)
    assert world.push.frames == {"socket": [b'{"event":"session:ended","data":{"reason":"account_erased"}}']}
    assert world.push.closed == ["socket"]
    deletes = [record.change for record in world.publisher.records if isinstance(record, ChangeRequested)]
    assert [(change.kind, change.conversation_id) for change in deletes] == [
        ("delete", place) for place in sorted((direct, other))
    ]
    gone = {record.key for record in world.publisher.records if isinstance(record, MembersChanged) and record.removed}
    assert gone == {direct, own, other}
    assert alone not in world.database.conversations
    assert world.conversations.get_conversation(ann, own).membership.role == "owner"
    left = world.conversations.get_conversation(ann, direct)
    assert (left.peer, left.conversation.member_count) == (None, 1)
    assert world.users.list_blocks(ben, limit=10) == ([], None)
    world.accounts.register(username="dora", email="dora@example.org", password=PASSWORD)


def test_only_who_knows_the_password_erases(world: World, dora: SignIn) -> None:
    with pytest.raises(ForbiddenError):
        world.erasure.erase_account(identity_of(dora), "wrong")
    assert world.users.find_user(dora.user.user_id) == dora.user


@pytest.mark.parametrize("cut", ["publisher", "message_store", "session_store", "conversation_store", "block_store"])
def test_what_a_failure_cut_short_is_taken_up_again(world: World, dora: SignIn, ann: Identity, cut: str) -> None:
    world.make_group(identity_of(dora), ann)
    getattr(world, cut).reachable = False
    world.erasure.erase_account(identity_of(dora), PASSWORD)
    with pytest.raises(NotFoundError):
        world.users.find_user(dora.user.user_id)
    getattr(world, cut).reachable = True
    assert world.erasure.resume() == 0, "what is not a minute old may be under way"
    assert world.user_store.list_erasures(world.clock.now(), 10) == []
    world.clock.advance(61)
    assert world.erasure.resume() == 1
    assert_erased(world, dora)
    assert world.erasure.resume() == 0


def test_what_is_stored_only_after_it_goes_with_the_second_pass(world: World, dora: SignIn, ann: Identity) -> None:
    me = identity_of(dora)
    place = world.make_direct(me, ann).conversation.conversation_id
    late = world.chat.send_message(me, draft(place))
    world.erasure.erase_account(me, PASSWORD)
    world.storing.store_messages([late])
    world.clock.advance(61)
    world.publisher.records.clear()
    assert world.erasure.resume() == 1
    (request,) = [record for record in world.publisher.records if isinstance(record, ChangeRequested)]
    assert request.change.message_id == late.message_id
    world.changing.apply_changes([request.change, request.change])
    (message,) = world.messages.list_messages(ann, place, limit=5)
    assert (message.content, message.sender_id) == (None, me.user_id)
    assert_erased(world, dora)
