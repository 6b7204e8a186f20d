"""What was waited for in vain just now is not waited for again at once.

An environment serves one caller after the other, and whoever stands behind one who waited for an absent Kafka would
wait for it as long again. So those who come within a second after that are told at once, and the next one tries.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from parley.domain.errors import UnavailableError

_LONG_S: Final = 1.0
_REST_S: Final = 1.0


class Absence:
    """Remembers for a second that something was not there, where it took long to find that out.

    Args:
        now_s: a clock that never steps back, in seconds.
    """

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._until_s = float("-inf")

    @contextmanager
    def watch(self) -> Iterator[Callable[[], None]]:
        """Watches a call that may wait in vain: one that raises UnavailableError, or calls what it is given here.

        Raises:
            UnavailableError: another one has done so just now.
        """
        began_s = self._now_s()
        if began_s < self._until_s:
            raise UnavailableError("What is needed was not there just now.", retry_after_s=_REST_S)

        def note() -> None:
            ended_s = self._now_s()
            if ended_s - began_s >= _LONG_S:
                self._until_s = ended_s + _REST_S

        try:
            yield note
        except UnavailableError:
            note()
            raise
