"""Where partitions are, and the connections to the brokers that lead them."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from parley.streams.kafka.connection import BrokerConnection, Connect
from parley.streams.kafka.errors import KafkaError
from parley.streams.kafka.wire import Reader, int32, string

METADATA: Final = (3, 5)
_MAX_AGE_S: Final = 300.0
_ONE_BROKER_S: Final = 1.0

Address = tuple[str, int]


@dataclass(slots=True)
class _Topic:
    """The leaders of a topic's partitions, those that have one; `count` counts them all."""

    count: int = 0
    leaders: dict[int, int] = field(default_factory=dict)


class Cluster:
    """What is known of a cluster. Nothing is asked before it is needed.

    Args:
        bootstrap_servers: `host:port` of some brokers.
        connect: opens a connection.

    Raises:
        ValueError: an address has no port.
    """

    def __init__(self, bootstrap_servers: Sequence[str], connect: Connect) -> None:
        self._bootstrap = [_parse_address(server) for server in bootstrap_servers]
        self._connect = connect
        self._brokers: dict[int, Address] = {}
        self._topics: dict[str, _Topic] = {}
        self._asked_at = 0.0
        self._connections: dict[Address, BrokerConnection] = {}

    def partition_count(self, topic: str) -> int | None:
        """How many partitions a topic has, or None while it is not known."""
        known = self._topics.get(topic)
        return known.count if known is not None and known.count else None

    def leader_of(self, topic: str, partition: int) -> Address | None:
        """Who leads a partition, or None while nobody is known to."""
        known = self._topics.get(topic)
        leader = None if known is None else known.leaders.get(partition)
        return None if leader is None else self._brokers.get(leader)

    @property
    def is_recent(self) -> bool:
        """Whether what is known was heard not long ago."""
        return abs(time.time() - self._asked_at) < _MAX_AGE_S

    def ping(self, deadline: float) -> None:
        """Returns when a broker answered. Raises KafkaError when none did in time."""
        self.ask_any(METADATA, int32(0) + b"\0", deadline)

    def refresh(self, topics: Iterable[str], deadline: float) -> None:
        """Asks whichever broker answers where these topics' partitions are.

        Raises:
            KafkaError: none answers in time.
        """
        wanted = sorted({*topics, *self._topics})
        body = int32(len(wanted)) + b"".join(map(string, wanted)) + b"\0"  # topics that are not there stay so
        answer = self.ask_any(METADATA, body, deadline)
        answer.int32()  # throttling
        self._brokers = dict(_read_brokers(answer))
        answer.string()  # the cluster's id
        answer.int32()  # the controller
        self._topics = dict(_read_topics(answer))
        self._asked_at = time.time()

    def connection(self, address: Address, deadline: float) -> BrokerConnection:
        """An open connection to a broker, kept from before if it is still good."""
        kept = self._connections.get(address)
        if kept is not None and kept.is_fresh:
            return kept
        self.drop(address)
        opened = self._connections[address] = self._connect(*address, deadline)
        return opened

    def drop(self, address: Address) -> None:
        """Ends a connection that is of no more use."""
        kept = self._connections.pop(address, None)
        if kept is not None:
            kept.close()

    def close(self) -> None:
        """Ends all connections."""
        for address in list(self._connections):
            self.drop(address)

    def ask_any(self, api: tuple[int, int], body: bytes, deadline: float) -> Reader:
        """Puts a request that any broker can answer.

        Raises:
            KafkaError: none answers in time.
        """
        error = KafkaError("no broker is known")
        for address in self._by_likelihood():
            try:
                until = min(deadline, time.monotonic() + _ONE_BROKER_S)
                return self.connection(address, until).ask(api, body, until)
            except KafkaError as failure:
                error = failure
                self.drop(address)
        raise error

    def _by_likelihood(self) -> list[Address]:
        """Brokers that we are connected to, then the others, then those that we were told of at the beginning."""
        others = list(self._brokers.values())
        first = list(self._bootstrap)
        random.shuffle(others)
        random.shuffle(first)
        return list(dict.fromkeys([*self._connections, *others, *first]))


def _parse_address(server: str) -> Address:
    host, _, port = server.strip().rpartition(":")
    if not host or not port.isdigit():
        raise ValueError("a broker's address must look like host:port")
    return host, int(port)


def _read_brokers(answer: Reader) -> Iterable[tuple[int, Address]]:
    for _ in answer.count():
        number, host, port = answer.int32(), answer.string() or "", answer.int32()
        answer.string()  # its rack
        yield number, (host, port)


def _read_topics(answer: Reader) -> Iterable[tuple[str, _Topic]]:
    for _ in answer.count():
        answer.int16()  # an error, where the topic has no partitions
        name = answer.string() or ""
        answer.boolean()  # whether it is Kafka's own
        topic = _Topic()
        for _ in answer.count():
            answer.int16()  # an error, where the partition has no leader
            partition, leader = answer.int32(), answer.int32()
            for _ in ("replicas", "in-sync replicas", "offline replicas"):
                answer.skip_int32s()
            topic.count += 1
            if leader >= 0:
                topic.leaders[partition] = leader
        yield name, topic
