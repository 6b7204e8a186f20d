"""Writing records: once each as far as it can be told, and in order within a partition."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from parley.streams.kafka.batches import Batch, ProducerId, make_batch
from parley.streams.kafka.cluster import Address, Cluster
from parley.streams.kafka.connection import BrokerConnection
from parley.streams.kafka.errors import DUPLICATE_SEQUENCE, BrokerError, KafkaError
from parley.streams.kafka.partitioning import partition_of
from parley.streams.kafka.wire import Reader, byte_string, int16, int32, string

PRODUCE: Final = (0, 7)
INIT_PRODUCER_ID: Final = (22, 1)

_ALL_IN_SYNC_REPLICAS: Final = -1
_MAX_BATCH_BYTES: Final = 900_000  # brokers take 1 MiB unless told otherwise
_RECORD_OVERHEAD_BYTES: Final = 32
_ATTEMPT_S: Final = 1.5
_PAUSE_S: Final = 0.05
_NEW_TOPIC_S: Final = 0.5
_SEQUENCES: Final = 2**31

Partition = tuple[str, int]
Failures = dict[Partition, KafkaError]


@dataclass(frozen=True, slots=True)
class KeyedValue:
    """A record on its way out."""

    topic: str
    key: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class _Pending:
    """A batch that is still to be written, with the places of its records in the call."""

    batch: Batch
    places: Sequence[int]


Queues = dict[Partition, deque[_Pending]]


class Producer:
    """Writes records and waits for all in-sync replicas. For one thread at a time.

    A batch that got no answer is sent again under the same number, and a broker writes a number once. A call that ends
    with batches in doubt leaves that numbering behind, so nothing of it can come back in a later call.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._id: ProducerId | None = None
        self._sequences: dict[Partition, int] = {}

    def write(self, records: Sequence[KeyedValue], deadline: float) -> list[KafkaError | None]:
        """Writes the records, those of one key in their order, and none of a key after one of it that failed.

        Args:
            records: of any topics.
            deadline: by `time.monotonic()`; the call ends then whatever has come of it.

        Returns:
            For each record None when it is durable, or why it may not be.
        """
        outcomes: list[KafkaError | None] = [None] * len(records)
        try:
            self._locate({record.topic for record in records}, deadline)
        except KafkaError as error:
            return [error] * len(records)
        queues = self._queue(records, outcomes)
        while queues:
            failures = self._write_heads(queues, deadline)
            for partition, failure in failures.items():
                if _is_lasting(failure):
                    _give_up(queues.pop(partition), outcomes, failure)
            queues = {partition: queue for partition, queue in queues.items() if queue}
            if queues and failures and not self._recover(failures, deadline):
                self._id = None
                for partition, queue in queues.items():
                    _give_up(queue, outcomes, failures.get(partition) or KafkaError("no time is left"))
                break
        return outcomes

    def _locate(self, topics: set[str], deadline: float) -> None:
        """Learns where the topics are, with some patience for one that was created just now.

        Raises:
            KafkaError: no broker answers, and a topic's place is not known from before.
        """
        patient_until = min(deadline, time.monotonic() + _NEW_TOPIC_S)
        while True:
            known = all(self._cluster.partition_count(topic) for topic in topics)
            if known and self._cluster.is_recent:
                return
            try:
                self._cluster.refresh(topics, deadline)
            except KafkaError:
                if known:
                    return
                if not _pause(deadline):
                    raise
            else:
                if not all(self._cluster.partition_count(topic) for topic in topics) and not _pause(patient_until):
                    return

    def _queue(self, records: Sequence[KeyedValue], outcomes: list[KafkaError | None]) -> Queues:
        places: defaultdict[Partition, list[int]] = defaultdict(list)
        for place, record in enumerate(records):
            count = self._cluster.partition_count(record.topic)
            if count is None:
                outcomes[place] = KafkaError("there is no such topic")
            else:
                places[record.topic, partition_of(record.key, count)].append(place)
        return {partition: _split(records, where) for partition, where in places.items()}

    def _write_heads(self, queues: Queues, deadline: float) -> Failures:
        """Sends each partition's first batch to its leader. What was written leaves its queue; the rest is told."""
        until = min(deadline, time.monotonic() + _ATTEMPT_S)
        try:
            producer = self._producer_id(until)
        except KafkaError as error:
            return dict.fromkeys(queues, error)
        failures: Failures = {}
        by_leader: defaultdict[Address, list[Partition]] = defaultdict(list)
        for partition in queues:
            leader = self._cluster.leader_of(*partition)
            if leader is None:
                failures[partition] = KafkaError("the partition has no leader")
            else:
                by_leader[leader].append(partition)
        # All leaders work at the same time: every request is out before the first answer is waited for.
        waiting: list[tuple[Address, BrokerConnection, int]] = []
        for leader, partitions in by_leader.items():
            try:
                connection = self._cluster.connection(leader, until)
                body = self._encode(
                    producer, {partition: queues[partition][0].batch for partition in partitions}, until
                )
                waiting.append((leader, connection, connection.send(PRODUCE, body, until)))
            except KafkaError as error:
                failures |= self._lose(leader, partitions, error)
        for leader, connection, number in waiting:
            try:
                codes = dict(_read_codes(connection.receive(number, until)))
            except KafkaError as error:
                failures |= self._lose(leader, by_leader[leader], error)
            else:
                failures |= self._settle(by_leader[leader], codes, queues)
        return failures

    def _settle(self, partitions: Sequence[Partition], codes: Mapping[Partition, int], queues: Queues) -> Failures:
        failures: Failures = {}
        for partition in partitions:
            code = codes.get(partition)
            if code is None:
                failures[partition] = KafkaError("the broker said nothing of the partition")
            elif code in {0, DUPLICATE_SEQUENCE}:
                written = queues[partition].popleft().batch
                self._sequences[partition] = (self._sequences.get(partition, 0) + written.count) % _SEQUENCES
            else:
                failures[partition] = BrokerError(code)
        return failures

    def _lose(self, leader: Address, partitions: Iterable[Partition], error: KafkaError) -> Failures:
        self._cluster.drop(leader)
        return dict.fromkeys(partitions, error)

    def _recover(self, failures: Failures, deadline: float) -> bool:
        """Gets ready for another round; False when there is no time for one."""
        if any(isinstance(error, BrokerError) and error.needs_another_id for error in failures.values()):
            self._id = None
        if not _pause(deadline):
            return False
        try:
            self._cluster.refresh({topic for topic, _ in failures}, deadline)
        except KafkaError:
            return time.monotonic() < deadline
        return True

    def _encode(self, producer: ProducerId, batches: Mapping[Partition, Batch], until: float) -> bytes:
        by_topic: defaultdict[str, list[bytes]] = defaultdict(list)
        for (topic, number), batch in batches.items():
            data = batch.encode(producer, self._sequences.get((topic, number), 0))
            by_topic[topic].append(int32(number) + byte_string(data))
        timeout_ms = max(1, int((until - time.monotonic()) * 1000))
        head = string(None) + int16(_ALL_IN_SYNC_REPLICAS) + int32(timeout_ms) + int32(len(by_topic))
        topics = (string(topic) + int32(len(parts)) + b"".join(parts) for topic, parts in by_topic.items())
        return head + b"".join(topics)

    def _producer_id(self, until: float) -> ProducerId:
        if self._id is None:
            answer = self._cluster.ask_any(INIT_PRODUCER_ID, string(None) + int32(0), until)
            answer.int32()  # throttling
            code = answer.int16()
            if code:
                raise BrokerError(code)
            self._id = ProducerId(answer.int64(), answer.int16())
            self._sequences.clear()
        return self._id


