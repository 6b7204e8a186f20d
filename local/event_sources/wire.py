"""The few requests of Kafka's protocol that reading a topic takes, in the oldest versions that Kafka 4 knows.

The twin reads Kafka on its own event loop: a client with threads of its own costs some milliseconds of hand-over a
batch, which is more than everything else that the twin does for it. Source: Apache Kafka protocol guide.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")

FETCH, LIST_OFFSETS, METADATA, OFFSET_COMMIT, OFFSET_FETCH, FIND_COORDINATOR = 1, 2, 3, 8, 9, 10
SASL_HANDSHAKE, SASL_AUTHENTICATE = 17, 36

EARLIEST, LATEST = -2, -1

NO_ERROR, OFFSET_OUT_OF_RANGE, UNKNOWN_TOPIC = 0, 1, 3

_HEAD = struct.Struct(">hhi")
_FETCH = struct.Struct(">iiiib")
_FETCH_PARTITION = struct.Struct(">iqi")
_FETCHED_PARTITION = struct.Struct(">ihqq")
_OFFSET = struct.Struct(">iq")


class KafkaError(Exception):
    """Kafka cannot be reached, or answered with an error."""


class Reader:
    """Reads the protocol's primitive types from an answer."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at

    def take(self, kind: struct.Struct) -> tuple[int, ...]:
        """Several numbers at once."""
        values = kind.unpack_from(self.data, self.at)
        self.at += kind.size
        return values

    def number(self, size: int) -> int:
        """A signed number of so many bytes."""
        value = int.from_bytes(self.data[self.at : self.at + size], "big", signed=True)
        self.at += size
        return value

    def text(self) -> str | None:
        """A nullable string."""
        length = self.number(2)
        if length < 0:
            return None
        self.at += length
        return self.data[self.at - length : self.at].decode("utf-8")

    def blob(self) -> bytes:
        """Nullable bytes, None as empty ones."""
        length = max(0, self.number(4))
        self.at += length
        return self.data[self.at - length : self.at]

    def array(self, item: Callable[[], Item]) -> list[Item]:
        """A nullable array, None as an empty one."""
        return [item() for _ in range(max(0, self.number(4)))]


