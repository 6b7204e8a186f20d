"""The example project of another kind, run as its README says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import websockets

from local.runtime import RuntimeSettings
from local.settings import PROJECT_ROOT
from local.stack import Stack
from tests.engines import RunningEngines

pytestmark = [pytest.mark.engines, pytest.mark.anyio]
MANIFEST = PROJECT_ROOT / "local" / "examples" / "order_feed" / "functions" / "manifest.toml"
DEADLINE_S = 30


@pytest.fixture
async def feed(tmp_path: Path, engines: RunningEngines) -> AsyncIterator[Stack]:
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": engines.addresses["kafka.bootstrap_servers"],
        "MONGO_URI": engines.fresh_mongo_uri(),
        "REDIS_URL": engines.fresh_redis_url(),
        "AWS_ENDPOINT_URL": engines.addresses["aws.endpoint_url"],
    }
    runtime = RuntimeSettings(prewarm=False, hot_reload=False, freeze=True)
    async with Stack(
        MANIFEST, tmp_path / "data", runtime=runtime, engines="external", environment=environment
    ) as stack:
        yield stack


async def test_an_order_is_placed_and_comes_back_priced(feed: Stack) -> None:
    async with websockets.connect(feed.ws_url) as socket, asyncio.timeout(DEADLINE_S):
        assert feed.ws_url.endswith("/feed")
        await socket.send('{"action": "order", "item": "pear", "quantity": 3}')
        both = [json.loads(await socket.recv()) for _ in range(2)]
        (placed,) = (said["placed"] for said in both if "placed" in said)
        assert {"orderId": placed, "item": "pear", "total": 135} in both
        await socket.send("hello")
        assert json.loads(await socket.recv()) == {"refused": "send an action, an item and a quantity"}
