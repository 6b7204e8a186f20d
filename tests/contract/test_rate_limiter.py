"""RateLimiter: one suite for the fake and the real."""

from __future__ import annotations

import time

import pytest
from redis import Redis

from parley.connections.rate_limiter import ValkeyRateLimiter
from parley.connections.valkey import ValkeyConnections
from parley.domain.rates import Bucket
from parley.ports import RateLimiter
from tests.contract.conftest import FAKE_AND_REAL, SystemClock
from tests.contract.samples import at_once, unique
from tests.fakes import FakeRateLimiter

SLOW = Bucket("send", 0.01, 5)


@pytest.fixture(params=FAKE_AND_REAL)
def limiter(request: pytest.FixtureRequest) -> RateLimiter:
    if request.param == "real":
        valkey: ValkeyConnections = request.getfixturevalue("valkey")
        return ValkeyRateLimiter(valkey.redis)
    return FakeRateLimiter(SystemClock())


def test_a_full_bucket_gives_its_burst_and_then_says_when(limiter: RateLimiter) -> None:
    grants = [limiter.take_token(SLOW, "u_ada") for _ in range(6)]
    assert [grant.allowed for grant in grants] == [True] * 5 + [False]
    assert [grant.remaining for grant in grants] == [4, 3, 2, 1, 0, 0]
    assert 90 < grants[5].retry_after_s <= 100
    assert limiter.take_token(SLOW, "u_bob").allowed
    assert limiter.take_token(Bucket("seen", 0.01, 1), "u_ada").allowed


def test_tokens_come_back_with_time(limiter: RateLimiter) -> None:
    quick = Bucket("send", 50, 2)
    key = unique("u_")
    while limiter.take_token(quick, key).allowed:
        pass
    deadline = time.monotonic() + 5
    while not limiter.take_token(quick, key).allowed:
        assert time.monotonic() < deadline


def test_of_many_at_once_no_more_than_the_burst_go_through(limiter: RateLimiter) -> None:
    grants = at_once([lambda: [limiter.take_token(SLOW, "u_many").allowed for _ in range(4)] for _ in range(8)])
    assert sum(sum(some) for some in grants) == 5


def test_who_finds_no_token_gets_a_turn_one_after_the_other(limiter: RateLimiter) -> None:
    queue = Bucket("connect", 0.1, 2)
    grants = [limiter.take_turn(queue, f"s_{number}") for number in range(5)]
    assert [grant.allowed for grant in grants] == [True, True, False, False, False]
    waits = [grant.retry_after_s for grant in grants[2:]]
    assert [round(wait / 10) for wait in waits] == [1, 2, 3]
    again = limiter.take_turn(queue, "s_3")
    assert not again.allowed
    assert waits[0] < again.retry_after_s <= waits[1]


def test_a_turn_that_has_come_lets_through_once(limiter: RateLimiter) -> None:
    queue = Bucket("connect", 2, 1)
    assert [limiter.take_turn(queue, key).allowed for key in ("s_a", "s_b", "s_c", "s_c")] == [True, False, False, True]
    assert limiter.take_turn(queue, "s_b").allowed
    assert not limiter.take_turn(queue, "s_b").allowed


def test_the_queue_has_an_end(limiter: RateLimiter) -> None:
    queue = Bucket("connect", 0.01, 1)
    waits = [limiter.take_turn(queue, f"s_{number}").retry_after_s for number in range(6)]
    assert [round(wait / 100) for wait in waits] == [0, 1, 2, 3, 3, 3]


@pytest.mark.engines
def test_buckets_are_forgotten_and_a_flushed_script_comes_back(valkey: ValkeyConnections) -> None:
    limiter = ValkeyRateLimiter(valkey.redis)
    limiter.take_token(SLOW, "u_ada")
    redis: Redis = valkey.redis
    redis.script_flush()
    assert limiter.take_token(SLOW, "u_ada").remaining == 3
    life_ms = redis.pttl("limit:send:u_ada")
    assert isinstance(life_ms, int)
    assert 150_000 < life_ms <= 210_000
