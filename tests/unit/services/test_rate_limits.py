"""Token buckets: the contract's, those that settings ask for, and what holds while Valkey is away."""

from __future__ import annotations

import pytest

from parley.domain.errors import BadCredentialsError, ForbiddenError, RateLimitedError, UnavailableError
from parley.domain.models import Identity
from parley.domain.rates import BUCKETS, Bucket, Tokens, read_buckets
from tests.unit.services.world import World

PASSWORD = "correct horse battery"


@pytest.fixture
def world() -> World:
    return World(rate_limits="on")


def spend(world: World, key: str = "u_ann", most: int = 100) -> int:
    """How many sends go through at once."""
    for count in range(most):
        grant = world.rate_limits.take("send", key)
        if grant is not None and not grant.allowed:
            return count
    return most


def test_a_bucket_lets_a_burst_through_and_then_its_rate() -> None:
    tokens = Tokens(Bucket("send", 20, 60), 0.0)
    assert [tokens.take(0.0).allowed for _ in range(61)] == [True] * 60 + [False]
    refused = tokens.take(0.01)
    assert (refused.remaining, round(refused.retry_after_s, 6)) == (0, 0.04)
    assert tokens.take(0.05).allowed
    assert [tokens.take(1.05).allowed for _ in range(21)] == [True] * 20 + [False]
    assert tokens.take(1_000.0).remaining == 59


def test_the_buckets_are_the_contracts() -> None:
    rates = {name: (round(bucket.rate_per_s * 60), bucket.burst) for name, bucket in BUCKETS.items()}
    assert rates == {
        "send": (1_200, 60),
        "typing": (120, 6),
        "seen": (600, 30),
        "frame": (1_200, 60),
        "write": (1_200, 60),
        "connect": (6_000, 300),
        "login_account": (5, 5),
        "login_address": (20, 20),
    }


def test_a_setting_turns_buckets_off_or_changes_some() -> None:
    assert read_buckets("off") is None
    assert read_buckets("on") == BUCKETS
    changed = read_buckets("send=50/150, login_account=0.5/10")
    assert changed is not None
    assert changed["send"] == Bucket("send", 50, 150)
    assert changed["login_account"] == Bucket("login_account", 0.5, 10)
    assert changed["seen"] == BUCKETS["seen"]


@pytest.mark.parametrize(
    "setting", ["yes", "send", "send=", "send=1", "send=0/5", "send=1/0", "send=x/1", "other=1/1", "send=nan/5"]
)
def test_a_setting_that_is_none_is_refused(setting: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the settings say which variable it is
        read_buckets(setting)


def test_each_key_has_a_bucket_of_its_own(world: World) -> None:
    assert (spend(world, "u_ann"), spend(world, "u_ben")) == (60, 60)
    world.clock.advance(1)
    assert spend(world, "u_ann") == 20


def test_without_limits_nothing_is_asked() -> None:
    free = World()
    assert spend(free) == 100
    assert free.rate_limiter.calls.total() == 0


def test_chat_goes_on_without_valkey_under_a_cap(world: World) -> None:
    world.rate_limiter.reachable = False
    assert spend(world) == 60
    assert world.rate_limiter.calls.total() == 1, "it is left alone for a second"
    world.clock.advance(1)
    assert spend(world) == 20
    assert world.rate_limiter.calls.total() == 2
    world.rate_limiter.reachable = True
    world.clock.advance(1)
    assert spend(world) == 60


def test_an_account_is_tried_five_times_a_minute(world: World) -> None:
    world.accounts.register(username="dora", email="dora@example.org", password=PASSWORD)
    for login in ("dora", "DORA", "dora@example.org", "dora", "dora"):
        with pytest.raises(BadCredentialsError):
            world.accounts.login(login=login, password="wrong")
    with pytest.raises(RateLimitedError) as caught:
        world.accounts.login(login="dora", password=PASSWORD)
    assert caught.value.retry_after_s == pytest.approx(12)
    world.clock.advance(12)
    world.accounts.login(login="dora", password=PASSWORD)


def test_a_login_that_nobody_has_is_limited_alike(world: World) -> None:
    for _ in range(5):
        with pytest.raises(BadCredentialsError):
            world.accounts.login(login="nobody", password="wrong")
    with pytest.raises(RateLimitedError):
        world.accounts.login(login="NOBODY", password="wrong")


def test_an_address_tries_twenty_times_a_minute(world: World) -> None:
    for number in range(20):
        with pytest.raises(BadCredentialsError):
            world.accounts.login(login=f"nobody{number}", password="wrong", address="203.0.113.9")
    with pytest.raises(RateLimitedError):
        world.accounts.login(login="nobody99", password="wrong", address="203.0.113.9")
    with pytest.raises(BadCredentialsError):
        world.accounts.login(login="nobody99", password="wrong", address="203.0.113.10")


def test_passwords_are_not_guessed_at_by_changing_or_erasing(world: World) -> None:
    dora = world.accounts.register(username="dora", email="dora@example.org", password=PASSWORD)
    me = Identity(dora.user.user_id, dora.session_id)
    for _ in range(3):
        with pytest.raises(ForbiddenError):
            world.accounts.change_password(me, current_password="wrong", new_password="staple gun on the moon")
    for _ in range(2):
        with pytest.raises(ForbiddenError):
            world.erasure.erase_account(me, "wrong")
    with pytest.raises(RateLimitedError):
        world.erasure.erase_account(me, PASSWORD)


def test_nobody_signs_in_while_tries_cannot_be_counted(world: World) -> None:
    dora = world.accounts.register(username="dora", email="dora@example.org", password=PASSWORD)
    me = Identity(dora.user.user_id, dora.session_id)
    world.rate_limiter.reachable = False
    with pytest.raises(UnavailableError):
        world.accounts.login(login="dora", password=PASSWORD, address="203.0.113.9")
    with pytest.raises(UnavailableError):
        world.accounts.change_password(me, current_password=PASSWORD, new_password="staple gun on the moon")
    assert world.hasher.calls["verify_password"] == 0
