"""Refreshing, signing out, and what is left of a session that ended."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from parley.domain.errors import ForbiddenError, InvalidRequestError, NotFoundError, UnauthorizedError
from parley.domain.models import Identity
from parley.domain.refresh_tokens import derive_refresh_token, new_refresh_token, was_issued
from parley.services.accounts import SignIn
from tests.unit.services.world import World

PASSWORD = "correct horse battery"


@pytest.fixture
def phone(world: World) -> SignIn:
    return world.accounts.register(username="dora", email="dora@example.org", password=PASSWORD)


def identity_of(sign_in: SignIn) -> Identity:
    return Identity(sign_in.user.user_id, sign_in.session_id)


def test_a_refresh_token_is_exchanged_for_the_next(world: World, phone: SignIn) -> None:
    world.clock.advance(600)
    tokens = world.sessions.refresh(phone.refresh_token)
    assert tokens.refresh_token != phone.refresh_token
    assert tokens.expires_in == 600
    assert world.authentication.authenticate(tokens.access_token) == identity_of(phone)
    session = world.session_store.find_session(phone.session_id)
    assert session is not None
    assert session.last_seen_at == world.clock.now()
    assert (session.expires_at - world.clock.now()).days == 60
    stored = repr(session)
    assert tokens.refresh_token.split(".")[1] not in stored
    assert phone.refresh_token.split(".")[1] not in stored


def test_a_retry_within_ten_seconds_gets_the_same_answer(world: World, phone: SignIn) -> None:
    world.clock.advance(30)
    first = world.sessions.refresh(phone.refresh_token)
    world.clock.advance(10)
    assert world.sessions.refresh(phone.refresh_token) == first
    again = world.sessions.refresh(first.refresh_token)
    assert again.refresh_token != first.refresh_token


def test_concurrent_exchanges_get_one_answer(world: World, phone: SignIn) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(lambda _: world.sessions.refresh(phone.refresh_token), range(24)))
    assert len(answers) == 1


def test_later_reuse_ends_the_whole_session_and_closes_its_sockets(world: World, phone: SignIn) -> None:
    world.open_socket(identity_of(phone), "socket")
    tokens = world.sessions.refresh(phone.refresh_token)
    world.clock.advance(10.001)
    with pytest.raises(UnauthorizedError):
        world.sessions.refresh(phone.refresh_token)
    with pytest.raises(UnauthorizedError):
        world.sessions.refresh(tokens.refresh_token)
    assert world.push.frames == {"socket": [b'{"event":"session:ended","data":{"reason":"token_reused"}}']}
    assert world.push.closed == ["socket"]


def test_reuse_of_one_long_gone_ends_the_session_too(world: World, phone: SignIn) -> None:
    token = phone.refresh_token
    for _ in range(5):
        token = world.sessions.refresh(token).refresh_token
    with pytest.raises(UnauthorizedError):
        world.sessions.refresh(phone.refresh_token)
    assert world.session_store.find_session(phone.session_id) is None


@pytest.mark.parametrize(
    "made_up", ["{}.AAAA", "{}." + "A" * 43, "{}", "s_other." + "A" * 43, "", ".", "$ne." + "é" * 43]
)
def test_a_made_up_token_is_refused_and_ends_nothing(world: World, phone: SignIn, made_up: str) -> None:
    with pytest.raises(UnauthorizedError):
        world.sessions.refresh(made_up.format(phone.session_id))
    assert world.session_store.find_session(phone.session_id) is not None
    world.sessions.refresh(phone.refresh_token)


def test_a_token_of_another_session_is_never_taken_for_this_ones(world: World) -> None:
    token = new_refresh_token("s_one", "key of one")
    assert was_issued(token, "key of one")
    assert not was_issued(token, "key of two")
    assert was_issued(derive_refresh_token(token, "nonce", "key of one"), "key of one")
    assert derive_refresh_token(token, "nonce", "k") != derive_refresh_token(token, "other nonce", "k")


def test_logout_ends_this_session_alone(world: World, phone: SignIn) -> None:
    laptop = world.accounts.login(login="dora", password=PASSWORD)
    world.open_socket(identity_of(phone), "phone socket")
    world.open_socket(identity_of(laptop), "laptop socket")
    world.sessions.logout(identity_of(phone))
    with pytest.raises(UnauthorizedError):
        world.sessions.refresh(phone.refresh_token)
    world.sessions.refresh(laptop.refresh_token)
    assert world.push.frames == {"phone socket": [b'{"event":"session:ended","data":{"reason":"logout"}}']}
    assert world.push.closed == ["phone socket"]
    (left,) = world.registry.find_connections([phone.user.user_id])[phone.user.user_id]
    assert left.connection_id == "laptop socket"
    world.clock.advance(5)
    with pytest.raises(UnauthorizedError):
        world.authentication.authenticate(phone.access_token)


def test_logout_all_ends_every_session(world: World, phone: SignIn, ann: Identity) -> None:
    laptop = world.accounts.login(login="dora", password=PASSWORD)
    for number, sign_in in enumerate((phone, laptop)):
        world.open_socket(identity_of(sign_in), f"socket {number}")
    world.open_socket(ann, "ann's")
    world.sessions.logout_all(identity_of(phone))
    assert sorted(world.push.closed) == ["socket 0", "socket 1"]
    for sign_in in (phone, laptop):
        assert world.session_store.find_session(sign_in.session_id) is None
    assert world.session_store.find_session(ann.session_id) is not None


@pytest.mark.parametrize("away", ["registry", "push"])
def test_a_session_ends_though_its_sockets_cannot_be_closed(world: World, phone: SignIn, away: str) -> None:
    world.open_socket(identity_of(phone), "socket")
    getattr(world, away).reachable = False
    world.sessions.logout(identity_of(phone))
    assert world.session_store.find_session(phone.session_id) is None


def test_sessions_are_listed_and_ended_by_their_owner_only(world: World, phone: SignIn, ann: Identity) -> None:
    world.clock.advance(1)
    laptop = world.accounts.login(login="dora", password=PASSWORD, device_name="Laptop")
    me = identity_of(laptop)
    listed = world.sessions.list_sessions(me, limit=10)
    assert [session.session_id for session in listed] == [laptop.session_id, phone.session_id]
    for foreign in (ann.session_id, "s_none"):
        with pytest.raises(NotFoundError):
            world.sessions.end_session(me, foreign)
    world.sessions.end_session(me, phone.session_id)
    assert [session.session_id for session in world.sessions.list_sessions(me, limit=10)] == [laptop.session_id]
    assert world.session_store.find_session(ann.session_id) is not None


def test_a_new_password_ends_the_other_sessions(world: World, phone: SignIn) -> None:
    laptop = world.accounts.login(login="dora", password=PASSWORD)
    world.open_socket(identity_of(phone), "phone socket")
    world.open_socket(identity_of(laptop), "laptop socket")
    new = "staple gun on the moon"
    world.accounts.change_password(identity_of(laptop), current_password=PASSWORD, new_password=new)
    assert world.push.closed == ["phone socket"]
    assert world.session_store.find_session(phone.session_id) is None
    assert world.session_store.find_session(laptop.session_id) is not None
    world.accounts.login(login="dora", password=new)


def test_a_password_is_changed_by_who_knows_it_and_to_a_good_one(world: World, phone: SignIn) -> None:
    me = identity_of(phone)
    with pytest.raises(ForbiddenError):
        world.accounts.change_password(me, current_password="wrong", new_password="staple gun on the moon")
    for weak in ("short", "Password-Password", "dora dora dora dora", "parley parley parley"):
        with pytest.raises(InvalidRequestError) as caught:
            world.accounts.change_password(me, current_password=PASSWORD, new_password=weak)
        assert [problem.field for problem in caught.value.problems] == ["newPassword"]
    world.accounts.login(login="dora", password=PASSWORD)
