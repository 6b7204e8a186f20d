"""A history's time, and transactions that commit late in it.

The time of a history moves in leaps, so that a minute's lateness takes a moment; but never so far that an act which is
under way would have taken longer than a transaction can live.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from pymongo import monitoring

from parley.domain.times import truncate_to_ms

TRANSACTION_LIFE: Final = timedelta(seconds=60)
"""https://www.mongodb.com/docs/manual/reference/parameters/#mongodb-parameter-param.transactionLifetimeLimitSeconds"""
APART_S: Final = 10
"""How far the clock of one machine is off at most."""


class HistoryClock:
    """The true time of a history; safe to use from many threads."""

    def __init__(self) -> None:
        self._moment = truncate_to_ms(datetime.now(UTC))
        self._changed = threading.Condition()
        self._numbers = itertools.count()
        self._began: dict[int, datetime] = {}

    def now(self) -> datetime:
        """The time."""
        with self._changed:
            return self._moment

    def advance(self, seconds: float) -> None:
        """Lets so much time pass, or as much as the acts under way leave room for."""
        with self._changed:
            latest = min(self._began.values(), default=datetime.max.replace(tzinfo=UTC) - TRANSACTION_LIFE)
            wanted = self._moment + timedelta(milliseconds=int(seconds * 1000))
            self._moment = max(self._moment, min(wanted, latest + TRANSACTION_LIFE))
            self._changed.notify_all()

    @contextlib.contextmanager
    def act(self) -> Iterator[datetime]:
        """Something is under way, from the time given on."""
        number = next(self._numbers)
        with self._changed:
            began = self._began[number] = self._moment
        try:
            yield began
        finally:
            with self._changed:
                del self._began[number]

    def wait_until(self, moment: datetime, *, at_most_s: float) -> None:
        """Waits until it is so late, and at most so many seconds of the machine's own time."""
        with self._changed:
            self._changed.wait_for(lambda: self._moment >= moment, at_most_s)


class MachineClock:
    """The port Clock, as one machine has it: always off by so much."""

    def __init__(self, clock: HistoryClock, off_s: float) -> None:
        self._clock = clock
        self._off = timedelta(milliseconds=int(off_s * 1000))

    def now(self) -> datetime:
        """See Clock."""
        return self._clock.now() + self._off


class _LateCommits(monitoring.CommandListener):
    """Holds a thread's commits back, where it asked for that: the driver calls it before it sends a command."""

    def __init__(self) -> None:
        self.wishes = threading.local()

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        wait: Callable[[], None] | None = getattr(self.wishes, "wait", None)
        if wait is not None and event.command_name == "commitTransaction":
            wait()

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


_late_commits = _LateCommits()
monitoring.register(_late_commits)  # for the clients that are made from now on; there is no taking it back


@contextlib.contextmanager
def committing_after(wait: Callable[[], None]) -> Iterator[None]:
    """Each transaction of this thread waits so before it commits, with all that it wrote and locked."""
    _late_commits.wishes.wait = wait
    try:
        yield
    finally:
        _late_commits.wishes.wait = None
