"""The Kafka event source: hands the records of one topic to one function, as Lambda's event source mapping does."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from functions.manifest import KafkaTrigger
from local.event_sources.client import KafkaSource
from local.event_sources.poller import Poller, Target
from local.event_sources.settings import EventSourceSettings, Invoker
from local.interference import Interference, NoInterference
from local.observer import Observer


class KafkaEventSource:
    """One event source mapping.

    Records are handed over at least once, each partition's in order; offsets are committed, under the function's name
    as the group, after they were processed. Kafka may come and go: reading resumes where it was.

    Args:
        function: the function's name; also the name of the consumer group.
        trigger: topic, batching and what to do about failures.
        runtime: runs the function.
        bootstrap_servers: Kafka's `host:port`, several with commas between.
        observer: is told of batches, lag and outages.
        settings: see `EventSourceSettings`.
        partitions: those that it reads, where other processes read the rest; by default all.
        interference: decides what goes wrong on purpose.
    """

    def __init__(
        self,
        function: str,
        trigger: KafkaTrigger,
        runtime: Invoker,
        bootstrap_servers: str,
        observer: Observer,
        *,
        settings: EventSourceSettings | None = None,
        partitions: Collection[int] | None = None,
        interference: Interference | None = None,
    ) -> None:
        self._partitions = partitions
        self._settings = settings or EventSourceSettings()
        self._target = Target(
            function, trigger, bootstrap_servers, runtime, observer, self._settings, interference or NoInterference()
        )
        self._pollers: list[Poller] = []

    async def start(self) -> None:
        """Starts reading; does not wait for Kafka."""
        count = self._settings.concurrency
        for index in range(count):
            source = KafkaSource(
                self._target.bootstrap_servers,
                topic=self._target.trigger.topic,
                group=self._target.function,
                starting_position=self._target.trigger.starting_position,
                share=(index, count),
                settings=self._settings,
                partitions=self._partitions,
            )
            poller = Poller(self._target, source)
            self._pollers.append(poller)
            poller.start()

    async def stop(self) -> None:
        """Ends reading after the batches that are running, or when the grace is over without them."""
        await asyncio.gather(*(poller.stop() for poller in self._pollers))
        self._pollers.clear()
