"""The event source on a real Kafka: positions, commits, outages, and whole functions behind it."""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import NewTopic

from functions.manifest import KafkaTrigger, load_manifest
from local.event_sources import EventSourceSettings, KafkaEventSource, wire
from local.event_sources.connection import connect
from local.event_sources.wire import Broker
from local.observer import NullObserver
from local.runtime import Invocation, Runtime, RuntimeSettings
from tests.engines import RunningEngines

pytestmark = [pytest.mark.anyio, pytest.mark.engines]

PARTITIONS = 4


@dataclass
class Collector:
    """Takes batches in place of a runtime. `fail` is asked whether a batch fails."""

    fail: Callable[[list[str]], bool] = lambda _: False
    values: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    offsets: list[tuple[int, int]] = field(default_factory=list)

    async def invoke(self, function: str, event: bytes) -> Invocation:
        document = json.loads(event)
        records = [record for group in document["records"].values() for record in group]
        self.sizes.append(len(records))
        values = [base64.b64decode(record["value"]).decode() for record in records]
        if self.fail(values):
            return Invocation("id", "error", b"{}", 1.0, cold=False)
        self.values += values
        self.offsets += [(record["partition"], record["offset"]) for record in records]
        return Invocation("id", "success", b"null", 1.0, cold=False)

    async def until(self, holds: Callable[[], object], deadline_s: float = 30) -> None:
        async with asyncio.timeout(deadline_s):
            while not holds():  # noqa: ASYNC110 - pollers tell nobody
                await asyncio.sleep(0.01)


@dataclass
class Topic:
    """A fresh topic, and what writes to it and looks at it."""

    servers: str
    name: str
    producer: KafkaProducer

    def send(self, *values: str, partition: int | None = None) -> None:
        for value in values:
            self.producer.send(self.name, value=value.encode(), partition=partition)
        self.producer.flush()

    async def committed(self, group: str) -> dict[int, int]:
        """The next offset of each partition of which the group has committed one."""
        host, _, port = self.servers.rpartition(":")
        connection = await connect(Broker(host, int(port)), "test")
        try:
            asked = wire.committed_request(group, self.name, range(PARTITIONS))
            return wire.committed_answer(await connection.send(wire.OFFSET_FETCH, 1, asked))
        finally:
            connection.close()


@pytest.fixture
def topic(engines: RunningEngines) -> Iterator[Topic]:
    servers = engines.kafka_bootstrap_servers
    name = f"orders-{uuid.uuid4().hex[:8]}"
    admin = KafkaAdminClient(bootstrap_servers=servers)
    admin.create_topics([NewTopic(name, PARTITIONS, 1), NewTopic(f"{name}.dead", 1, 1)])
    admin.close()
    producer = KafkaProducer(bootstrap_servers=servers, acks="all")
    yield Topic(servers, name, producer)
    producer.close()


@asynccontextmanager
async def reading(
    topic: Topic,
    collector: Collector,
    *,
    group: str = "store",
    concurrency: int = 1,
    fetch_wait_ms: int = 500,
    **rules: object,
) -> AsyncIterator[KafkaEventSource]:
    trigger = replace(KafkaTrigger(topic.name, batching_window_ms=0), **rules)  # type: ignore[arg-type] # tests name fields
    source = KafkaEventSource(
        f"{group}-{topic.name}",
        trigger,
        collector,
        topic.servers,
        NullObserver(),
        settings=EventSourceSettings(concurrency=concurrency, fetch_wait_ms=fetch_wait_ms),
    )
    await source.start()
    try:
        yield source
    finally:
        await source.stop()


def numbers(start: int, end: int) -> list[str]:
    return [str(number) for number in range(start, end)]


def in_order(offsets: list[tuple[int, int]]) -> bool:
    seen: dict[int, int] = {}
    for partition, offset in offsets:
        if offset != seen.get(partition, 0):
            return False
        seen[partition] = offset + 1
    return True


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_every_record_comes_once_in_its_partitions_order_and_a_restart_goes_on_from_there(
    topic: Topic, concurrency: int
) -> None:
    collector = Collector()
    await asyncio.to_thread(topic.send, *numbers(0, 500))
    async with reading(topic, collector, concurrency=concurrency, batch_size=64):
        await collector.until(lambda: len(collector.values) == 500)
    await asyncio.to_thread(topic.send, *numbers(500, 600))
    async with reading(topic, collector, concurrency=concurrency):
        await collector.until(lambda: len(collector.values) >= 600)
    assert sorted(collector.values, key=int) == numbers(0, 600)
    assert in_order(collector.offsets)
    assert max(collector.sizes[:8]) == 64
    committed = await topic.committed(f"store-{topic.name}")
    assert sum(committed.values()) == 600


async def test_a_commit_does_not_wait_for_the_fetch_that_is_under_way(topic: Topic) -> None:
    collector = Collector()
    async with reading(topic, collector, fetch_wait_ms=60_000):
        await asyncio.to_thread(topic.send, "only", partition=1)
        await collector.until(lambda: collector.values == ["only"])
        async with asyncio.timeout(10):
            while (await topic.committed(f"store-{topic.name}"))[1] != 1:
                pass


