"""Token buckets: how often something may be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from parley.domain import limits

BucketName = Literal["send", "typing", "seen", "frame", "write", "connect", "login_account", "login_address"]

# The contract gives a burst for sending alone; where it gives none it is as many seconds' worth.
_BURST_S: Final = limits.SEND_BURST_COUNT / limits.SEND_RATE_PER_S


@dataclass(frozen=True, slots=True)
class Bucket:
    """Holds `burst` tokens when full, and gets `rate_per_s` more a second; whatever is done takes one."""

    name: BucketName
    rate_per_s: float
    burst: int


@dataclass(frozen=True, slots=True)
class Grant:
    """What came of asking a bucket for a token. Without one, there will be one in `retry_after_s`."""

    bucket: Bucket
    allowed: bool
    remaining: int
    retry_after_s: float


def _make(name: BucketName, rate_per_s: float, burst: int | None = None) -> Bucket:
    return Bucket(name, rate_per_s, round(rate_per_s * _BURST_S) if burst is None else burst)


def _make_login(name: BucketName, rate_per_min: int) -> Bucket:
    return Bucket(name, rate_per_min / 60, rate_per_min)


BUCKETS: Final[Mapping[BucketName, Bucket]] = {
    bucket.name: bucket
    for bucket in (
        _make("send", limits.SEND_RATE_PER_S, limits.SEND_BURST_COUNT),
        _make("typing", limits.TYPING_RATE_PER_S),
        _make("seen", limits.SEEN_RATE_PER_S),
        _make("frame", limits.FRAME_RATE_PER_S),
        _make("write", limits.REST_WRITE_RATE_PER_S),
        _make("connect", limits.CONNECT_RATE_PER_S),
        _make_login("login_account", limits.LOGIN_ACCOUNT_RATE_PER_MIN),
        _make_login("login_address", limits.LOGIN_ADDRESS_RATE_PER_MIN),
    )
}
"""The contract's limits."""

OFF: Final = "off"


def read_buckets(setting: str) -> Mapping[BucketName, Bucket] | None:
    """The buckets that a setting asks for: `on` for the contract's, `off` for none, or some of them otherwise.

    `send=50/150,login_account=0.5/10` stands for 50 sends a second with a burst of 150, and a login every two seconds
    with a burst of 10, the others as the contract has them.

    Raises:
        ValueError: the setting is none of these.
    """
    if setting == OFF:
        return None
    buckets = dict(BUCKETS)
    for part in setting.split(",") if setting not in {"", "on"} else ():
        name, _, numbers = part.strip().partition("=")
        rate, _, burst = numbers.partition("/")
        for known in get_args(BucketName):
            if known == name:
                buckets[known] = _check(Bucket(known, float(rate), int(burst)))
                break
        else:
            raise ValueError("it names no bucket")
    return buckets


def _check(bucket: Bucket) -> Bucket:
    if not 0 < bucket.rate_per_s <= 1_000_000 or not 1 <= bucket.burst <= 1_000_000:
        raise ValueError("a bucket needs a rate and a burst that are more than nothing")
    return bucket


class Tokens:
    """One bucket's tokens as this process counts them.

    Args:
        now_s: a clock that never steps back, in seconds.
    """

    __slots__ = ("_at_s", "_bucket", "_tokens")

    def __init__(self, bucket: Bucket, now_s: float) -> None:
        self._bucket = bucket
        self._tokens = float(bucket.burst)
        self._at_s = now_s

    def take(self, now_s: float) -> Grant:
        """Takes a token, if there is one."""
        bucket = self._bucket
        self._tokens = min(float(bucket.burst), self._tokens + (now_s - self._at_s) * bucket.rate_per_s)
        self._at_s = now_s
        if self._tokens < 1:
            return Grant(bucket, allowed=False, remaining=0, retry_after_s=(1 - self._tokens) / bucket.rate_per_s)
        self._tokens -= 1
        return Grant(bucket, allowed=True, remaining=int(self._tokens), retry_after_s=0.0)
