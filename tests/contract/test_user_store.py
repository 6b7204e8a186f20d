"""UserStore, SessionStore: one suite for the fake and the real."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from parley.domain.errors import ConflictError
from parley.domain.models import Credentials
from tests.contract.conftest import Stores
from tests.contract.samples import a_session, a_user, at_once


def test_a_user_is_found_as_it_was_inserted(stores: Stores) -> None:
    ada, bob = a_user(), a_user()
    stores.users.insert_user(ada, "hash-a")
    stores.users.insert_user(bob, "hash-b")

    assert stores.users.find_users([bob.user_id, "u_nobody", ada.user_id]) == {ada.user_id: ada, bob.user_id: bob}
    assert stores.users.find_users([]) == {}


@pytest.mark.parametrize("login", ["grace", "GRACE", "Grace.H@Example.com", "grace.h@example.COM"])
def test_credentials_are_found_by_username_or_email_without_case(stores: Stores, login: str) -> None:
    grace = a_user(username="grace", email="Grace.H@Example.com")
    stores.users.insert_user(grace, "hash")
    stores.users.insert_user(a_user(), "other")

    assert stores.users.find_credentials(login) == Credentials(grace, "hash")


@pytest.mark.parametrize("login", ["", "nobody", "nobody@example.com", "$ne", "grac", "grace@"])
def test_nobody_has_another_login(stores: Stores, login: str) -> None:
    stores.users.insert_user(a_user(username="grace"), "hash")

    assert stores.users.find_credentials(login) is None


def test_a_taken_username_or_email_is_told_and_nothing_is_written(stores: Stores) -> None:
    stores.users.insert_user(a_user(username="grace", email="grace@example.com"), "hash")
    same_name, same_email = a_user(username="grace"), a_user(email="GRACE@example.com")

    with pytest.raises(ConflictError, match="username"):
        stores.users.insert_user(same_name, "hash")
    with pytest.raises(ConflictError, match="email"):
        stores.users.insert_user(same_email, "hash")

    assert stores.users.find_users([same_name.user_id, same_email.user_id]) == {}


@pytest.mark.parametrize("field", ["username", "email"])
def test_of_concurrent_registrations_one_succeeds(stores: Stores, field: str) -> None:
    if field == "email":
        users = [a_user(email=f"{name}@example.com") for name in ("Ann", "ANN", "ann", "aNN") * 2]
    else:
        users = [a_user(username="ann") for _ in range(8)]

    def register(number: int) -> bool:
        try:
            stores.users.insert_user(users[number], "hash")
        except ConflictError:
            return False
        return True

    outcomes = at_once([lambda number=number: register(number) for number in range(len(users))])  # type: ignore[misc] # a default binds the loop's variable

    assert outcomes.count(True) == 1
    winner = users[outcomes.index(True)]
    assert stores.users.find_users([user.user_id for user in users]) == {winner.user_id: winner}


def test_a_session_is_found_until_it_expires(stores: Stores) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    lives, lapsed = a_session(expires_at=now + timedelta(hours=1)), a_session(expires_at=now - timedelta(seconds=1))
    stores.sessions.insert_session(lives)
    stores.sessions.insert_session(lapsed)

    assert stores.sessions.find_session(lives.session_id) == lives
    assert stores.sessions.find_session(lapsed.session_id) is None
    assert stores.sessions.find_session("s_never") is None
