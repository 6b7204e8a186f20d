"""Which long passwords are refused all the same."""

from __future__ import annotations

import pytest

from parley.domain.passwords import check_guessable

NAMES = ["alice_b", "alice.b@example.com", "Alice Bee"]


@pytest.mark.parametrize(
    "password",
    [
        "passwordpassword",
        "Password-Password",
        "PASSWORD123456789",
        "iloveyousomuch!",
        "this is my password",
        "1234567890 12345",
        "543210987654321",
        "qwertyuiopasdfgh",
        "1qaz2wsx3edc4rfv",
        "zyxwvutsrqponml",
        "aaaaaaaaaaaaaaaaaaaa",
        "abc.abc.abc.abc.abc",
        "x1y2z3x1y2z3x1y2z",
        "------------------",
        "parley-parley-2026",
        "Alice B, Alice B, 1!",
        "alice.b@example.com12",
    ],
)
def test_what_is_guessed_first_is_refused(password: str) -> None:
    problem = check_guessable(password, NAMES)
    assert problem is not None
    assert password not in problem


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "a long enough passphrase",
        "look-around-parley",
        "alice likes green tea",
        "Vq8)kd9-wwL2_aa0x",
        "дом у синего моря",
        "a-test-password-for-7f3a9c",
    ],
)
def test_what_is_somebodys_own_is_taken(password: str) -> None:
    assert check_guessable(password, NAMES) is None


def test_short_names_count_for_nothing() -> None:
    assert check_guessable("ababab is no name at all", ["ab"]) is None
