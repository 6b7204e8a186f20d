"""A token bucket."""

from __future__ import annotations

from collections.abc import Callable


class RateLimit:
    """Lets `rate_per_s` through a second, and `burst` at once after a pause; `rate_per_s` None lets all through."""

    def __init__(self, rate_per_s: float | None, burst: int, clock: Callable[[], float]) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._clock = clock
        self._tokens = float(burst)
        self._filled_at = clock()

    def take(self) -> bool:
        """Takes one token; False if there is none."""
        if self._rate_per_s is None:
            return True
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate_per_s)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
