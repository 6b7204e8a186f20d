"""A poller: one thread that reads a share of a topic's partitions and hands batches to the function, one at a time.

Reading, encoding events and committing happen here; only the invocation itself passes through the event loop. A batch's
offsets are committed after it succeeded, in the background: a commit that is under way is followed by one with all that
was done meanwhile. Whatever goes wrong with Kafka ends in opening the source anew from what is committed.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field

from kafka.errors import KafkaError

from functions.manifest import KafkaTrigger
from local.event_sources.batching import Batch, Batcher, next_offsets
from local.event_sources.client import Source, TopicMissing
from local.event_sources.event import kafka_event
from local.event_sources.failure_record import Failure, Names, failure_record
from local.event_sources.record import Record
from local.event_sources.settings import EventSourceSettings, Invoker
from local.event_sources.verdict import verdict_of
from local.observer import BatchOutcome, Observer
from local.runtime.invocation import Invocation

FINAL_COMMIT_MS = 2_000


@dataclass(slots=True)
class Commits:
    """What is done but not yet committed, by partition, and the commit that is under way."""

    waiting: dict[int, int] = field(default_factory=dict)
    done: dict[int, int] = field(default_factory=dict)
    _sent: dict[int, int] = field(default_factory=dict)
    _ended: Callable[[], bool | None] | None = None

    def add(self, offsets: Mapping[int, int]) -> None:
        """Notes next offsets."""
        self.waiting.update(offsets)

    def push(self, source: Source) -> None:
        """Sends what waits unless a commit is under way; what a failed one carried waits again."""
        if self._ended is not None:
            ended = self._ended()
            if ended is None:
                return
            self._ended = None
            if ended:
                self.done.update(self._sent)
            else:
                self.waiting = {**self._sent, **self.waiting}
        if self.waiting:
            self._sent, self.waiting = self.waiting, {}
            self._ended = source.commit(self._sent)

    def finish(self, source: Source) -> None:
        """Commits everything and waits for it."""
        offsets = {**self._sent, **self.waiting}
        if offsets:
            source.commit_now(offsets, FINAL_COMMIT_MS)


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a poller serves."""

    function: str
    trigger: KafkaTrigger
    bootstrap_servers: str
    invoker: Invoker
    observer: Observer
    settings: EventSourceSettings


