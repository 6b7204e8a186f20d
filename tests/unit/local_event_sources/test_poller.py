"""The poller over a Kafka of lists: what is committed when, and what happens when something is down."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from functions.manifest import KafkaTrigger
from local.event_sources import EventSourceSettings
from local.event_sources.batching import Backoff
from local.event_sources.poller import Poller, Target
from local.event_sources.record import Record
from local.event_sources.wire import KafkaError
from local.faults import Faults, read_fault
from local.interference import Interference, NoInterference
from local.observer import BatchOutcome, NullObserver
from local.runtime import Invocation
from tests.unit.local_event_sources.records import record, trigger

pytestmark = pytest.mark.anyio

SUCCESS = b"null"


class ListSource:
    """A topic's records in memory, with a group's committed offsets; may be told to fail."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.records = list(records)
        self.committed: dict[int, int] = {}
        self.produced: list[tuple[str, bytes | None, dict[str, Any]]] = []
        self.opened = 0
        self.fail_reads = 0
        self.fail_produces = 0
        self.fail_commits = 0
        self._read_to: dict[int, int] = {}

    async def open(self) -> None:
        self.opened += 1
        self._read_to = dict(self.committed)

    async def read(self, patience: float, paused: set[int]) -> list[Record]:
        found = self.ready(paused)
        if not found:
            await asyncio.sleep(min(patience, 0.005))
        return found

    def ready(self, paused: set[int]) -> list[Record]:
        if self.fail_reads:
            self.fail_reads -= 1
            raise KafkaError("down")
        found = [
            item
            for item in self.records
            if item.partition not in paused and item.offset >= self._read_to.get(item.partition, 0)
        ]
        for item in found:
            self._read_to[item.partition] = item.offset + 1
        return found

    def commit(self, offsets: Mapping[int, int]) -> asyncio.Future[None]:
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.fail_commits:
            self.fail_commits -= 1
            ended.set_exception(KafkaError("down"))
        else:
            assert all(offset > self.committed.get(partition, 0) for partition, offset in offsets.items())
            self.committed.update(offsets)
            ended.set_result(None)
        return ended

    def ends(self) -> Mapping[int, int]:
        return {item.partition: item.offset + 1 for item in self.records}

    def positions(self) -> Mapping[int, int]:
        return {}

    async def produce(self, topic: str, key: bytes | None, value: bytes) -> None:
        if self.fail_produces:
            self.fail_produces -= 1
            raise KafkaError("down")
        self.produced.append((topic, key, json.loads(value)))

    def close(self) -> None:
        pass


Handler = Callable[[list[tuple[int, int]]], bytes | Exception]


