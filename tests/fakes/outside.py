"""What every fake of something outside has: a count of its calls and a switch that cuts it off."""

from __future__ import annotations

import threading
from collections import Counter

from parley.domain.errors import UnavailableError


class Outside:
    """Something that is reached over a network.

    `calls` counts calls by method; `reachable` set to False makes each raise UnavailableError, with nothing done.
    """

    def __init__(self, lock: threading.RLock | None = None) -> None:
        self.calls: Counter[str] = Counter()
        self.reachable = True
        self._lock = threading.RLock() if lock is None else lock

    def _reach(self, method: str) -> None:
        with self._lock:
            self.calls[method] += 1
        if not self.reachable:
            raise UnavailableError(f"{type(self).__name__} was cut off")
