"""Whose tokens and tickets are, and whether their sessions live."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from parley.domain.errors import UnauthorizedError, UnavailableError
from parley.domain.models import Identity
from tests.unit.services.world import World


def issue(world: World, identity: Identity) -> str:
    return world.tokens.issue_access_token(identity, world.clock.now())[0]


def test_a_session_is_looked_up_once_in_four_seconds(world: World, ann: Identity) -> None:
    token = issue(world, ann)
    world.forget_traces()
    for _ in range(5):
        assert world.authentication.authenticate(token) == ann
    world.clock.advance(3.999)
    world.authentication.authenticate(token)
    assert world.session_store.calls["find_session"] == 1
    world.clock.advance(0.001)
    world.authentication.authenticate(token)
    assert world.session_store.calls["find_session"] == 2


def test_tokens_of_an_ended_session_die_within_five_seconds(world: World, ann: Identity) -> None:
    token = issue(world, ann)
    world.authentication.authenticate(token)
    world.session_store.end_session(ann.session_id)
    world.clock.advance(4)
    with pytest.raises(UnauthorizedError, match="session"):
        world.authentication.authenticate(token)


def test_use_does_not_prolong_what_was_seen(world: World, ann: Identity) -> None:
    token = issue(world, ann)
    world.authentication.authenticate(token)
    world.session_store.end_session(ann.session_id)
    for _ in range(3):
        world.clock.advance(1)
        world.authentication.authenticate(token)
    world.clock.advance(1)
    with pytest.raises(UnauthorizedError):
        world.authentication.authenticate(token)


def test_a_clock_that_steps_back_keeps_no_ended_session_alive(world: World, ann: Identity) -> None:
    token = issue(world, ann)
    world.authentication.authenticate(token)
    world.session_store.end_session(ann.session_id)
    world.clock.advance(-60)
    with pytest.raises(UnauthorizedError):
        world.authentication.authenticate(token)


def test_an_ended_session_is_not_remembered_as_ended(world: World, ann: Identity) -> None:
    """Nothing is kept for tokens that were refused, so they cannot fill the memory."""
    token = issue(world, Identity(ann.user_id, "s_other"))
    for _ in range(2):
        with pytest.raises(UnauthorizedError):
            world.authentication.authenticate(token)
    assert world.session_store.calls["find_session"] == 2


def test_a_token_that_does_not_hold_asks_no_database(world: World) -> None:
    with pytest.raises(UnauthorizedError):
        world.authentication.authenticate("forged")
    assert world.database_calls() == 0


def test_a_session_of_somebody_else_is_no_proof(world: World, ann: Identity, ben: Identity) -> None:
    token = issue(world, Identity(ann.user_id, ben.session_id))
    with pytest.raises(UnauthorizedError):
        world.authentication.authenticate(token)


def test_sessions_that_cannot_be_reached_are_told_apart_from_ended_ones(world: World, ann: Identity) -> None:
    token = issue(world, ann)
    world.session_store.reachable = False
    with pytest.raises(UnavailableError):
        world.authentication.authenticate(token)


def test_a_socket_opens_with_a_bearer_token(world: World, ann: Identity) -> None:
    assert world.authentication.authorize_connection(access_token=issue(world, ann)) == ann


def test_a_socket_opens_with_nothing_less(world: World) -> None:
    with pytest.raises(UnauthorizedError):
        world.authentication.authorize_connection()
    with pytest.raises(UnauthorizedError):
        world.authentication.authorize_connection(access_token="forged")


@pytest.mark.parametrize("ticket", ["", "unknown", "\ud800", "a\0b", "x" * 10_000])
def test_a_bad_ticket_is_not_made_good_by_a_token(world: World, ann: Identity, ticket: str) -> None:
    with pytest.raises(UnauthorizedError):
        world.authentication.authorize_connection(ticket=ticket, access_token=issue(world, ann))


def test_neither_ticket_nor_token_of_an_ended_session_opens_a_socket(world: World, ann: Identity) -> None:
    token, ticket = issue(world, ann), world.accounts.issue_ws_ticket(ann)
    world.authentication.authenticate(token)
    world.session_store.end_session(ann.session_id)
    with pytest.raises(UnauthorizedError, match="session"):
        world.authentication.authorize_connection(ticket=ticket)
    with pytest.raises(UnauthorizedError, match="session"):
        world.authentication.authorize_connection(access_token=token)


def test_of_many_who_use_one_ticket_at_once_one_gets_in(world: World, ann: Identity) -> None:
    ticket = world.accounts.issue_ws_ticket(ann)

    def attempt(_: int) -> bool:
        try:
            world.authentication.authorize_connection(ticket=ticket)
        except UnauthorizedError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(32))) == 1
