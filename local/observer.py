"""What the twin tells about itself while it runs: the console prints it, metrics count it.

Every method is called on the event loop's thread, right after the thing happened, on the hot path: an observer must not
block, and must not raise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.runtime.invocation import Invocation

ConnectionChange = Literal["opened", "closed"]
BatchOutcome = Literal["success", "partial", "failed", "given_up"]
EngineState = Literal["preparing", "starting", "ready", "stopping", "stopped", "failed"]


class Observer(Protocol):
    """One method for each kind of thing that happens. Times are milliseconds, sizes are bytes."""

    def request(self, method: str, path: str, status: int, ms: float, size: int) -> None:
        """An HTTP request was answered; `path` has no query, `size` is the answer body's."""

    def frame(self, connection_id: str, route: str, size: int, ms: float) -> None:
        """A client's WebSocket frame was served by the function of `route`; `ms` runs to its answer."""

    def connection(self, connection_id: str, change: ConnectionChange, code: int, reason: str) -> None:
        """A WebSocket connection opened (`code`: the upgrade's HTTP status) or closed (`code`: the close code)."""

    def post(self, connection_id: str, status: int, size: int) -> None:
        """A function called @connections; `size` is what it posted."""

    def invocation(self, function: str, invocation: Invocation) -> None:
        """A function ran, or could not."""

    def environment(self, function: str, pid: int, change: Literal["started", "ended"], reason: str) -> None:
        """An execution environment's process started or ended, and why."""

    def batch(
        self, function: str, topic: str, *, partitions: int, records: int, ms: float, outcome: BatchOutcome
    ) -> None:
        """An event source handed over a batch. "partial": some items are to be tried again; "given_up": it was dropped
        after its last try or past its age, to the destination where there is one."""

    def lag(self, function: str, topic: str, lags: Mapping[int, int]) -> None:
        """How many records wait, by partition, at the positions that are committed. Told every few seconds at most."""

    def log(self, function: str, line: str) -> None:
        """A function's process wrote a line to standard output or error."""

    def engine(self, name: str, state: EngineState, detail: str = "", progress: float | None = None) -> None:
        """An engine (Kafka, the database…) changed state or came forward; `progress`: 0 to 1, None if unknown."""

    def fault(self, words: str) -> None:
        """A fault was set, struck or removed."""


class NullObserver:
    """Listens to nothing. A base for observers that care for some of the methods only."""

    def request(self, method: str, path: str, status: int, ms: float, size: int) -> None:
        """Does nothing."""

    def frame(self, connection_id: str, route: str, size: int, ms: float) -> None:
        """Does nothing."""

    def connection(self, connection_id: str, change: ConnectionChange, code: int, reason: str) -> None:
        """Does nothing."""

    def post(self, connection_id: str, status: int, size: int) -> None:
        """Does nothing."""

    def invocation(self, function: str, invocation: Invocation) -> None:
        """Does nothing."""

    def environment(self, function: str, pid: int, change: Literal["started", "ended"], reason: str) -> None:
        """Does nothing."""

    def batch(
        self, function: str, topic: str, *, partitions: int, records: int, ms: float, outcome: BatchOutcome
    ) -> None:
        """Does nothing."""

    def lag(self, function: str, topic: str, lags: Mapping[int, int]) -> None:
        """Does nothing."""

    def log(self, function: str, line: str) -> None:
        """Does nothing."""

    def engine(self, name: str, state: EngineState, detail: str = "", progress: float | None = None) -> None:
        """Does nothing."""

    def fault(self, words: str) -> None:
        """Does nothing."""
