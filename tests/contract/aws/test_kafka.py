"""The Kafka event source, as a function sees it."""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient

from functions.manifest import KafkaTrigger, Manifest
from local.event_sources import EventSourceSettings, KafkaEventSource
from local.observer import NullObserver
from local.runtime import Runtime
from tests.contract.aws.api import DEADLINE_S, Api
from tests.contract.aws.conftest import REGION, Log
from tests.contract.aws.sources import KAFKA_BATCHES, KAFKA_EVENT, documented
from tests.engines import RunningEngines

pytestmark = [pytest.mark.anyio, pytest.mark.engines]


class Fed:
    """A topic that feeds the function, and the events that it has printed."""

    def __init__(self, topic: str, producer: Any, log: Log) -> None:
        self.topic = topic
        self._producer = producer
        self._log = log
        self._start = len(log.lines)

    def send(self, value: bytes | None, **record: Any) -> None:
        self._producer.send(self.topic, value=value, **record).get(timeout=DEADLINE_S)

    async def events(self, count: int) -> list[dict[str, Any]]:
        async with asyncio.timeout(DEADLINE_S):
            while len(lines := self._lines()) < count:  # noqa: ASYNC110 - a process prints them
                await asyncio.sleep(0.02)
        return [json.loads(line) for line in lines]

    def _lines(self) -> list[str]:
        lines = self._log.lines[self._start :]
        return [
            line
            for name, line in lines
            if name == "consume" and line.startswith('{"eventSource"') and f'"{self.topic}-' in line
        ]


@pytest.fixture
async def fed(api: Api, project: Manifest, runtime: Runtime, log: Log, engines: RunningEngines) -> Any:
    async with _feed(api, project, runtime, log, engines) as topic:
        yield topic


@pytest.fixture
async def also_fed(api: Api, project: Manifest, runtime: Runtime, log: Log, engines: RunningEngines) -> Any:
    async with _feed(api, project, runtime, log, engines) as topic:
        yield topic


@asynccontextmanager
async def _feed(api: Api, project: Manifest, runtime: Runtime, log: Log, engines: RunningEngines) -> AsyncIterator[Fed]:
    api.here_only("a cluster, its topic and its mapping cannot be reached from here")
    topic = f"events-{uuid.uuid4().hex[:8]}"
    servers = engines.kafka_bootstrap_servers
    producer = await asyncio.to_thread(_prepare, servers, topic)
    (trigger,) = project.functions["consume"].triggers
    assert isinstance(trigger, KafkaTrigger)
    settings = EventSourceSettings(region=REGION)
    source = KafkaEventSource(
        "consume", replace(trigger, topic=topic), runtime, servers, NullObserver(), settings=settings
    )
    await source.start()
    try:
        yield Fed(topic, producer, log)
    finally:
        await source.stop()
        await asyncio.to_thread(producer.close)


def _prepare(servers: str, topic: str) -> Any:
    admin = KafkaAdminClient(bootstrap_servers=servers)
    admin.create_topics({topic: {"num_partitions": 2, "replication_factor": 1}}, wait_for_metadata=True)
    admin.close()
    return KafkaProducer(bootstrap_servers=servers, acks="all")


@documented(KAFKA_EVENT)
async def test_the_events_shape(fed: Fed) -> None:
    """That header bytes above 127 come as negative numbers is unverified: it is seen in practice."""
    headers = [("name", b"a\xff")]
    fed.send(b"value", key=b"key", partition=1, headers=headers, timestamp_ms=1_700_000_000_000)
    (event,) = await fed.events(1)
    (record,) = event["records"][f"{fed.topic}-1"]
    assert event["eventSource"] == "aws:kafka"
    assert event["eventSourceArn"].startswith("arn:aws:kafka:")
    assert ":" in event["bootstrapServers"]
    assert record == {
        "topic": fed.topic,
        "partition": 1,
        "offset": 0,
        "timestamp": 1_700_000_000_000,
        "timestampType": "CREATE_TIME",
        "key": base64.b64encode(b"key").decode(),
        "value": base64.b64encode(b"value").decode(),
        "headers": [{"name": [97, -1]}],
    }


@documented(KAFKA_BATCHES)
async def test_a_partial_failure_is_tried_again_from_its_offset_on(fed: Fed) -> None:
    fed.send(b"good", partition=0)
    await fed.events(1)
    fed.send(b"once", partition=0)
    first, second, third = (await fed.events(3))[:3]
    offsets = [event["records"][f"{fed.topic}-0"][0]["offset"] for event in (first, second, third)]
    assert offsets == [0, 1, 1]


@documented(KAFKA_BATCHES)
async def test_topics_of_one_function_do_not_wait_for_each_other(fed: Fed, also_fed: Fed, tmp_path: Path) -> None:
    """Each mapping has pollers of its own: batches that take long hold up their partitions and no other mapping."""
    gate = tmp_path / "gate"
    fed.send(f"wait {gate}".encode(), partition=0)
    await fed.events(1)
    fed.send(b"behind it", partition=0)
    also_fed.send(b"first", partition=0)
    await also_fed.events(1)
    also_fed.send(b"second", partition=0)
    await also_fed.events(2)
    assert len(await fed.events(1)) == 1
    gate.touch()
    await fed.events(2)