@dataclass
class Functions:
    """Invokes a Python function in place of a worker; an exception is a failed invocation."""

    handler: Handler
    batches: list[list[tuple[int, int]]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def invoke(self, function: str, event: bytes) -> Invocation:
        groups = json.loads(event)["records"].values()
        batch = [(item["partition"], item["offset"]) for group in groups for item in group]
        self.batches.append(batch)
        await self.gate.wait()
        answer = self.handler(batch)
        if isinstance(answer, Exception):
            return Invocation("r-1", "error", b"{}", 1.0, cold=False)
        return Invocation("r-1", "success", answer, 1.0, cold=False)

    def handed(self) -> list[tuple[int, int]]:
        return [place for batch in self.batches for place in batch]


@dataclass
class Told(NullObserver):
    batches: list[tuple[int, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    lags: list[Mapping[int, int]] = field(default_factory=list)

    def batch(
        self, function: str, topic: str, *, partitions: int, records: int, ms: float, outcome: BatchOutcome
    ) -> None:
        self.batches.append((records, outcome))

    def log(self, function: str, line: str) -> None:
        self.lines.append(line)

    def lag(self, function: str, topic: str, lags: Mapping[int, int]) -> None:
        self.lags.append(lags)


@dataclass
class Bench:
    """A poller that runs, and all around it."""

    source: ListSource
    functions: Functions
    told: Told
    poller: Poller

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not holds():  # noqa: ASYNC110 - the poller tells nobody
                await asyncio.sleep(0.005)


def start(
    source: ListSource,
    handler: Handler = lambda _: SUCCESS,
    rules: KafkaTrigger | None = None,
    *,
    gated: bool = False,
    stop_grace: float = 10.0,
    patience: float = 0.0,
    interference: Interference | None = None,
) -> Bench:
    settings = EventSourceSettings(
        backoff=Backoff(0.01, 0.02), reconnect=0.01, patience=patience, lag_interval=0.0, stop_grace=stop_grace
    )
    functions, told = Functions(handler), Told()
    if not gated:
        functions.gate.set()
    target = Target(
        "store",
        rules or trigger(),
        "127.0.0.1:9092",
        functions,
        told,
        settings,
        interference or NoInterference(),
    )
    poller = Poller(target, source)
    poller.start()
    return Bench(source, functions, told, poller)


async def test_what_succeeded_is_committed_and_told() -> None:
    bench = start(ListSource([record(0), record(1), record(0, 3)]))
    await bench.until(lambda: bench.source.committed == {0: 2, 3: 1})
    await bench.until(lambda: bench.told.lags and bench.told.lags[-1] == {0: 0, 3: 0})
    await bench.poller.stop()
    assert bench.functions.handed() == [(0, 0), (0, 1), (3, 0)]
    assert bench.told.batches == [(3, "success")]


async def test_nothing_is_committed_before_the_function_has_answered() -> None:
    bench = start(ListSource([record(0)]), gated=True)
    await bench.until(lambda: bench.functions.batches)
    assert bench.source.committed == {}
    bench.functions.gate.set()
    await bench.until(lambda: bench.source.committed == {0: 1})
    await bench.poller.stop()


async def test_a_failing_batch_is_tried_until_it_succeeds_and_is_committed_once() -> None:
    failures = iter([ValueError(), ValueError()])
    bench = start(ListSource([record(0), record(1)]), lambda _: next(failures, SUCCESS))
    await bench.until(lambda: bench.source.committed == {0: 2})
    await bench.poller.stop()
    assert bench.functions.batches == [[(0, 0), (0, 1)]] * 3
    assert [outcome for _, outcome in bench.told.batches] == ["failed", "failed", "success"]


async def test_reported_failures_commit_what_came_before_them() -> None:
    answers = iter([b'{"batchItemFailures": [{"itemIdentifier": {"partition": "orders-0", "offset": 1}}]}'])
    bench = start(ListSource([record(0), record(1), record(2)]), lambda _: next(answers, SUCCESS))
    await bench.until(lambda: bench.source.committed == {0: 3})
    await bench.poller.stop()
    assert bench.functions.batches == [[(0, 0), (0, 1), (0, 2)], [(0, 1), (0, 2)]]
    assert [outcome for _, outcome in bench.told.batches] == ["partial", "success"]


async def test_what_is_given_up_is_committed_only_once_its_destination_has_it() -> None:
    source = ListSource([record(0), record(1)])
    source.fail_produces = 2
    rules = trigger(max_retry_attempts=0, on_failure_topic="dead")
    bench = start(source, lambda batch: ValueError() if (0, 0) in batch else SUCCESS, rules)
    await bench.until(lambda: len(source.produced) == 2)
    await bench.until(lambda: source.committed == {0: 2})
    await bench.poller.stop()
    assert [(topic, key) for topic, key, _ in source.produced] == [("dead", b"key")] * 2
    assert [document["KafkaBatchInfo"]["recordInfo"]["offset"] for *_, document in source.produced] == ["0", "1"]
    assert any("dead cannot be written to" in line for line in bench.told.lines)


async def test_records_past_their_age_go_to_the_destination_without_an_invocation() -> None:
    source = ListSource([record(0, timestamp=1)])
    bench = start(source, rules=trigger(max_record_age_s=60, on_failure_topic="dead"))
    await bench.until(lambda: source.committed == {0: 1})
    await bench.poller.stop()
    assert bench.functions.batches == []
    assert source.produced[0][2]["requestContext"]["condition"] == "MaximumRecordAgeExceeded"


async def test_after_an_outage_reading_goes_on_and_nothing_is_skipped() -> None:
    source = ListSource([record(0), record(1)])
    bench = start(source)
    await bench.until(lambda: source.committed == {0: 2})
    source.fail_reads = 3
    source.records.append(record(2))
    await bench.until(lambda: source.committed == {0: 3})
    await bench.until(lambda: len(bench.told.lines) == 2)
    await bench.poller.stop()
    assert source.opened >= 3
    assert bench.functions.handed() == [(0, 0), (0, 1), (0, 2)]
    assert "keeps trying" in bench.told.lines[0]  # one line an outage, not one a try
    assert "again" in bench.told.lines[1]


async def test_what_passes_by_itself_is_not_told() -> None:
    source = ListSource([record(0)])
    source.fail_reads = 3
    bench = start(source, patience=60)
    await bench.until(lambda: source.committed == {0: 1})
    await bench.poller.stop()
    assert bench.told.lines == []


async def test_a_commit_that_failed_is_made_up_for() -> None:
    source = ListSource([record(0)])
    source.fail_commits = 2
    bench = start(source)
    await bench.until(lambda: source.committed == {0: 1})
    await bench.poller.stop()


async def test_stopping_waits_for_the_batch_and_commits_it() -> None:
    bench = start(ListSource([record(0)]), gated=True)
    await bench.until(lambda: bench.functions.batches)
    stopping = asyncio.create_task(bench.poller.stop())
    await asyncio.sleep(0)
    bench.functions.gate.set()
    await stopping
    assert bench.source.committed == {0: 1}


async def test_a_batch_that_outlives_the_grace_is_not_committed() -> None:
    bench = start(ListSource([record(0)]), gated=True, stop_grace=0.05)
    await bench.until(lambda: bench.functions.batches)
    await bench.poller.stop()
    assert bench.source.committed == {}


async def test_an_idle_poller_stops_at_once() -> None:
    bench = start(ListSource([]))
    await bench.until(lambda: bench.source.opened)
    async with asyncio.timeout(1):
        await bench.poller.stop()
    await bench.poller.stop()


async def test_a_batch_whose_commit_is_lost_on_purpose_is_read_and_handed_over_again() -> None:
    faults = Faults(7, clock=time.monotonic, tell=lambda _: None)
    faults.add(read_fault({"kind": "redeliver", "function": "store"}))
    bench = start(ListSource([record(0), record(1)]), interference=faults)
    await bench.until(lambda: bench.source.committed == {0: 2})
    await bench.poller.stop()
    assert bench.functions.batches == [[(0, 0), (0, 1)], [(0, 0), (0, 1)]]
    assert bench.source.opened == 2
