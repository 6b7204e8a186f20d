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
