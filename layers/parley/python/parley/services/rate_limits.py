"""How often somebody may do something. Open for chat when Valkey is away, with a cap of this process's own; closed for
logins and passwords, which nobody may then guess at.
"""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from parley.domain.errors import RateLimitedError, UnavailableError
from parley.domain.rates import Bucket, BucketName, Grant, Tokens
from parley.ports import RateLimiter

_LOCAL_MAX_COUNT: Final = 10_000
_REST_S: Final = 1.0
_SPREAD_S: Final = 10.0


class RateLimits:
    """Token buckets by name and key. Safe to call from several threads.

    Args:
        limiter: the buckets that all processes share.
        buckets: how large each is and how fast it fills; None for no limits at all.
        now_s: a clock that never steps back, in seconds.
    """

    def __init__(
        self,
        *,
        limiter: RateLimiter,
        buckets: Mapping[BucketName, Bucket] | None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limiter = limiter
        self._buckets = buckets
        self._now_s = now_s
        self._local: OrderedDict[tuple[BucketName, str], Tokens] = OrderedDict()
        self._away_until_s = float("-inf")
        self._lock = threading.Lock()

    def take(self, name: BucketName, key: str) -> Grant | None:
        """Asks for a token, in one round trip; None where there are no limits.

        While Valkey is away this process counts by itself, and asks it again after a second, so that a Valkey that does
        not answer costs one request a second its time and not all of them.
        """
        if self._buckets is None:
            return None
        bucket = self._buckets[name]
        if self._now_s() >= self._away_until_s:
            try:
                return self._limiter.take_token(bucket, key)
            except UnavailableError:
                self._away_until_s = self._now_s() + _REST_S
        return self._take_locally(bucket, key)

    def check(self, name: BucketName, key: str) -> None:
        """Takes a token.

        Raises:
            RateLimitedError: there is none.
        """
        check_grant(self.take(name, key))

    def check_turn(self, name: BucketName, key: str) -> None:
        """Takes a token of the bucket that everybody shares, or a turn in its queue.

        While Valkey is away this process counts by itself, and tells those beyond its cap to come at some moment of the
        next ten seconds, so that they do not all come at the same one.

        Raises:
            RateLimitedError: it is not this caller's turn; `retry_after_s` says in how long it is.
        """
        if self._buckets is None:
            return
        bucket = self._buckets[name]
        if self._now_s() >= self._away_until_s:
            try:
                check_grant(self._limiter.take_turn(bucket, key))
            except UnavailableError:
                self._away_until_s = self._now_s() + _REST_S
            else:
                return
        grant = self._take_locally(bucket, "")
        # Chance spreads people here; nothing is kept secret by it.
        spread_s = random.uniform(grant.retry_after_s, _SPREAD_S)  # noqa: S311
        check_grant(grant if grant.allowed else replace(grant, retry_after_s=spread_s))

    def check_login(self, *, address: str | None) -> None:
        """Takes a token for an attempt to sign in from an address, where that is known.

        Raises:
            RateLimitedError: there is none.
            UnavailableError: it cannot be known.
        """
        if self._buckets is not None and address is not None:
            check_grant(self._limiter.take_token(self._buckets["login_address"], address))

    def check_password(self, account: str) -> None:
        """Takes a token for a try at an account's password.

        Args:
            account: the user's id, or the login of nobody; what stands in Valkey is a hash of it.

        Raises:
            RateLimitedError: there is none.
            UnavailableError: it cannot be known.
        """
        if self._buckets is not None:
            key = hashlib.sha256(account.encode("utf-8", "replace")).hexdigest()[:32]
            check_grant(self._limiter.take_token(self._buckets["login_account"], key))

    def _take_locally(self, bucket: Bucket, key: str) -> Grant:
        place = bucket.name, key
        with self._lock:
            now_s = self._now_s()
            tokens = self._local.get(place)
            if tokens is None:
                tokens = self._local[place] = Tokens(bucket, now_s)
            self._local.move_to_end(place)
            while len(self._local) > _LOCAL_MAX_COUNT:
                self._local.popitem(last=False)
            return tokens.take(now_s)


def check_grant(grant: Grant | None) -> None:
    """Whether it is one.

    Raises:
        RateLimitedError: it is none; the error carries it.
    """
    if grant is not None and not grant.allowed:
        raise RateLimitedError("That is too often.", retry_after_s=grant.retry_after_s, grant=grant)
