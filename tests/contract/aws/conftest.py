"""The API that the tests run against: the twin with the project beside this file, or a real one.

A real one is named by CONFORMANCE_HTTP_URL and CONFORMANCE_WS_URL (`wss://…/stage`), with credentials and a region as
boto3 finds them, and CONFORMANCE_FUNCTIONS for the beginning of its functions' names. It must serve
`project/functions/manifest.toml`.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from functions.manifest import Manifest, load_manifest
from local.gateway import Gateway, GatewaySettings
from local.observer import NullObserver
from local.runtime import Runtime, RuntimeSettings
from tests.contract.aws.api import Api, Event, Told

MANIFEST = Path(__file__).parent / "project" / "functions" / "manifest.toml"
REGION, KEY_ID, SECRET = "eu-west-1", "AKIDCONFORMANCE", "a-made-up-secret"
KEYS = {"aws_access_key_id": KEY_ID, "aws_secret_access_key": SECRET}
GATEWAY = GatewaySettings(access_key_id=KEY_ID, secret_access_key=SECRET, region=REGION, close_timeout_s=0.5)
RUNTIME = RuntimeSettings(
    region=REGION,
    access_key_id=KEY_ID,
    secret_access_key=SECRET,
    prewarm=False,
    hot_reload=False,
    freeze=True,
    stop_grace=0.5,
)

Serve = Callable[..., Any]


class Log(NullObserver):
    """What functions printed."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def log(self, function: str, line: str) -> None:
        self.lines.append((function, line))


@pytest.fixture(scope="package", params=[pytest.param(("asyncio", {"use_uvloop": True}), id="uvloop")])
def anyio_backend(request: pytest.FixtureRequest) -> object:
    return request.param


@pytest.fixture(scope="package")
def project() -> Manifest:
    return load_manifest(MANIFEST)


@pytest.fixture(scope="package")
def log() -> Log:
    return Log()


@pytest.fixture(scope="package")
async def runtime(project: Manifest, log: Log, anyio_backend: object) -> AsyncIterator[Runtime]:
    """The twin's Lambda, which all gateways here share."""
    runtime = Runtime(project, {}, settings=RUNTIME, observer=log)
    await runtime.start()
    try:
        yield runtime
    finally:
        await runtime.stop()


@pytest.fixture(scope="package")
def serve(project: Manifest, runtime: Runtime) -> Serve:
    """Serves the twin's API with changed settings, as long as the body runs."""

    @asynccontextmanager
    async def serve(**changes: Any) -> AsyncIterator[Api]:
        gateway = Gateway(project, runtime, settings=replace(GATEWAY, **changes), observer=NullObserver())
        port = await gateway.start("127.0.0.1", 0)
        try:
            stage = project.websocket.stage
            base = f"://localhost:{port}"
            yield Api(f"http{base}", f"ws{base}/{stage}", REGION, False, by_runtime(runtime), KEYS)
        finally:
            await gateway.stop(0.5)

    return serve


@pytest.fixture(scope="package")
async def api(serve: Serve, anyio_backend: object) -> AsyncIterator[Api]:
    """The API under test."""
    http_url, ws_url = os.environ.get("CONFORMANCE_HTTP_URL"), os.environ.get("CONFORMANCE_WS_URL")
    if http_url and ws_url:
        region = os.environ.get("AWS_REGION", "us-east-1")
        yield Api(http_url, ws_url, region, True, by_lambda(region, os.environ.get("CONFORMANCE_FUNCTIONS", "")))
        return
    async with serve() as local:
        yield local


def by_runtime(runtime: Runtime) -> Callable[[str, Event], Awaitable[Told]]:
    """Invokes functions of the twin."""

    async def invoke(function: str, event: Event) -> Told:
        done = await runtime.invoke(function, json.dumps(event).encode())
        return Told("" if done.outcome == "success" else "Unhandled", json.loads(done.payload))

    return invoke


def by_lambda(region: str, prefix: str) -> Callable[[str, Event], Awaitable[Told]]:
    """Invokes functions of an account."""
    client = boto3.client("lambda", region_name=region)

    async def invoke(function: str, event: Event) -> Told:
        name = f"{prefix}{function}"
        answer = await asyncio.to_thread(client.invoke, FunctionName=name, Payload=json.dumps(event).encode())
        return Told(answer.get("FunctionError", ""), json.loads(answer["Payload"].read()))

    return invoke
