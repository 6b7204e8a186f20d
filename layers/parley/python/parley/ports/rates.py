"""Rate limits."""

from __future__ import annotations

from typing import Protocol

from parley.domain.rates import Bucket, Grant


class RateLimiter(Protocol):
    """Token buckets that all processes share; the clock is theirs, not the callers'."""

    def take_token(self, bucket: Bucket, key: str) -> Grant:
        """Takes a token of this key's bucket, if there is one, in one round trip. Atomic.

        A bucket that was never asked, or not for long, is full.
        """
        ...

    def take_turn(self, bucket: Bucket, key: str) -> Grant:
        """Takes a token of the one bucket of everybody, or a turn in the queue for one, in one round trip. Atomic.

        Whoever finds no token is given a turn, the n-th of them n / rate_per_s from now, at most 5 minutes; the grant
        says in how long it comes. Who asks again by the same key from a second before it to 30 s after it is let
        through, once; who asks sooner is told of the same turn again.
        """
        ...
