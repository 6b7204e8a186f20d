"""What has happened of late, for the status page: an observer that keeps it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from local.observer import BatchOutcome, ConnectionChange, EngineState, NullObserver
from local.runtime import Invocation

INVOCATIONS = 200
STRIKES = 50


@dataclass(slots=True)
class FunctionTotals:
    """What a function has done since the start."""

    outcomes: dict[str, int] = field(default_factory=dict)
    cold: int = 0
    total_ms: float = 0.0
    ran: int = 0


@dataclass(slots=True)
class SourceTotals:
    """What an event source has done since the start."""

    batches: int = 0
    records: int = 0
    outcome: str = ""
    lags: dict[int, int] = field(default_factory=dict)


class History(NullObserver):
    """Keeps the last invocations, and where engines, event sources and faults stand."""

    def __init__(self) -> None:
        self.started_at = time.time()
        self.invocations: deque[dict[str, Any]] = deque(maxlen=INVOCATIONS)
        self.functions: dict[str, FunctionTotals] = {}
        self.sources: dict[tuple[str, str], SourceTotals] = {}
        self.engines: dict[str, tuple[EngineState, str]] = {}
        self.faults: deque[dict[str, Any]] = deque(maxlen=STRIKES)
        self.posts: dict[int, int] = {}
        self.opened = 0

    def invocation(self, function: str, invocation: Invocation) -> None:
        """See `Observer`."""
        totals = self.functions.setdefault(function, FunctionTotals())
        totals.outcomes[invocation.outcome] = totals.outcomes.get(invocation.outcome, 0) + 1
        if invocation.duration_ms:
            totals.ran += 1
            totals.total_ms += invocation.duration_ms
            totals.cold += invocation.cold
        self.invocations.append(
            {
                "at": time.time(),
                "function": function,
                "requestId": invocation.request_id,
                "outcome": invocation.outcome,
                "ms": round(invocation.duration_ms, 2),
                "cold": invocation.cold,
                "error": _error_of(invocation),
            }
        )

    def connection(self, connection_id: str, change: ConnectionChange, code: int, reason: str) -> None:  # noqa: ARG002
        """See `Observer`."""
        self.opened += change == "opened"

    def post(self, connection_id: str, status: int, size: int) -> None:  # noqa: ARG002
        """See `Observer`."""
        self.posts[status] = self.posts.get(status, 0) + 1

    def batch(
        self,
        function: str,
        topic: str,
        *,
        partitions: int,  # noqa: ARG002
        records: int,
        ms: float,  # noqa: ARG002
        outcome: BatchOutcome,
    ) -> None:
        """See `Observer`."""
        totals = self.sources.setdefault((function, topic), SourceTotals())
        totals.batches += 1
        totals.records += records
        totals.outcome = outcome

    def lag(self, function: str, topic: str, lags: Mapping[int, int]) -> None:
        """See `Observer`."""
        self.sources.setdefault((function, topic), SourceTotals()).lags.update(lags)

    def engine(self, name: str, state: EngineState, detail: str = "", progress: float | None = None) -> None:  # noqa: ARG002
        """See `Observer`."""
        self.engines[name] = (state, detail)

    def fault(self, words: str) -> None:
        """See `Observer`."""
        self.faults.append({"at": time.time(), "words": words})


def _error_of(invocation: Invocation) -> str:
    """Type and message of a failure, which Lambda shows to whoever invokes, too."""
    if invocation.outcome == "success":
        return ""
    try:
        failure = orjson.loads(invocation.payload)
        return f"{failure['errorType']}: {failure['errorMessage']}"
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return invocation.outcome
