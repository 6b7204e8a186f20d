"""Posts, `$disconnect`s and sockets that go wrong on purpose, seen from outside."""

from __future__ import annotations

import time
from random import Random

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from local.faults import Faults, read_fault
from tests.integration.local_gateway.harness import SOCKET_FUNCTIONS, Stage, eventually, manifest, running
from tests.integration.local_gateway.test_management_api import call, refusal, sdk

pytestmark = pytest.mark.anyio

PROJECT = manifest(*SOCKET_FUNCTIONS)


def faults_with(**values: object) -> Faults:
    faults = Faults(7, clock=time.monotonic, tell=lambda _: None)
    faults.add(read_fault(values))
    return faults


def id_of_latest(stage: Stage) -> str:
    """The connection whose `$connect` ran last."""
    return str(stage.runtime.of("connect")[-1]["requestContext"]["connectionId"])


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("gone", ("GoneException", 410)),
        ("throttle", ("LimitExceededException", 429)),
        ("fail", ("InternalServerErrorException", 500)),
    ],
)
async def test_a_spoilt_post_is_answered_as_aws_words_it_and_never_arrives(
    action: str, expected: tuple[str, int]
) -> None:
    faults = faults_with(kind="posts", action=action, times=1)
    async with running(PROJECT, interference=faults) as stage, connect(stage.url) as client:
        push = sdk(stage).post_to_connection
        found = await refusal(push, ConnectionId=id_of_latest(stage), Data=b"lost")
        await call(push, ConnectionId=id_of_latest(stage), Data=b"kept")
        assert found == expected
        assert await client.recv() == "kept"


async def test_a_late_post_arrives_all_the_same() -> None:
    faults = faults_with(kind="posts", action="delay", delay_s=0.2, times=1)
    async with running(PROJECT, interference=faults) as stage, connect(stage.url) as client:
        began = time.monotonic()
        await call(sdk(stage).post_to_connection, ConnectionId=id_of_latest(stage), Data=b"late")
        assert time.monotonic() - began >= 0.2
        assert await client.recv() == "late"


@pytest.mark.parametrize(
    ("values", "calls"),
    [({"action": "duplicate"}, 2), ({"action": "lose"}, 0), ({"action": "delay", "delay_s": 0.1}, 1)],
)
async def test_disconnect_comes_as_often_as_the_fault_says(values: dict[str, object], calls: int) -> None:
    faults = faults_with(kind="disconnects", times=1, **values)
    async with running(PROJECT, interference=faults) as stage:
        async with connect(stage.url):
            spoilt = id_of_latest(stage)
        await eventually(lambda: faults.all()[0].struck == 1)
        async with connect(stage.url):
            pass
        await eventually(lambda: len(stage.runtime.of("disconnect")) == calls + 1)
        ids = [event["requestContext"]["connectionId"] for event in stage.runtime.of("disconnect")]
    assert ids.count(spoilt) == calls


async def ended_with(client: ClientConnection) -> int:
    """The close code that a client sees."""
    with pytest.raises(ConnectionClosed):
        await client.recv()
    return client.close_code or 0


@pytest.mark.parametrize(("code", "seen"), [(0, 1006), (1001, 1001)])
async def test_every_socket_is_dropped_at_once_and_disconnect_runs_for_each(code: int, seen: int) -> None:
    async with running(PROJECT) as stage, connect(stage.url) as first, connect(stage.url) as second:
        await eventually(lambda: stage.gateway.open_connections == 2)
        assert stage.gateway.drop_sockets(1.0, code, Random(1)) == 2
        assert [await ended_with(first), await ended_with(second)] == [seen, seen]
        await eventually(lambda: len(stage.runtime.of("disconnect")) == 2)
        assert stage.gateway.open_connections == 0
        assert stage.gateway.drop_sockets(1.0, code, Random(1)) == 0
