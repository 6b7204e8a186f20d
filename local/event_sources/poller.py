"""A poller: reads a share of a topic's partitions and hands batches to the function, one at a time.

A batch's offsets are committed after it succeeded, in the background: a commit that is under way is followed by one
with all that was done meanwhile. Whatever goes wrong with Kafka ends in opening the source anew from what is committed.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from functions.manifest import KafkaTrigger
from local.event_sources.batching import Batch, Batcher, next_offsets
from local.event_sources.client import Source
from local.event_sources.event import kafka_event
from local.event_sources.failure_record import Failure, Names, failure_record
from local.event_sources.record import Record
from local.event_sources.settings import EventSourceSettings, Invoker
from local.event_sources.verdict import verdict_of
from local.event_sources.wire import KafkaError
from local.interference import Interference, NoInterference
from local.observer import BatchOutcome, Observer

IDLE = 1.0
"""Seconds after which an idle poller looks around; news from Kafka wakes it at once."""

FINAL_COMMIT = 2.0


@dataclass(slots=True)
class Commits:
    """What is done but not yet committed, by partition, and the commit that is under way."""

    waiting: dict[int, int] = field(default_factory=dict)
    done: dict[int, int] = field(default_factory=dict)
    _sent: dict[int, int] = field(default_factory=dict)
    _under_way: asyncio.Future[None] | None = None

    def add(self, offsets: Mapping[int, int]) -> None:
        """Notes next offsets."""
        self.waiting.update(offsets)

    def push(self, source: Source) -> None:
        """Sends what waits unless a commit is under way; what a failed one carried waits again."""
        if self._under_way is not None:
            if not self._under_way.done():
                return
            self._settle(self._under_way)
        if self.waiting:
            self._sent, self.waiting = self.waiting, {}
            self._under_way = source.commit(self._sent)

    async def finish(self, source: Source) -> None:
        """Commits everything, and waits for it.

        Raises:
            KafkaError, TimeoutError: it did not work out.
        """
        async with asyncio.timeout(FINAL_COMMIT):
            if self._under_way is not None:
                await asyncio.wait([self._under_way])
                self._settle(self._under_way)
            if self.waiting:
                await source.commit(self.waiting)

    def _settle(self, ended: asyncio.Future[None]) -> None:
        self._under_way = None
        if ended.cancelled() or ended.exception() is not None:
            self.waiting = {**self._sent, **self.waiting}
        else:
            self.done.update(self._sent)


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a poller serves."""

    function: str
    trigger: KafkaTrigger
    bootstrap_servers: str
    invoker: Invoker
    observer: Observer
    settings: EventSourceSettings
    interference: Interference = field(default_factory=NoInterference)


