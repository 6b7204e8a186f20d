"""The Kafka client of event sources: what one poller reads with, tuned to come back fast after an outage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.structs import OffsetAndMetadata

from functions.manifest import StartingPosition
from local.event_sources.record import Record
from local.event_sources.settings import EventSourceSettings

EVERYTHING = 1_000_000
REQUEST_TIMEOUT_MS = 5_000
PARTITION_BYTES = 1 << 17
FETCH_BYTES = 1 << 21


class TopicMissing(Exception):  # noqa: N818 - it is a state to wait out, no error of anyone
    """The topic is not there, or not yet."""


class Source(Protocol):
    """Where a poller reads. Not safe for several threads."""

    def open(self) -> None:
        """Connects and finds the positions: the committed ones, else the starting position.

        Raises:
            TopicMissing: there is no such topic.
            KafkaError: Kafka does not answer.
        """

    def read(self, timeout_ms: int, paused: set[int]) -> list[Record]:
        """All that is there, after waiting for it if there is nothing; partitions in `paused` are left alone."""

    def commit(self, offsets: Mapping[int, int]) -> Callable[[], bool | None]:
        """Begins to commit next offsets by partition; the returned function tells None, then how it ended."""

    def commit_now(self, offsets: Mapping[int, int], timeout_ms: int) -> None:
        """Commits and waits for it.

        Raises:
            KafkaError: it did not work out in time.
        """

    def ends(self) -> Mapping[int, int]:
        """The end of each partition, as known from the last read."""

    def positions(self) -> Mapping[int, int]:
        """Where reading started."""

    def produce(self, topic: str, key: bytes | None, value: bytes) -> None:
        """Writes a record and waits until all replicas have it.

        Raises:
            KafkaError: it did not work out.
        """

    def close(self) -> None:
        """Ends all connections."""


class KafkaSource:
    """One poller's share of a topic's partitions, read under the name of a group but assigned by hand.

    Assigning by hand spares the group's rejoining, which takes up to a minute after a reader was killed; committing
    under the group's name keeps positions where every Kafka tool looks for them.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        *,
        topic: str,
        group: str,
        starting_position: StartingPosition,
        share: tuple[int, int],
        settings: EventSourceSettings,
    ) -> None:
        self._servers = bootstrap_servers.split(",")
        self._topic = topic
        self._group = group
        self._starting_position = starting_position
        self._share = share
        self._settings = settings
        self._consumer: KafkaConsumer | None = None
        self._producer: KafkaProducer | None = None
        self._partitions: dict[int, TopicPartition] = {}
        self._started_at: dict[int, int] = {}
        self._paused: set[int] = set()

    def open(self) -> None:
        """See `Source`."""
        consumer = self._consumer = KafkaConsumer(
            bootstrap_servers=self._servers,
            group_id=self._group,
            client_id=f"{self._group}-{self._share[0]}",
            enable_auto_commit=False,
            # Where Kafka has lost what was committed, both starting positions read from its start: nothing is skipped.
            auto_offset_reset="earliest",
            fetch_min_bytes=1,
            fetch_max_wait_ms=self._settings.fetch_wait_ms,
            max_poll_records=EVERYTHING,
            # Records are decoded in Python, with the interpreter's lock: small helpings keep the event loop responsive.
            max_partition_fetch_bytes=PARTITION_BYTES,
            fetch_max_bytes=FETCH_BYTES,
            # The checksum is computed in pure Python here, and TCP on one machine has its own.
            check_crcs=False,
            metrics_enabled=False,
            allow_auto_create_topics=False,
            reconnect_backoff_ms=50,
            reconnect_backoff_max_ms=500,
            retry_backoff_ms=50,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            bootstrap_timeout_ms=REQUEST_TIMEOUT_MS,
        )
        index, count = self._share
        known = consumer.partitions_for_topic(self._topic)
        if not known:
            raise TopicMissing(self._topic)
        mine = sorted(known)[index::count]
        self._partitions = {partition: TopicPartition(self._topic, partition) for partition in mine}
        self._paused = set()
        if not mine:
            return
        consumer.assign(list(self._partitions.values()))
        self._find_positions(consumer)

    def read(self, timeout_ms: int, paused: set[int]) -> list[Record]:
        """See `Source`."""
        consumer = self._opened()
        self._pause(consumer, paused)
        found = consumer.poll(timeout_ms=timeout_ms, max_records=EVERYTHING)
        return [_record(record) for records in found.values() for record in records]

    def commit(self, offsets: Mapping[int, int]) -> Callable[[], bool | None]:
        """See `Source`."""
        future = self._opened().commit_async(self._by_partition(offsets), callback=_ignore)
        return lambda: bool(future.succeeded()) if future.is_done else None

    def commit_now(self, offsets: Mapping[int, int], timeout_ms: int) -> None:
        """See `Source`."""
        self._opened().commit(self._by_partition(offsets), timeout_ms=timeout_ms)

    def ends(self) -> Mapping[int, int]:
        """See `Source`."""
        consumer = self._opened()
        ends = {partition: consumer.highwater(place) for partition, place in self._partitions.items()}
        return {partition: end for partition, end in ends.items() if end is not None}

    def positions(self) -> Mapping[int, int]:
        """See `Source`."""
        return self._started_at

    def produce(self, topic: str, key: bytes | None, value: bytes) -> None:
        """See `Source`."""
        if self._producer is None:
            self._producer = KafkaProducer(
                bootstrap_servers=self._servers,
                acks="all",
                max_block_ms=REQUEST_TIMEOUT_MS,
                request_timeout_ms=REQUEST_TIMEOUT_MS,
                delivery_timeout_ms=2 * REQUEST_TIMEOUT_MS,
            )
        self._producer.send(topic, value=value, key=key).get(timeout=2 * REQUEST_TIMEOUT_MS / 1000)

    def close(self) -> None:
        """See `Source`."""
        consumer, self._consumer = self._consumer, None
        producer, self._producer = self._producer, None
        if consumer is not None:
            consumer.close(autocommit=False, timeout_ms=1000)
        if producer is not None:
            producer.close(timeout=1)

    def _opened(self) -> KafkaConsumer:
        if self._consumer is None:
            raise RuntimeError("the source is not open")
        return self._consumer

    def _find_positions(self, consumer: KafkaConsumer) -> None:
        """Fixes where each partition starts, so that what is sent while nothing was committed yet is never skipped."""
        places = list(self._partitions.values())
        fresh = [place for place in places if consumer.committed(place, timeout_ms=REQUEST_TIMEOUT_MS) is None]
        if self._starting_position == "LATEST" and fresh:
            consumer.seek_to_end(*fresh)
        self._started_at = {}
        for partition, place in self._partitions.items():
            position = consumer.position(place, timeout_ms=REQUEST_TIMEOUT_MS)
            if position is not None:
                self._started_at[partition] = position
        if fresh:
            begun = {place.partition for place in fresh}
            offsets = {partition: offset for partition, offset in self._started_at.items() if partition in begun}
            self.commit_now(offsets, REQUEST_TIMEOUT_MS)

    def _pause(self, consumer: KafkaConsumer, paused: set[int]) -> None:
        if paused == self._paused:
            return
        consumer.resume(*self._places(self._paused - paused))
        consumer.pause(*self._places(paused - self._paused))
        self._paused = set(paused)

    def _places(self, partitions: Iterable[int]) -> list[TopicPartition]:
        return [self._partitions[partition] for partition in partitions]

    def _by_partition(self, offsets: Mapping[int, int]) -> dict[TopicPartition, OffsetAndMetadata]:
        return {self._partitions[partition]: OffsetAndMetadata(offset, "", -1) for partition, offset in offsets.items()}


def _record(found: Any) -> Record:
    return Record(
        found.topic,
        found.partition,
        found.offset,
        found.timestamp,
        found.timestamp_type,
        found.key,
        found.value,
        found.headers,
    )


def _ignore(_offsets: object, _result: object) -> None:
    """A commit's end is seen in its future; the client would log a warning otherwise."""