async def test_latest_starts_at_the_end_and_trim_horizon_at_the_start(topic: Topic) -> None:
    await asyncio.to_thread(topic.send, "before")
    from_start, from_end = Collector(), Collector()
    async with reading(topic, from_start, group="start", starting_position="TRIM_HORIZON"):
        await from_start.until(lambda: from_start.values == ["before"])
        async with reading(topic, from_end, group="end", starting_position="LATEST"):
            async with asyncio.timeout(30):
                while len(await topic.committed(f"end-{topic.name}")) < PARTITIONS:
                    pass
            await asyncio.to_thread(topic.send, "after")
            await from_end.until(lambda: from_end.values == ["after"])
    await asyncio.to_thread(topic.send, "while nobody read")
    async with reading(topic, from_end, group="end", starting_position="LATEST"):
        await from_end.until(lambda: from_end.values == ["after", "while nobody read"])


async def test_a_failing_batch_holds_up_its_partition_alone_and_is_not_committed(topic: Topic) -> None:
    broken = True
    collector = Collector(fail=lambda values: broken and "poison" in values)
    async with reading(topic, collector, batch_size=1):
        await asyncio.to_thread(topic.send, "poison", "behind it", partition=0)
        await asyncio.to_thread(topic.send, *numbers(0, 20), partition=1)
        await collector.until(lambda: len(collector.values) == 20)
        assert (await topic.committed(f"store-{topic.name}"))[0] == 0
        broken = False
        await collector.until(lambda: collector.values[-2:] == ["poison", "behind it"])


async def test_what_is_given_up_goes_to_the_on_failure_topic(topic: Topic) -> None:
    collector = Collector(fail=lambda values: "poison" in values)
    dead = f"{topic.name}.dead"
    async with reading(topic, collector, max_retry_attempts=0, bisect_on_error=True, on_failure_topic=dead):
        await asyncio.to_thread(topic.send, "a", "b", "poison", "c", partition=2)
        await collector.until(lambda: collector.values == ["a", "b", "c"])
        grave = Collector()
        async with reading(replace(topic, name=dead), grave, group="grave"):
            await grave.until(lambda: grave.values)
    (document,) = [json.loads(value) for value in grave.values]
    assert document["requestContext"]["condition"] == "RetriesExhausted"
    (given_up,) = document["payload"]["records"][f"{topic.name}-2"]
    assert base64.b64decode(given_up["value"]) == b"poison"


async def test_a_pause_of_kafka_is_over_within_seconds_and_nothing_is_lost(
    topic: Topic, engines: RunningEngines
) -> None:
    collector = Collector()
    async with reading(topic, collector):
        await asyncio.to_thread(topic.send, *numbers(0, 10))
        await collector.until(lambda: len(collector.values) == 10)
        with engines.paused("kafka"):
            await asyncio.sleep(8)  # longer than the client's own timeouts
        await asyncio.to_thread(topic.send, *numbers(10, 20))
        await collector.until(lambda: len(set(collector.values)) == 20, deadline_s=5)
    assert sorted(set(collector.values), key=int) == numbers(0, 20)


async def test_a_stop_under_load_loses_nothing(topic: Topic) -> None:
    collector = Collector()
    sending = asyncio.create_task(asyncio.to_thread(topic.send, *numbers(0, 3000)))
    for _ in range(5):
        async with reading(topic, collector, batch_size=100):
            count = len(collector.values)
            await collector.until(lambda count=count: len(collector.values) > min(count, 2999))  # type: ignore[misc]
    await sending
    async with reading(topic, collector):
        await collector.until(lambda: len(set(collector.values)) == 3000)
    assert in_order(collector.offsets)


async def test_functions_of_another_project_process_a_topic_while_their_environment_is_killed(
    topic: Topic, tmp_path: Path
) -> None:
    folder = tmp_path / "functions" / "keep"
    folder.mkdir(parents=True)
    (folder / "handler.py").write_text(
        "import base64, os, pathlib\n"
        "def handler(event, context):\n"
        "    with open('kept', 'a') as kept:\n"
        "        for group in event['records'].values():\n"
        "            for record in group:\n"
        "                value = base64.b64decode(record['value']).decode()\n"
        "                marker = pathlib.Path('died-' + value)\n"
        "                if int(value) % 40 == 20 and not marker.exists():\n"
        "                    marker.touch()\n"
        "                    os.kill(os.getpid(), 9)\n"
        "                kept.write(value + '\\n')\n"
        "                kept.flush()\n"
    )
    manifest = tmp_path / "functions" / "manifest.toml"
    manifest.write_text('[project]\nname = "feed"\n[functions.keep]\n')
    settings = RuntimeSettings(prewarm=False, hot_reload=False, freeze=True)
    runtime = Runtime(load_manifest(manifest), {}, settings=settings, observer=NullObserver())
    await runtime.start()
    trigger = KafkaTrigger(topic.name, batch_size=10, batching_window_ms=0)
    source = KafkaEventSource("keep", trigger, runtime, topic.servers, NullObserver())
    await source.start()
    try:
        await asyncio.to_thread(topic.send, *numbers(0, 200), partition=0)
        kept = folder / "kept"
        await Collector().until(lambda: kept.exists() and kept.read_text().endswith("199\n"), deadline_s=60)
    finally:
        await source.stop()
        await runtime.stop()
    lines = kept.read_text().split()
    assert list(dict.fromkeys(lines)) == numbers(0, 200)  # each for the first time in order, some again
    assert len(list(folder.glob("died-*"))) == 5