class Poller:
    """Runs in a thread of its own from `start` until `stop`."""

    def __init__(self, target: Target, source: Source, loop: asyncio.AbstractEventLoop, name: str) -> None:
        self._target = target
        self._source = source
        self._loop = loop
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._stopping = threading.Event()
        self._running: Future[Invocation] | None = None
        self._reached = True
        self._lag_told = 0.0
        settings = target.settings
        self._names = Names(settings.function_arn(target.function), settings.cluster_arn, target.bootstrap_servers)

    def start(self) -> None:
        """Begins to read."""
        self._thread.start()

    def stop(self) -> None:
        """Asks it to end after the batch that is running."""
        self._stopping.set()

    def abandon(self) -> None:
        """Gives the running batch up: it is not committed, so it comes again at the next start."""
        running = self._running
        if running is not None:
            running.cancel()

    def join(self, timeout: float) -> bool:
        """Waits for its end; false when it still runs after `timeout` seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                try:
                    self._source.open()
                    self._serve()
                finally:
                    self._source.close()
            except (KafkaError, TopicMissing, OSError) as error:
                self._tell_lost(f"{type(error).__name__}: {error}")
            except CancelledError:
                return
            except Exception as error:  # noqa: BLE001 - a poller that ended would stop its partitions for good
                self._tell_lost(f"unexpected {type(error).__name__}: {error}")
            self._stopping.wait(self._target.settings.reconnect)

    def _serve(self) -> None:
        settings = self._target.settings
        batcher = Batcher(self._target.trigger, settings.backoff)
        commits = Commits()
        while not self._stopping.is_set():
            now = time.monotonic()
            batch = batcher.due(now)
            if batch is not None:
                self._deliver(batch, batcher, commits)
            else:
                wait = batcher.wait(now)
                pause = settings.idle_poll_ms if wait is None else min(settings.idle_poll_ms, int(wait * 1000) + 1)
                batcher.add(self._source.read(pause, batcher.overfull()), time.monotonic())
                self._tell_reached()
            commits.push(self._source)
            self._tell_lag(commits)
        commits.finish(self._source)

    def _deliver(self, batch: Batch, batcher: Batcher, commits: Commits) -> None:
        """Hands one batch over and applies what follows."""
        started = time.perf_counter()
        expired = batcher.expired(batch, int(time.time() * 1000))
        if expired:
            failure = Failure("MaximumRecordAgeExceeded", "", batch.tries)
            if not self._give_up(expired, failure, commits, started):
                batch.records = [*expired, *batch.records]
                batcher.postpone(batch, time.monotonic())
                return
        if not batch.records:
            return
        invocation = self._invoke(batch, batcher)
        trigger = self._target.trigger
        verdict = verdict_of(invocation, batch.offsets(), report_failures=trigger.report_failures)
        settlement = batcher.settle(batch, verdict, time.monotonic(), counts=invocation.outcome != "throttled")
        commits.add(settlement.commits)
        if settlement.outcome != "given_up":
            self._tell_batch(batch.records, started, settlement.outcome)
            return
        failure = Failure("RetriesExhausted", invocation.request_id, settlement.tries)
        if not self._give_up(settlement.given_up, failure, commits, started):
            batcher.postpone(Batch(settlement.given_up, settlement.tries - 1), time.monotonic())

    def _invoke(self, batch: Batch, batcher: Batcher) -> Invocation:
        target = self._target
        event = kafka_event(batch.records, self._names.source_arn, target.bootstrap_servers)
        running = asyncio.run_coroutine_threadsafe(target.invoker.invoke(target.function, event), self._loop)
        self._running = running
        try:
            if batcher.room():
                # So that the next fetch is under way while the function runs.
                batcher.add(self._source.read(0, batcher.overfull()), time.monotonic())
        except Exception:
            running.result()  # reading goes on from what is committed, and a batch must not run twice at once
            raise
        return running.result()

    def _give_up(self, records: Sequence[Record], failure: Failure, commits: Commits, started: float) -> bool:
        """Writes records to the on-failure destination, if there is one; they are done only once it has them."""
        topic = self._target.trigger.on_failure_topic
        try:
            if topic is not None:
                for record in records:
                    self._source.produce(topic, record.key, failure_record(record, failure, self._names))
        except KafkaError as error:
            self._say(f"the on-failure topic {topic} cannot be written to, so its records are kept: {error}")
            return False
        commits.add(next_offsets(records))
        self._tell_batch(records, started, "given_up")
        return True

    def _tell_batch(self, records: Sequence[Record], started: float, outcome: BatchOutcome) -> None:
        target = self._target
        self._tell(
            functools.partial(
                target.observer.batch,
                target.function,
                target.trigger.topic,
                partitions=len({record.partition for record in records}),
                records=len(records),
                ms=(time.perf_counter() - started) * 1000,
                outcome=outcome,
            )
        )

    def _tell_lag(self, commits: Commits) -> None:
        now = time.monotonic()
        if now < self._lag_told + self._target.settings.lag_interval:
            return
        self._lag_told = now
        done = {**self._source.positions(), **commits.done}
        lags = {partition: max(0, end - done.get(partition, end)) for partition, end in self._source.ends().items()}
        target = self._target
        self._tell(functools.partial(target.observer.lag, target.function, target.trigger.topic, lags))

    def _tell_reached(self) -> None:
        if not self._reached:
            self._reached = True
            self._say(f"reads {self._target.trigger.topic} again")

    def _tell_lost(self, why: str) -> None:
        if self._reached and not self._stopping.is_set():
            self._reached = False
            self._say(f"cannot read {self._target.trigger.topic} and keeps trying: {why}")

    def _say(self, words: str) -> None:
        observer, function = self._target.observer, self._target.function
        self._tell(functools.partial(observer.log, function, f"event source: {words}"))

    def _tell(self, call: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody listens any more
            self._loop.call_soon_threadsafe(call)
