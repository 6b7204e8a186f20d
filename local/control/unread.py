"""How much waits in the topics that no function reads: where dead letters and given-up records go."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from functions.manifest import KafkaTrigger, Manifest
from local.event_sources import wire
from local.event_sources.connection import connect
from local.event_sources.wire import Broker, KafkaError

EVERY_S = 3.0
TIMEOUT_S = 5.0


def unread_topics(manifest: Manifest) -> list[str]:
    """The topics that are written to and have no event source."""
    read = {
        trigger.topic
        for function in manifest.functions.values()
        for trigger in function.triggers
        if isinstance(trigger, KafkaTrigger)
    }
    return sorted(set(manifest.topics) - read)


class UnreadCounts:
    """Counts their records in the background, and only while somebody asks; of one broker, which leads them all."""

    def __init__(self, bootstrap_servers: str, topics: Sequence[str]) -> None:
        self._servers = bootstrap_servers
        self._topics = topics
        self._counts: dict[str, int | None] = dict.fromkeys(topics)
        self._asked_at = 0.0
        self._task: asyncio.Task[None] | None = None

    def latest(self) -> dict[str, int | None]:
        """The records of each topic, as of the last look (None: not yet known); may start another look."""
        now = time.monotonic()
        if self._topics and now >= self._asked_at + EVERY_S and (self._task is None or self._task.done()):
            self._asked_at = now
            self._task = asyncio.get_running_loop().create_task(self._look())
        return dict(self._counts)

    async def stop(self) -> None:
        """Waits until nothing is under way."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _look(self) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._count()
        except (KafkaError, OSError):  # a timeout is one, too; that Kafka is down is shown elsewhere
            return

    async def _count(self) -> None:
        host, _, port = self._servers.partition(",")[0].rpartition(":")
        connection = await connect(Broker(host, int(port)), "twin-unread")
        try:
            for topic in self._topics:
                found = wire.metadata_answer(await connection.send(wire.METADATA, 4, wire.metadata_request(topic)))
                wire.check(found.error, f"looking for the topic {topic}")
                begins, ends = [
                    wire.ends_answer(
                        await connection.send(wire.LIST_OFFSETS, 1, wire.ends_request(topic, found.leaders, which))
                    )
                    for which in (wire.EARLIEST, wire.LATEST)
                ]
                self._counts[topic] = sum(ends[partition] - begins[partition] for partition in ends)
        finally:
            connection.close()
