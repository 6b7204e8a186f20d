"""Ids and times in the forms that API Gateway gives them."""

from __future__ import annotations

import os
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache

_ID_BYTES = 11
_IDS_AT_ONCE = 256


def _random_ids() -> Iterator[str]:
    # The system is asked for many at once: asking costs more than all the rest.
    while True:
        pool = os.urandom(_ID_BYTES * _IDS_AT_ONCE)
        for start in range(0, len(pool), _ID_BYTES):
            yield urlsafe_b64encode(pool[start : start + _ID_BYTES]).decode("ascii")


_ids = _random_ids()


def new_id() -> str:
    """An id for a connection, request or message: 11 random bytes as 16 characters that end in `=`, so that code which
    puts one into a URL without percent-encoding it is found out. Not for several threads."""
    return next(_ids)


def new_trace_id() -> str:
    """The value of an `X-Amzn-Trace-Id` header for a request that brought none."""
    return f"Root=1-{int(time.time()):08x}-{os.urandom(12).hex()}"


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


@lru_cache(maxsize=8)
def _log_time(second: int) -> str:
    return time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(second))


def log_time(at_ms: int) -> str:
    """The time as requestContext tells it: `24/Nov/2026:21:41:05 +0000`."""
    return _log_time(at_ms // 1000)


def iso_time(at_ms: int) -> str:
    """The time as @connections tells it: RFC 3339, UTC, milliseconds."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@lru_cache(maxsize=2)
def _http_date(second: int) -> str:
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(second))


def http_date() -> str:
    """Now, as the `Date` header of RFC 9110."""
    return _http_date(int(time.time()))