@dataclass(frozen=True, slots=True)
class Broker:
    """Where a node of the cluster listens."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Topology:
    """The nodes, and which leads each partition of one topic; `error` is the topic's."""

    brokers: Mapping[int, Broker]
    leaders: Mapping[int, int]
    error: int


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of one partition: its error, its end, and raw record batches."""

    partition: int
    error: int
    end: int
    records: memoryview


def text(value: str) -> bytes:
    """A string as the protocol has it."""
    encoded = value.encode("utf-8")
    return len(encoded).to_bytes(2, "big") + encoded


def blob(value: bytes) -> bytes:
    """Bytes as the protocol has them."""
    return len(value).to_bytes(4, "big") + value


def request(api: int, version: int, correlation: int, client: bytes, body: bytes) -> bytes:
    """A whole request with its length before it; `client` is encoded by `text`."""
    head = _HEAD.pack(api, version, correlation)
    return (len(head) + len(client) + len(body)).to_bytes(4, "big") + head + client + body


def metadata_request(topic: str) -> bytes:
    """Version 4, which does not create the topic."""
    return (1).to_bytes(4, "big") + text(topic) + b"\0"


def metadata_answer(data: bytes) -> Topology:
    """Reads the answer to `metadata_request`."""
    reader = Reader(data, 4)  # after the throttle time
    number, name = reader.number, reader.text

    def broker() -> tuple[int, Broker]:
        node, host, port = number(4), name(), number(4)
        name()  # rack
        return node, Broker(host or "", port)

    def partition() -> tuple[int, int]:
        number(2)
        index, leader = number(4), number(4)
        for _ in range(2):  # replicas, and those in sync
            reader.array(lambda: number(4))
        return index, leader

    def topic() -> tuple[int, dict[int, int]]:
        error = number(2)
        name()
        number(1)
        return error, dict(reader.array(partition))

    brokers = dict(reader.array(broker))
    name()  # cluster
    number(4)  # controller
    error, leaders = reader.array(topic)[0]
    return Topology(brokers, leaders, error)


def coordinator_request(group: str) -> bytes:
    """Version 1."""
    return text(group) + b"\0"


def coordinator_answer(data: bytes) -> Broker:
    """Reads the answer to `coordinator_request`.

    Raises:
        KafkaError: there is no coordinator now.
    """
    reader = Reader(data, 4)
    error = reader.number(2)
    reader.text()
    reader.number(4)
    host, port = reader.text(), reader.number(4)
    check(error, "finding the group's coordinator")
    return Broker(host or "", port)


def committed_request(group: str, topic: str, partitions: Iterable[int]) -> bytes:
    """OffsetFetch, version 1."""
    wanted = [partition.to_bytes(4, "big") for partition in partitions]
    return text(group) + _one_topic(topic, wanted)


def committed_answer(data: bytes) -> dict[int, int]:
    """The committed next offset of each partition that has one."""
    reader = Reader(data)
    committed: dict[int, int] = {}

    def partition() -> None:
        index, offset = reader.take(_OFFSET)
        reader.text()
        check(reader.number(2), "reading the group's offsets")
        if offset >= 0:
            committed[index] = offset

    reader.array(lambda: (reader.text(), reader.array(partition)))
    return committed


def commit_request(group: str, topic: str, offsets: Mapping[int, int]) -> bytes:
    """OffsetCommit, version 2, as a member of no generation: of a group whose members assign partitions themselves."""
    places = [_OFFSET.pack(partition, offset) + b"\xff\xff" for partition, offset in offsets.items()]
    nobody = (-1).to_bytes(4, "big", signed=True) + text("") + (-1).to_bytes(8, "big", signed=True)
    return text(group) + nobody + _one_topic(topic, places)


def commit_answer(data: bytes) -> None:
    """Checks the answer to `commit_request`.

    Raises:
        KafkaError: something was not committed.
    """
    reader = Reader(data)

    def partition() -> None:
        reader.number(4)
        check(reader.number(2), "committing offsets")

    reader.array(lambda: (reader.text(), reader.array(partition)))


def ends_request(topic: str, partitions: Iterable[int], which: int) -> bytes:
    """ListOffsets, version 1, for the `EARLIEST` or `LATEST` offsets."""
    wanted = [_OFFSET.pack(partition, which) for partition in partitions]
    return (-1).to_bytes(4, "big", signed=True) + _one_topic(topic, wanted)


def ends_answer(data: bytes) -> dict[int, int]:
    """The offset of each partition."""
    reader = Reader(data)
    found: dict[int, int] = {}

    def partition() -> None:
        index = reader.number(4)
        check(reader.number(2), "finding where the topic starts or ends")
        reader.number(8)
        found[index] = reader.number(8)

    reader.array(lambda: (reader.text(), reader.array(partition)))
    return found


def fetch_request(
    topic: str, offsets: Mapping[int, int], *, wait_ms: int, most_bytes: int, most_partition_bytes: int
) -> bytes:
    """Fetch, version 4: whatever there is at once, or the first that comes within the wait."""
    places = [_FETCH_PARTITION.pack(partition, offset, most_partition_bytes) for partition, offset in offsets.items()]
    return _FETCH.pack(-1, wait_ms, 1, most_bytes, 0) + _one_topic(topic, places)


def fetch_answer(data: bytes) -> list[Fetched]:
    """Reads the answer to `fetch_request`; records stay in `data`."""
    reader = Reader(data, 4)
    view = memoryview(data)

    def partition() -> Fetched:
        index, error, end, _ = reader.take(_FETCHED_PARTITION)
        aborted = reader.number(4)
        reader.at += 16 * max(0, aborted)
        size = max(0, reader.number(4))
        reader.at += size
        return Fetched(index, error, end, view[reader.at - size : reader.at])

    topics = reader.array(lambda: (reader.text(), reader.array(partition)))
    return [fetched for _, partitions in topics for fetched in partitions]


def check(error: int, doing: str) -> None:
    """Raises `KafkaError` unless an error code is that of success."""
    if error != NO_ERROR:
        raise KafkaError(f"{doing} failed with Kafka's error {error}")


def _one_topic(topic: str, partitions: list[bytes]) -> bytes:
    return (1).to_bytes(4, "big") + text(topic) + len(partitions).to_bytes(4, "big") + b"".join(partitions)
