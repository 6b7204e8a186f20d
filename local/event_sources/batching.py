"""How records become batches, and what becomes of batches that failed: the rules of an event source mapping, no I/O.

A partition's order is kept, and one batch at a time has its records. A failed batch is tried again whole, or from each
partition's first failed offset where the function reports failures, after a growing pause; meanwhile other partitions
go on. It is given up when its tries or its records' age run out.

Source: AWS Lambda developer guide, "Retry behavior of Kafka event source mappings" and CreateEventSourceMapping.
Not documented and chosen here: a batch that got some way on counts its tries anew, throttled invocations are no tries.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from functions.manifest import KafkaTrigger
from local.event_sources.event import partition_name
from local.event_sources.record import Record
from local.event_sources.verdict import WHOLE_BATCH, Verdict

PAYLOAD_BYTES = 6 * 1024 * 1024
ENVELOPE_BYTES = 4096
"""Room for what surrounds the records in an event."""

DEFAULT_RETRIES_WITH_DESTINATION = 10
"""AWS bounds retries by itself where a Kafka destination is set and no number is."""

Outcome = Literal["success", "partial", "failed", "given_up"]


@dataclass(frozen=True, slots=True)
class Backoff:
    """The pause before a batch is tried again, in seconds: `first`, doubled each time, at most `longest`."""

    first: float = 0.2
    longest: float = 5.0

    def after(self, tries: int) -> float:
        """The pause after so many failed tries in a row."""
        return min(self.longest, self.first * 2.0 ** min(tries - 1, 30))


@dataclass(slots=True, eq=False)
class Batch:
    """Records that are handed over together, each partition's in order. `tries` counts the failed ones."""

    records: Sequence[Record]
    tries: int = 0
    not_before: float = 0.0

    @property
    def partitions(self) -> set[int]:
        """The partitions that it has records of."""
        return {record.partition for record in self.records}

    def offsets(self) -> dict[str, range]:
        """For each partition's name the offsets from its first record to its last."""
        found: dict[str, range] = {}
        for record in self.records:
            name = partition_name(record)
            first = found[name].start if name in found else record.offset
            found[name] = range(first, record.offset + 1)
        return found


@dataclass(slots=True)
class Settlement:
    """What follows from an attempt: next offsets to commit by partition, and what is to be given up after them."""

    outcome: Outcome
    commits: dict[int, int] = field(default_factory=dict)
    given_up: Sequence[Record] = ()
    tries: int = 0


