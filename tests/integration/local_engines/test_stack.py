"""A whole stack of a project that is not Parley: the twin knows nothing but the manifest."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import boto3
import httpx
import pytest
import websockets
from kafka import KafkaProducer

from local.cli.addresses import addresses_of
from local.engines.buckets import make_buckets
from local.failures import StartError
from local.observer import NullObserver
from local.runtime import RuntimeSettings
from local.stack import Stack
from tests.engines import RunningEngines

pytestmark = [pytest.mark.engines, pytest.mark.anyio]
DEADLINE_S = 30

MANIFEST = """
[project]
name = "shop"
layer = "shared"

[topics."orders"]
partitions = 2

[environment]
GREETING = "${settings.greeting}"
SERVERS = "${kafka.bootstrap_servers}"

[functions.prepare]
triggers = [{ type = "deploy" }]

[functions.greet]
triggers = [{ type = "http", routes = ["GET /greet/{name}"] }]

[functions.echo]
triggers = [{ type = "websocket", routes = ["$connect", "$disconnect", "$default"], response = true }]

[functions.count]
triggers = [{ type = "kafka", topic = "orders", batching_window_ms = 0 }]
"""

HANDLERS = {
    "prepare": """
        def handler(event, context):
            return {"PhysicalResourceId": "p", "Data": {"Greeting page": "/greet/you", "Deploy": event["RequestType"]}}
    """,
    "greet": """
        import os
        from words import polite

        def handler(event, context):
            return {"statusCode": 200, "body": polite(os.environ["GREETING"], event["pathParameters"]["name"])}
    """,
    "echo": """
        def handler(event, context):
            return {"statusCode": 200, "body": event.get("body")}
    """,
    "count": """
        def handler(event, context):
            print("counted", sum(len(records) for records in event["records"].values()))
    """,
}


class Log(NullObserver):
    """What functions printed."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.changed = asyncio.Event()

    def log(self, function: str, line: str) -> None:
        self.lines.append(line)
        self.changed.set()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The manifest's file, with its functions around it."""
    functions = tmp_path / "project" / "functions"
    for name, code in HANDLERS.items():
        (functions / name).mkdir(parents=True)
        lines = [line.removeprefix("        ") for line in code.splitlines()]
        (functions / name / "handler.py").write_text("\n".join(lines))
    shared = tmp_path / "project" / "shared"
    shared.mkdir()
    (shared / "words.py").write_text("def polite(greeting, name):\n    return f'{greeting}, {name}!'\n")
    (functions / "manifest.toml").write_text(MANIFEST)
    return functions / "manifest.toml"


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
async def stack(project: Path, tmp_path: Path, log: Log) -> AsyncIterator[Stack]:
    stack = Stack(
        project,
        tmp_path / "data",
        observer=log,
        runtime=RuntimeSettings(prewarm=False, hot_reload=False),
        environment={"SHOP_GREETING": "Good day"},
    )
    async with stack:
        yield stack


async def test_it_serves_another_projects_manifest(stack: Stack, log: Log) -> None:
    await serves(stack, log)
    shown = addresses_of(stack)
    assert shown["Greeting page"] == f"{stack.http_url}/greet/you"
    assert shown["Deploy"] == "Create"
    assert json.loads((stack.folder.path / "deployed.json").read_text()) == ["prepare"]


async def test_it_serves_on_engines_that_others_started(
    project: Path, tmp_path: Path, log: Log, engines: RunningEngines
) -> None:
    addresses = {
        "KAFKA_BOOTSTRAP_SERVERS": engines.addresses["kafka.bootstrap_servers"],
        "MONGO_URI": engines.fresh_mongo_uri(),
        "REDIS_URL": engines.fresh_redis_url(),
        "AWS_ENDPOINT_URL": engines.addresses["aws.endpoint_url"],
    }
    runtime = RuntimeSettings(prewarm=False, hot_reload=False)
    environment = {"SHOP_GREETING": "Good day", **addresses}
    stack = Stack(
        project, tmp_path / "data", observer=log, runtime=runtime, engines="external", environment=environment
    )
    async with stack:
        assert stack.engines.all == ()
        await serves(stack, log)
        assert addresses_of(stack)["Kafka"] == addresses["KAFKA_BOOTSTRAP_SERVERS"]
        assert not (stack.folder.path / "logs").exists()


async def serves(stack: Stack, log: Log) -> None:
    """Holds a stack of the project to answering by every trigger."""
    async with httpx.AsyncClient(base_url=stack.http_url, timeout=DEADLINE_S) as client:
        assert (await client.get("/greet/Ada")).text == "Good day, Ada!"
        metrics = (await client.get("/_local/metrics")).text
    assert "lambda_invocations_total" in metrics

    async with websockets.connect(stack.ws_url) as socket:
        await socket.send("hello")
        assert await asyncio.wait_for(socket.recv(), DEADLINE_S) == "hello"

    producer = KafkaProducer(bootstrap_servers=stack.values["kafka.bootstrap_servers"])
    producer.send("orders", value=b"one").get(timeout=DEADLINE_S)
    producer.close()
    async with asyncio.timeout(DEADLINE_S):
        while "counted 1" not in log.lines:
            await log.changed.wait()
            log.changed.clear()


async def test_a_deploy_function_that_fails_ends_the_start(project: Path, tmp_path: Path) -> None:
    (project.parent / "prepare" / "handler.py").write_text(
        "def handler(event, context):\n    raise KeyError('price')\n"
    )
    stack = Stack(project, tmp_path / "data", environment={"SHOP_GREETING": "x"})
    with pytest.raises(StartError, match="Function prepare failed at the deploy: KeyError: 'price'"):
        await stack.start()
    assert [engine.pid for engine in stack.engines.all] == [None] * 4


async def test_a_manifest_with_mistakes_is_refused_before_anything_starts(project: Path, tmp_path: Path) -> None:
    (project.parent / "greet" / "handler.py").unlink()
    (project.parent / "greet").rmdir()
    with pytest.raises(StartError) as refusal:
        await Stack(project, tmp_path / "data").start()
    first, *mistakes = str(refusal.value).splitlines()
    assert first == "The manifest cannot be used:"
    assert any("functions.greet" in mistake and "is no folder" in mistake for mistake in mistakes)
    assert not (tmp_path / "data").exists()


async def test_a_setting_that_nobody_gave_is_named(project: Path, tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"settings\.greeting"):
        await Stack(project, tmp_path / "data", environment={}).start()


def test_buckets_are_made_where_s3_is_somebody_elses(engines: RunningEngines) -> None:
    url, name = engines.addresses["aws.endpoint_url"], f"shop-{uuid.uuid4().hex[:8]}"
    for _ in range(2):
        make_buckets(url, [name], ["https://shop.example"])
    s3 = boto3.Session("local", "local", region_name="us-east-1").client("s3", endpoint_url=url)
    (rule,) = s3.get_bucket_cors(Bucket=name)["CORSRules"]
    assert (rule["AllowedOrigins"], rule["AllowedMethods"]) == (["https://shop.example"], ["GET", "POST"])
    with pytest.raises(StartError, match="made no bucket"):
        make_buckets(url, ["NO NAME"], [])
