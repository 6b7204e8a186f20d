"""Who reads which partitions: the workers are members of one consumer group, and Kafka's coordinator spreads them.

The group is for membership alone. kafka-python joins it, keeps it alive and reads nothing; the twin's own pollers read
what it is given, and commit under the functions' names as they do without replicas. So a worker that ends hands its
partitions over at once, and those of one that was killed go to the others when its session is over. One that was only
paused for longer may go on with a batch that is another's by then: records come at least once, as they do in AWS.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Collection, Coroutine, Mapping
from typing import Any

from kafka import KafkaConsumer
from kafka.consumer.subscription_state import ConsumerRebalanceListener
from kafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from kafka.errors import KafkaError

from local.event_sources import Security
from local.observer import Observer

POLL_MS = 300
RECONNECT_S = 1.0
CLOSE_MS = 3_000
REBALANCE_MS = 60_000

Partitions = Mapping[str, frozenset[int]]


class Ownership:
    """Membership of one worker, from `start` to `stop`, on a thread of its own.

    Args:
        bootstrap_servers, security: Kafka.
        group: one for all workers of a manifest.
        topics: those that are read.
        session_s: after how long without a sign of life Kafka takes a member for dead.
        take: is awaited on the event loop with the partitions that are this worker's from now on.
        leave: is awaited before they become somebody else's; what it does not end, others do again.
        observer: is told of outages.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        security: Security,
        *,
        group: str,
        topics: Collection[str],
        session_s: int,
        take: Callable[[Partitions], Coroutine[Any, Any, None]],
        leave: Callable[[], Coroutine[Any, Any, None]],
        observer: Observer,
    ) -> None:
        self._settings = {
            "bootstrap_servers": bootstrap_servers.split(","),
            "group_id": group,
            "enable_auto_commit": False,
            "session_timeout_ms": session_s * 1000,
            "heartbeat_interval_ms": session_s * 300,
            "max_poll_interval_ms": max(REBALANCE_MS, session_s * 1000),
            "partition_assignment_strategy": [StickyPartitionAssignor],
            "metrics_enabled": False,
            **security.client_settings,
        }
        self._topics = sorted(topics)
        self._take, self._leave = take, leave
        self._observer = observer
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    async def start(self) -> None:
        """Joins the group in the background."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="ownership", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Leaves the group, after `leave`: the others have the partitions right away."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stopping.set()
            await asyncio.to_thread(thread.join)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._be_member()
            except KafkaError as error:
                self._loop.call_soon_threadsafe(
                    self._observer.log, "ownership", f"Kafka cannot be reached and is tried again: {error!r}"
                )
                self._await(self._leave())
                self._stopping.wait(RECONNECT_S)

    def _be_member(self) -> None:
        consumer = KafkaConsumer(**self._settings)
        try:
            consumer.subscribe(self._topics, listener=_Listener(consumer, self))
            while not self._stopping.is_set():
                consumer.poll(timeout_ms=POLL_MS, max_records=1)
            self._await(self._leave())
        finally:
            with contextlib.suppress(KafkaError):
                consumer.close(autocommit=False, timeout_ms=CLOSE_MS)

    def given(self, partitions: Collection[Any]) -> None:
        """The coordinator has spoken: called on the thread."""
        owned: dict[str, set[int]] = {}
        for place in partitions:
            owned.setdefault(place.topic, set()).add(place.partition)
        self._await(self._take({topic: frozenset(found) for topic, found in owned.items()}))

    def taken(self) -> None:
        """Members come or go, and everything is spread anew: called on the thread."""
        self._await(self._leave())

    def _await(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc] # kafka-python ships no types
    def __init__(self, consumer: KafkaConsumer, ownership: Ownership) -> None:
        self._consumer = consumer
        self._ownership = ownership

    def on_partitions_assigned(self, assigned: Collection[Any]) -> None:
        if assigned:
            self._consumer.pause(*assigned)
        self._ownership.given(assigned)

    def on_partitions_revoked(self, revoked: Collection[Any]) -> None:  # noqa: ARG002 - all of them are, at each change
        self._ownership.taken()

    def on_partitions_lost(self, lost: Collection[Any]) -> None:  # noqa: ARG002 - as above
        self._ownership.taken()