def _split(records: Sequence[KeyedValue], places: Sequence[int]) -> deque[_Pending]:
    """One partition's records in batches of a size that brokers take."""
    groups: list[list[int]] = []
    room = 0
    for place in places:
        size = len(records[place].key) + len(records[place].value) + _RECORD_OVERHEAD_BYTES
        if not groups or size > room:
            groups.append([])
            room = _MAX_BATCH_BYTES
        groups[-1].append(place)
        room -= size
    return deque(
        _Pending(make_batch([(records[place].key, records[place].value) for place in group]), group) for group in groups
    )


def _is_lasting(error: KafkaError) -> bool:
    return isinstance(error, BrokerError) and not (error.is_passing or error.needs_another_id)


def _give_up(queue: Iterable[_Pending], outcomes: list[KafkaError | None], error: KafkaError) -> None:
    for pending in queue:
        for place in pending.places:
            outcomes[place] = error


def _read_codes(answer: Reader) -> Iterable[tuple[Partition, int]]:
    for _ in answer.count():
        topic = answer.string() or ""
        for _ in answer.count():
            number, code = answer.int32(), answer.int16()
            answer.int64()  # the first record's offset
            answer.int64()  # when it was appended
            answer.int64()  # where the log begins
            yield (topic, number), code


def _pause(deadline: float) -> bool:
    """Waits a little before another try; False, at once, when that would leave no time for one."""
    if time.monotonic() + _PAUSE_S >= deadline:
        return False
    time.sleep(_PAUSE_S)
    return True
