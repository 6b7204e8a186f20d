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
