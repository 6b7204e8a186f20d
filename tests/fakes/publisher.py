"""Kafka, in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from parley.domain.errors import ParleyError, UnavailableError
from parley.domain.records import Record
from tests.fakes.outside import Outside


class FakePublisher(Outside):
    """Keeps records in the order written. `fails`, given a record, says whether it cannot be handed over."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[Record] = []
        self.fails: Callable[[Record], bool] = _never

    def publish(self, records: Sequence[Record]) -> list[ParleyError | None]:
        self._reach("publish")
        outcomes: list[ParleyError | None] = []
        failed_keys: set[tuple[str, str]] = set()
        with self._lock:
            for record in records:
                place = record.topic, record.key
                if place in failed_keys or self.fails(record):
                    failed_keys.add(place)
                    outcomes.append(UnavailableError("The record could not be handed over."))
                else:
                    self.records.append(record)
                    outcomes.append(None)
        return outcomes

    def on_topic(self, topic: str) -> list[Record]:
        """What was written to one topic, in order."""
        with self._lock:
            return [record for record in self.records if record.topic == topic]


def _never(record: Record) -> bool:
    return False