class Poller:
    """Runs as a task of its own from `start` until `stop`."""

    def __init__(self, target: Target, source: Source) -> None:
        self._target = target
        self._source = source
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._delivering = False
        self._trouble = ""
        self._lost_at: float | None = None
        self._lag_told = 0.0
        settings = target.settings
        self._names = Names(settings.function_arn(target.function), settings.cluster_arn, target.bootstrap_servers)

    def start(self) -> None:
        """Begins to read."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Ends after the batch that is running, or when the grace is over without it: then it is not committed."""
        task = self._task
        if task is None:
            return
        self._stopping = True
        if not self._delivering:
            task.cancel()
        _, running = await asyncio.wait([task], timeout=self._target.settings.stop_grace)
        if running:
            task.cancel()
            await asyncio.wait([task])

    async def _run(self) -> None:
        while not self._stopping:
            try:
                await self._source.open()
                await self._serve()
            except (KafkaError, OSError) as error:  # a timeout is an OSError, too
                self._tell_lost(f"{type(error).__name__}: {error}".removesuffix(": "))
            except Exception as error:  # noqa: BLE001 - a poller that ended would stop its partitions for good
                self._tell_lost(f"unexpected {type(error).__name__}: {error}")
            finally:
                self._source.close()
            if not self._stopping:
                await asyncio.sleep(self._target.settings.reconnect)

    async def _serve(self) -> None:
        batcher = Batcher(self._target.trigger, self._target.settings.backoff)
        commits = Commits()
        try:
            while not self._stopping:
                now = time.monotonic()
                batch = batcher.due(now)
                if batch is None:
                    await self._read(batcher, now)
                else:
                    await self._deliver(batch, batcher, commits)
                    if batcher.room():
                        batcher.add(self._source.ready(batcher.overfull()), time.monotonic())
                commits.push(self._source)
                self._tell_lag(commits)
        finally:
            if self._stopping:
                with contextlib.suppress(KafkaError, OSError):
                    await commits.finish(self._source)

    async def _read(self, batcher: Batcher, now: float) -> None:
        wait = batcher.wait(now)
        patience = IDLE if wait is None else min(IDLE, wait)
        batcher.add(await self._source.read(patience, batcher.overfull()), time.monotonic())
        self._lost_at = None
        if self._trouble:
            self._trouble = ""
            self._say(f"reads {self._target.trigger.topic} again")

    async def _deliver(self, batch: Batch, batcher: Batcher, commits: Commits) -> None:
        """Hands one batch over and applies what follows."""
        started = time.perf_counter()
        expired = batcher.expired(batch, int(time.time() * 1000))
        if expired:
            failure = Failure("MaximumRecordAgeExceeded", "", batch.tries)
            if not await self._give_up(expired, failure, commits, started):
                batch.records = [*expired, *batch.records]
                batcher.postpone(batch, time.monotonic())
                return
        if not batch.records:
            return
        target = self._target
        event = kafka_event(batch.records, self._names.source_arn, target.bootstrap_servers)
        self._delivering = True
        try:
            invocation = await target.invoker.invoke(target.function, event)
        finally:
            self._delivering = False
        verdict = verdict_of(invocation, batch.offsets(), report_failures=target.trigger.report_failures)
        settlement = batcher.settle(batch, verdict, time.monotonic(), counts=invocation.outcome != "throttled")
        if settlement.outcome == "success" and target.interference.redelivers(target.function):
            self._tell_batch(batch.records, started, "success")
            raise KafkaError("what was done is forgotten on purpose")
        commits.add(settlement.commits)
        if settlement.outcome != "given_up":
            self._tell_batch(batch.records, started, settlement.outcome)
            return
        failure = Failure("RetriesExhausted", invocation.request_id, settlement.tries)
        if not await self._give_up(settlement.given_up, failure, commits, started):
            batcher.postpone(Batch(settlement.given_up, settlement.tries - 1), time.monotonic())

    async def _give_up(self, records: Sequence[Record], failure: Failure, commits: Commits, started: float) -> bool:
        """Writes records to the on-failure destination, if there is one; they are done only once it has them."""
        topic = self._target.trigger.on_failure_topic
        try:
            if topic is not None:
                for record in records:
                    await self._source.produce(topic, record.key, failure_record(record, failure, self._names))
        except KafkaError as error:
            self._say(f"the on-failure topic {topic} cannot be written to, so its records are kept: {error}")
            return False
        commits.add(next_offsets(records))
        self._tell_batch(records, started, "given_up")
        return True

    def _tell_batch(self, records: Sequence[Record], started: float, outcome: BatchOutcome) -> None:
        target = self._target
        target.observer.batch(
            target.function,
            target.trigger.topic,
            partitions=len({record.partition for record in records}),
            records=len(records),
            ms=(time.perf_counter() - started) * 1000,
            outcome=outcome,
        )

    def _tell_lag(self, commits: Commits) -> None:
        now = time.monotonic()
        if now < self._lag_told + self._target.settings.lag_interval:
            return
        self._lag_told = now
        done = {**self._source.positions(), **commits.done}
        lags = {partition: max(0, end - done.get(partition, end)) for partition, end in self._source.ends().items()}
        self._target.observer.lag(self._target.function, self._target.trigger.topic, lags)

    def _tell_lost(self, why: str) -> None:
        """Says so once, and not of what passes by itself: a Kafka that just started has no coordinators yet."""
        now = time.monotonic()
        self._lost_at = now if self._lost_at is None else self._lost_at
        if now - self._lost_at < self._target.settings.patience:
            return
        if why != self._trouble and not self._stopping:
            self._trouble = why
            self._say(f"cannot read {self._target.trigger.topic} and keeps trying: {why}")

    def _say(self, words: str) -> None:
        self._target.observer.log(self._target.function, f"event source: {words}")