class Batcher:
    """Buffers what a poller read and decides what is handed over next. Times are seconds of any one clock."""

    def __init__(self, trigger: KafkaTrigger, backoff: Backoff) -> None:
        self._trigger = trigger
        self._backoff = backoff
        self._window = trigger.batching_window_ms / 1000
        self._buffers: dict[int, deque[Record]] = {}
        self._weights: dict[int, int] = {}
        self._opened_at = 0.0
        self._retries: list[Batch] = []
        self._tries_allowed = _tries_allowed(trigger)

    def overfull(self) -> set[int]:
        """The partitions of which no more should be read, because what was read waits behind a failed batch."""
        return {partition for partition, buffer in self._buffers.items() if len(buffer) >= self._trigger.batch_size}

    def add(self, records: Iterable[Record], now: float) -> None:
        """Takes records that were read, each partition's in order."""
        if not any(self._buffers.values()):
            self._opened_at = now
        for record in records:
            self._buffers.setdefault(record.partition, deque()).append(record)
            self._weights[record.partition] = self._weights.get(record.partition, 0) + record.weight

    def due(self, now: float) -> Batch | None:
        """Takes out the batch to hand over now, if there is one. It must come back by `settle` or `postpone`."""
        blocked: set[int] = set()
        for batch in self._retries:
            if batch.not_before <= now and not blocked & batch.partitions:
                self._retries.remove(batch)
                return batch
            blocked |= batch.partitions
        if now >= self._opened_at + self._window or self._full(blocked):
            return self._compose(blocked, now)
        return None

    def room(self) -> bool:
        """Whether another read is worth while: a full batch does not wait already."""
        return not self._full(self._blocked())

    def wait(self, now: float) -> float | None:
        """Seconds until `due` may have a batch if nothing more is read; None if it will not."""
        moments = [batch.not_before for batch in self._retries]
        blocked = self._blocked()
        if any(buffer and partition not in blocked for partition, buffer in self._buffers.items()):
            moments.append(self._opened_at + self._window)
        return max(0.0, min(moments) - now) if moments else None

    def expired(self, batch: Batch, wall_ms: int) -> list[Record]:
        """Takes out of a batch what is older than the mapping allows; `wall_ms` is the time since 1970.

        Only what no younger record of its partition precedes: a later offset is never done before an earlier one.
        """
        if self._trigger.max_record_age_s is None:
            return []
        oldest = wall_ms - self._trigger.max_record_age_s * 1000
        expired: list[Record] = []
        kept: list[Record] = []
        younger: set[int] = set()
        for record in batch.records:
            if record.timestamp < oldest and record.partition not in younger:
                expired.append(record)
            else:
                younger.add(record.partition)
                kept.append(record)
        batch.records = kept
        return expired

    def settle(self, batch: Batch, verdict: Verdict, now: float, *, counts: bool = True) -> Settlement:
        """Says what follows from a verdict, and keeps what is to be tried again.

        Args:
            batch: what was handed over.
            verdict: what the function made of it.
            now: the time.
            counts: false for an invocation that did not take place (throttled), which is no try.
        """
        if verdict is not WHOLE_BATCH and not verdict:
            return Settlement("success", next_offsets(batch.records))
        rest, commits = _split(batch.records, verdict)
        progressed = len(rest) < len(batch.records)
        tries = (0 if progressed else batch.tries) + (1 if counts else 0)
        if counts and self._tries_allowed is not None and tries > self._tries_allowed:
            return self._exhausted(batch, rest, commits, tries=tries, now=now)
        self._again(rest, tries, now, bisect=counts and self._trigger.bisect_on_error and verdict is WHOLE_BATCH)
        return Settlement("partial" if verdict is not WHOLE_BATCH else "failed", commits, tries=tries)

    def postpone(self, batch: Batch, now: float) -> None:
        """Puts a batch back unchanged, to be tried again after a pause."""
        batch.not_before = now + self._backoff.longest
        self._retries.insert(0, batch)

    def _blocked(self) -> set[int]:
        return {partition for batch in self._retries for partition in batch.partitions}

    def _full(self, blocked: set[int]) -> bool:
        free = [partition for partition in self._buffers if partition not in blocked]
        return (
            sum(len(self._buffers[partition]) for partition in free) >= self._trigger.batch_size
            or sum(self._weights[partition] for partition in free) >= PAYLOAD_BYTES - ENVELOPE_BYTES
        )

    def _exhausted(
        self, batch: Batch, rest: Sequence[Record], commits: dict[int, int], *, tries: int, now: float
    ) -> Settlement:
        """Gives up; with bisecting on, only a single record is given up, and more are split instead."""
        if self._trigger.bisect_on_error and len(rest) > 1:
            self._again(rest, batch.tries, now, bisect=True)
            return Settlement("failed", commits, tries=tries)
        return Settlement("given_up", commits, rest, tries)

    def _again(self, records: Sequence[Record], tries: int, now: float, *, bisect: bool) -> None:
        not_before = now + self._backoff.after(max(1, tries))
        if bisect and len(records) > 1:
            middle = len(records) // 2
            halves = [records[:middle], records[middle:]]
            self._retries[:0] = [Batch(half, max(0, tries - 1), not_before) for half in halves]
        else:
            self._retries.insert(0, Batch(records, tries, not_before))

    def _compose(self, blocked: set[int], now: float) -> Batch | None:
        taken: list[Record] = []
        room = PAYLOAD_BYTES - ENVELOPE_BYTES
        for partition, buffer in list(self._buffers.items()):
            if partition in blocked:
                continue
            while buffer and len(taken) < self._trigger.batch_size and (room >= buffer[0].weight or not taken):
                record = buffer.popleft()
                room -= record.weight
                self._weights[partition] -= record.weight
                taken.append(record)
            # To the end of the line, so that a busy partition does not starve the others.
            del self._buffers[partition]
            if buffer:
                self._buffers[partition] = buffer
                if len(taken) >= self._trigger.batch_size or room < buffer[0].weight:
                    break
        self._opened_at = now
        return Batch(taken) if taken else None


def _tries_allowed(trigger: KafkaTrigger) -> int | None:
    if trigger.max_retry_attempts is not None:
        return trigger.max_retry_attempts
    return DEFAULT_RETRIES_WITH_DESTINATION if trigger.on_failure_topic else None


def next_offsets(records: Iterable[Record]) -> dict[int, int]:
    """For each partition the offset after its last record."""
    return {record.partition: record.offset + 1 for record in records}


def _split(records: Sequence[Record], verdict: Verdict) -> tuple[list[Record], dict[int, int]]:
    """What must be tried again, and what may be committed: each partition up to its first failed offset."""
    if verdict is WHOLE_BATCH:
        return list(records), {}
    rest: list[Record] = []
    commits: dict[int, int] = {}
    for record in records:
        first_failed = verdict.get(partition_name(record))
        if first_failed is None or record.offset < first_failed:
            commits[record.partition] = record.offset + 1
        else:
            rest.append(record)
    return rest, commits
