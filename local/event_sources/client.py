"""Where a poller reads: its share of a topic's partitions, on the twin's own event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from kafka import KafkaProducer
from kafka.errors import KafkaError as ProducerError

from functions.manifest import StartingPosition
from local.event_sources import wire
from local.event_sources.connection import Connection, connect
from local.event_sources.record import Record
from local.event_sources.record_batches import decode_batches
from local.event_sources.settings import EventSourceSettings
from local.event_sources.wire import Broker, KafkaError

TIMEOUT = 5.0
PARTITION_BYTES = 1 << 17
FETCH_BYTES = 1 << 20
"""Records are decoded in Python: small helpings keep the event loop responsive while there is a backlog."""


class Source(Protocol):
    """Where a poller reads."""

    async def open(self) -> None:
        """Connects and finds the positions: the committed ones, else the starting position.

        Raises:
            KafkaError, OSError, TimeoutError: Kafka does not answer, or there is no such topic.
        """

    async def read(self, patience: float, paused: set[int]) -> list[Record]:
        """All that is there, after waiting for it up to `patience` seconds; partitions in `paused` are left alone.

        Raises:
            KafkaError: the connection is lost, or Kafka has answered nothing for too long.
        """

    def ready(self, paused: set[int]) -> list[Record]:
        """What has come in the meantime, without waiting; raises as `read` does."""

    def commit(self, offsets: Mapping[int, int]) -> asyncio.Future[None]:
        """Begins to commit next offsets by partition; the future fails with `KafkaError` if that does not work out."""

    def ends(self) -> Mapping[int, int]:
        """The end of each partition, as known from the last read."""

    def positions(self) -> Mapping[int, int]:
        """Where reading started."""

    async def produce(self, topic: str, key: bytes | None, value: bytes) -> None:
        """Writes a record and waits until all replicas have it.

        Raises:
            KafkaError: it did not work out.
        """

    def close(self) -> None:
        """Ends all connections; `open` may be called again."""


@dataclass(frozen=True, slots=True)
class _Fetch:
    """A fetch under way: its answer, what it asked for, and when it is overdue."""

    answer: asyncio.Future[bytes]
    offsets: Mapping[int, int]
    overdue: float


class KafkaSource:
    """One poller's share of a topic's partitions, read under the name of a group but assigned by hand.

    Assigning by hand spares the group's rejoining, which takes up to a minute after a reader was killed; committing
    under the group's name keeps positions where every Kafka tool looks for them. There is always a fetch under way that
    asks for everything that comes next, so the broker answers the moment that a record arrives.

    Args:
        bootstrap_servers: `host:port`, several with commas between.
        topic: what is read.
        group: under whose name offsets are committed.
        starting_position: where a partition starts of which nothing was ever committed.
        share: this poller's number, and how many there are.
        settings: see `EventSourceSettings`.
        partitions: those that the pollers share, where others read the rest; by default all.
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
        partitions: Collection[int] | None = None,
    ) -> None:
        self._servers = bootstrap_servers
        self._partitions = partitions
        self._security = settings.security
        self._topic = topic
        self._group = group
        self._starting_position = starting_position
        self._share = share
        self._name = f"{group}-{share[0]}"
        self._wait_ms = settings.fetch_wait_ms
        self._producer: KafkaProducer | None = None
        self._connections: dict[Broker, Connection] = {}
        self._coordinator: Connection | None = None
        self._led: dict[Connection, list[int]] = {}
        self._fetches: dict[Connection, _Fetch] = {}
        self._started_at: dict[int, int] = {}
        self._next: dict[int, int] = {}
        self._ends: dict[int, int] = {}
        self._lost: set[int] = set()
        self._commits: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """See `Source`."""
        async with asyncio.timeout(TIMEOUT):
            first = await self._reach_any()
            topology = wire.metadata_answer(await first.send(wire.METADATA, 4, wire.metadata_request(self._topic)))
            wire.check(topology.error, f"looking for the topic {self._topic}")
            index, count = self._share
            shared = sorted(
                topology.leaders if self._partitions is None else topology.leaders.keys() & set(self._partitions)
            )
            mine = shared[index::count]
            await self._reach_leaders(topology, mine)
            await self._find_positions(mine)

    async def read(self, patience: float, paused: set[int]) -> list[Record]:
        """See `Source`."""
        if self._lost:
            async with asyncio.timeout(TIMEOUT):
                self._next |= await self._list_offsets(self._lost, wire.EARLIEST)
            self._lost.clear()
        self._fetch(paused)
        if self._fetches:
            answers = [fetch.answer for fetch in self._fetches.values()]
            await asyncio.wait(answers, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(patience)
        return self.ready(paused)

    def ready(self, paused: set[int]) -> list[Record]:
        """See `Source`."""
        records: list[Record] = []
        now = asyncio.get_running_loop().time()
        for connection, fetch in list(self._fetches.items()):
            if fetch.answer.done():
                del self._fetches[connection]
                records += self._fetched(fetch.answer.result(), fetch.offsets)
            elif now > fetch.overdue:
                raise KafkaError("no answer to a fetch")
        self._fetch(paused)
        return records

    def commit(self, offsets: Mapping[int, int]) -> asyncio.Future[None]:
        """See `Source`."""
        commit = asyncio.get_running_loop().create_task(self._commit(dict(offsets)))
        commit.add_done_callback(_seen)
        self._commits.add(commit)
        commit.add_done_callback(self._commits.discard)
        return commit

    def ends(self) -> Mapping[int, int]:
        """See `Source`."""
        return self._ends

    def positions(self) -> Mapping[int, int]:
        """See `Source`."""
        return self._started_at

    async def produce(self, topic: str, key: bytes | None, value: bytes) -> None:
        """See `Source`."""
        try:
            await asyncio.to_thread(self._produce, topic, key, value)
        except ProducerError as error:
            raise KafkaError(str(error)) from error

    def close(self) -> None:
        """See `Source`."""
        for commit in self._commits:
            commit.cancel()
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()
        self._led.clear()
        self._fetches.clear()
        self._leave_coordinator()
        self._lost.clear()
        producer, self._producer = self._producer, None
        if producer is not None:
            asyncio.get_running_loop().run_in_executor(None, producer.close, 1)

    async def _reach_any(self) -> Connection:
        error: OSError | None = None
        for server in self._servers.split(","):
            host, _, port = server.rpartition(":")
            try:
                return await self._reach(Broker(host, int(port)))
            except OSError as caught:
                error = caught
        raise error or KafkaError("no bootstrap server is named")

    async def _reach(self, broker: Broker) -> Connection:
        connection = self._connections.get(broker)
        if connection is None or connection.closed:
            connection = self._connections[broker] = await connect(broker, self._name, self._security)
        return connection

    async def _reach_leaders(self, topology: wire.Topology, partitions: Iterable[int]) -> None:
        for partition in partitions:
            broker = topology.brokers.get(topology.leaders[partition])
            if broker is None:
                raise KafkaError(f"partition {partition} of {self._topic} has no leader")
            self._led.setdefault(await self._reach(broker), []).append(partition)

    async def _find_positions(self, partitions: list[int]) -> None:
        """Fixes where each partition starts, and commits it, so that nothing sent before the first batch is skipped.

        Where Kafka has lost what was committed, reading starts at the earliest record for either starting position.
        """
        asked = wire.committed_request(self._group, self._topic, partitions)
        committed = wire.committed_answer(await self._ask_coordinator(wire.OFFSET_FETCH, 1, asked))
        fresh = [partition for partition in partitions if partition not in committed]
        which = wire.LATEST if self._starting_position == "LATEST" else wire.EARLIEST
        begun = await self._list_offsets(fresh, which)
        self._started_at = {**committed, **begun}
        self._next = dict(self._started_at)
        if begun:
            await self._commit(begun)

    async def _list_offsets(self, partitions: Iterable[int], which: int) -> dict[int, int]:
        wanted = set(partitions)
        found: dict[int, int] = {}
        for connection, led in self._led.items():
            mine = [partition for partition in led if partition in wanted]
            if mine:
                asked = wire.ends_request(self._topic, mine, which)
                found |= wire.ends_answer(await connection.send(wire.LIST_OFFSETS, 1, asked))
        return found

    def _fetch(self, paused: set[int]) -> None:
        """Sends a fetch to each broker that has none under way."""
        for connection, led in self._led.items():
            if connection in self._fetches:
                continue
            left_out = paused | self._lost
            offsets = {partition: self._next[partition] for partition in led if partition not in left_out}
            if offsets:
                asked = wire.fetch_request(
                    self._topic,
                    offsets,
                    wait_ms=self._wait_ms,
                    most_bytes=FETCH_BYTES,
                    most_partition_bytes=PARTITION_BYTES,
                )
                overdue = asyncio.get_running_loop().time() + self._wait_ms / 1000 + TIMEOUT
                self._fetches[connection] = _Fetch(connection.send(wire.FETCH, 4, asked), offsets, overdue)

    def _fetched(self, answer: bytes, asked: Mapping[int, int]) -> list[Record]:
        records: list[Record] = []
        for fetched in wire.fetch_answer(answer):
            partition = fetched.partition
            if fetched.error == wire.OFFSET_OUT_OF_RANGE:
                self._lost.add(partition)
                continue
            wire.check(fetched.error, f"reading partition {partition} of {self._topic}")
            self._ends[partition] = fetched.end
            if fetched.records:
                found, self._next[partition] = decode_batches(self._topic, partition, fetched.records, asked[partition])
                records += found
        return records

    async def _commit(self, offsets: Mapping[int, int]) -> None:
        asked = wire.commit_request(self._group, self._topic, offsets)
        try:
            async with asyncio.timeout(TIMEOUT):
                wire.commit_answer(await self._ask_coordinator(wire.OFFSET_COMMIT, 2, asked))
        except (KafkaError, OSError) as error:
            self._leave_coordinator()  # it may be another one by now
            raise KafkaError(f"committing failed: {error!r}") from error

    async def _ask_coordinator(self, api: int, version: int, body: bytes) -> bytes:
        """By a connection of its own: a broker serves one request of a connection at a time, and fetches are long."""
        if self._coordinator is None:
            anyone = next(iter(self._connections.values()))
            found = await anyone.send(wire.FIND_COORDINATOR, 1, wire.coordinator_request(self._group))
            self._coordinator = await connect(wire.coordinator_answer(found), self._name, self._security)
        return await self._coordinator.send(api, version, body)

    def _leave_coordinator(self) -> None:
        if self._coordinator is not None:
            self._coordinator.close()
            self._coordinator = None

    def _produce(self, topic: str, key: bytes | None, value: bytes) -> None:
        if self._producer is None:
            timeout_ms = int(TIMEOUT * 1000)
            self._producer = KafkaProducer(
                bootstrap_servers=self._servers.split(","),
                acks="all",
                max_block_ms=timeout_ms,
                request_timeout_ms=timeout_ms,
                delivery_timeout_ms=2 * timeout_ms,
                **self._security.client_settings,
            )
        self._producer.send(topic, value=value, key=key).get(timeout=2 * TIMEOUT)


def _seen(commit: asyncio.Future[None]) -> None:
    """Takes note of a commit's failure, for when its poller has ended before."""
    if not commit.cancelled():
        commit.exception()
