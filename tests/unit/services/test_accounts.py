"""Registering and signing in."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from parley.domain.errors import BadCredentialsError, ConflictError, InvalidRequestError, UnauthorizedError
from parley.domain.limits import WS_TICKET_TTL_S
from parley.domain.models import Identity
from parley.domain.refresh_tokens import hash_refresh_token
from parley.services.accounts import SignIn
from tests.unit.services.world import World

PASSWORD = "correct horse battery"


def register(world: World, username: str = "ann", email: str = "Ann@Example.org") -> SignIn:
    return world.accounts.register(username=username, email=email, password=PASSWORD)


def test_registering_makes_a_user_and_signs_the_device_in(world: World) -> None:
    sign_in = world.accounts.register(
        username="ann", email="Ann@Example.org", password=PASSWORD, display_name="Ann B.", device_name="Phone"
    )
    user = sign_in.user
    assert (user.username, user.email, user.display_name) == ("ann", "Ann@Example.org", "Ann B.")
    assert (user.avatar_url, user.about, user.created_at) == (None, None, world.clock.now())
    assert world.authentication.authenticate(sign_in.access_token) == Identity(user.user_id, sign_in.session_id)
    assert sign_in.expires_in == 600
    session = world.session_store.find_session(sign_in.session_id)
    assert session is not None
    assert (session.user_id, session.device_name) == (user.user_id, "Phone")
    assert session.expires_at - session.created_at == timedelta(days=60)


def test_the_username_is_shown_where_no_display_name_is_given(world: World) -> None:
    assert register(world).user.display_name == "ann"


def test_refresh_tokens_are_random_and_kept_as_hashes_only(world: World) -> None:
    one = register(world)
    other = world.accounts.login(login="ann", password=PASSWORD)
    assert one.refresh_token != other.refresh_token
    session_id, secret = one.refresh_token.split(".")
    assert session_id == one.session_id
    assert len(base64.urlsafe_b64decode(secret + "=")) == 32
    session = world.session_store.find_session(session_id)
    assert session is not None
    assert session.refresh_token_hash == hash_refresh_token(one.refresh_token)
    assert secret not in repr(session)


def test_a_refresh_token_is_hashed_by_sha_256() -> None:
    assert hash_refresh_token("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_all_wrong_fields_are_told_at_once_and_nothing_is_written(world: World) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        world.accounts.register(username="Ann", email="nowhere", password="short", display_name=" ", device_name="\0")
    fields = [problem.field for problem in caught.value.problems]
    assert fields == ["username", "email", "password", "displayName", "deviceName"]
    assert world.database_calls() == 0
    assert not world.hasher.calls


@pytest.mark.parametrize(
    ("username", "email", "taken"),
    [("ann", "other@example.org", "username"), ("other", "ANN@EXAMPLE.ORG", "email")],
)
def test_a_name_that_is_taken_is_a_conflict(world: World, username: str, email: str, taken: str) -> None:
    register(world)
    with pytest.raises(ConflictError, match=taken):
        register(world, username, email)


def test_of_many_who_want_one_name_at_once_one_gets_it(world: World) -> None:
    def attempt(number: int) -> bool:
        try:
            register(world, "wanted", f"{number}@example.org")
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(32))) == 1


@pytest.mark.parametrize("login", ["ann", "ANN", "ann@example.org", "Ann@Example.ORG"])
def test_signing_in_by_username_or_email_without_case(world: World, login: str) -> None:
    registered = register(world)
    sign_in = world.accounts.login(login=login, password=PASSWORD, device_name="Laptop")
    assert sign_in.user == registered.user
    assert sign_in.session_id != registered.session_id
    assert world.authentication.authenticate(sign_in.access_token).session_id == sign_in.session_id


def test_a_password_typed_on_another_keyboard_is_the_same(world: World) -> None:
    world.accounts.register(username="ann", email="ann@example.org", password="caf\u00e9 au lait, please")
    assert world.accounts.login(login="ann", password="cafe\u0301 au lait, please").user.username == "ann"


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("ann", "wrong horse battery"),
        ("ann", ""),
        ("ann", "\ud800" * 15),
        ("ann", "\0" * 15),
        ("ann", "x" * 100_000),
        ("nobody", PASSWORD),
        ("", PASSWORD),
        ("\ud800", PASSWORD),
        ("a\0", PASSWORD),
        ("ä", PASSWORD),
        ("x" * 100_000, PASSWORD),
    ],
)
def test_every_bad_login_gets_one_answer_after_one_check_of_a_hash(world: World, login: str, password: str) -> None:
    register(world)
    world.hasher.calls.clear()
    with pytest.raises(BadCredentialsError) as caught:
        world.accounts.login(login=login, password=password)
    assert caught.value.detail == "The login or the password is wrong."
    assert world.hasher.calls["verify_password"] == 1
    assert world.hasher.calls["hash_password"] == 1, "the decoy, made by the first login whichever it is"


def test_an_unknown_login_costs_what_a_known_one_costs(world: World) -> None:
    register(world)
    costs = []
    for login in ("ann", "nobody", "ann", "nobody"):
        world.hasher.calls.clear()
        with pytest.raises(BadCredentialsError):
            world.accounts.login(login=login, password="wrong horse battery")
        costs.append(dict(world.hasher.calls))
    assert costs == [{"hash_password": 1, "verify_password": 1}] + [{"verify_password": 1}] * 3


def test_an_unknown_login_is_checked_against_a_hash_that_nothing_matches(world: World) -> None:
    register(world)
    with pytest.raises(BadCredentialsError):
        world.accounts.login(login="nobody", password="")
    credentials = world.user_store.find_credentials("ann")
    assert credentials is not None
    assert world.hasher.verified[-1] not in ("", credentials.password_hash)


def test_a_bad_device_name_is_told_before_the_password_is_looked_at(world: World) -> None:
    register(world)
    world.hasher.calls.clear()
    with pytest.raises(InvalidRequestError):
        world.accounts.login(login="ann", password=PASSWORD, device_name="")
    assert not world.hasher.calls


def test_a_ticket_opens_one_socket_within_30_seconds(world: World, ann: Identity) -> None:
    ticket = world.accounts.issue_ws_ticket(ann)
    assert len(base64.urlsafe_b64decode(ticket + "=")) == 32
    world.clock.advance(WS_TICKET_TTL_S - 0.001)
    assert world.authentication.authorize_connection(ticket=ticket) == ann
    with pytest.raises(UnauthorizedError):
        world.authentication.authorize_connection(ticket=ticket)


def test_a_ticket_expires(world: World, ann: Identity) -> None:
    ticket = world.accounts.issue_ws_ticket(ann)
    world.clock.advance(WS_TICKET_TTL_S)
    with pytest.raises(UnauthorizedError):
        world.authentication.authorize_connection(ticket=ticket)


def test_ones_own_profile(world: World, ann: Identity) -> None:
    assert world.accounts.get_user(ann).username == "ann"
    with pytest.raises(UnauthorizedError):
        world.accounts.get_user(Identity("u_nobody", "s_nobody"))
