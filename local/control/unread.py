"""How much waits in the topics that no function reads: where dead letters and given-up records go."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from functions.manifest import KafkaTrigger, Manifest

EVERY_S = 3.0
TIMEOUT_MS = 5_000


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
    """Counts their records in the background, and only while somebody asks."""

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
            self._counts.update(await asyncio.to_thread(self._count))
        except (KafkaError, OSError):  # it is down, which the page shows elsewhere: what was known stays
            return

    def _count(self) -> dict[str, int]:
        consumer = KafkaConsumer(
            bootstrap_servers=self._servers,
            group_id=None,
            request_timeout_ms=TIMEOUT_MS,
            bootstrap_timeout_ms=TIMEOUT_MS,
        )
        try:
            counts = {}
            for topic in self._topics:
                found = consumer.partitions_for_topic(topic) or ()
                partitions = [TopicPartition(topic, partition) for partition in found]
                begins, ends = consumer.beginning_offsets(partitions), consumer.end_offsets(partitions)
                counts[topic] = sum(ends[partition] - begins[partition] for partition in partitions)
            return counts
        finally:
            consumer.close()
