"""Upgrades that are refused, and what the client is told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from functions.manifest import AuthorizerTrigger, WebSocketTrigger
from tests.integration.local_gateway.harness import (
    AUTHORIZER,
    SOCKET_FUNCTIONS,
    SOCKET_RULES,
    Event,
    Failed,
    Rule,
    Stage,
    eventually,
    function,
    get,
    manifest,
    policy,
    raw_client,
    running,
)

pytestmark = pytest.mark.anyio

HANDSHAKE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


async def refused(stage: Stage, path: str = "", headers: Mapping[str, str] | None = None) -> int:
    with pytest.raises(InvalidStatus) as caught:
        await connect(stage.url + path, additional_headers=headers)
    return caught.value.response.status_code


def raises(message: str) -> Rule:
    def rule(_: Event) -> object:
        raise Failed("error", message)

    return rule


@pytest.mark.parametrize(
    ("authorizer", "status"),
    [
        (raises("Unauthorized"), 401),
        (raises("unauthorized"), 500),
        (raises("database is down"), 500),
        (lambda event: policy("Deny", event["methodArn"]), 403),
        (lambda _: policy("Allow", "arn:aws:execute-api:eu-west-1:000000000000:other/ws/$connect"), 403),
        (lambda _: {"isAuthorized": True}, 500),
        (lambda _: None, 500),
        (lambda event: policy("Allow", event["methodArn"], roles=["a"]), 500),
    ],
)
async def test_who_is_not_authorized_is_refused_before_connect_runs(authorizer: Rule, status: int) -> None:
    rules = {**SOCKET_RULES, "authorizer": authorizer}
    async with running(manifest(*SOCKET_FUNCTIONS, AUTHORIZER), rules) as stage:
        assert await refused(stage) == status
        assert stage.runtime.of("connect") == []
        assert stage.gateway.open_connections == 0
        assert ("request", "GET", "/ws", status) in [line[:4] for line in stage.recorder.told]
    assert stage.runtime.of("disconnect") == []


async def test_a_missing_identity_source_is_refused_without_a_call() -> None:
    sources = ("route.request.querystring.ticket", "route.request.header.X-Device")
    project = manifest(*SOCKET_FUNCTIONS, function("authorizer", AuthorizerTrigger(sources)))
    async with running(project) as stage:
        assert await refused(stage) == 401
        assert await refused(stage, "?ticket=1") == 401
        assert await refused(stage, "?ticket=", {"x-device": "phone"}) == 401
        assert stage.runtime.events == []
        async with connect(f"{stage.url}?ticket=1", additional_headers={"x-device": "phone"}):
            assert stage.gateway.open_connections == 1


@pytest.mark.parametrize(
    ("rule", "status"),
    [
        (lambda _: {"statusCode": 401, "body": "secret detail"}, 401),
        (lambda _: {"statusCode": 503}, 503),
        (lambda _: {"statusCode": 302}, 302),
        (lambda _: None, 502),
        (lambda _: {"body": "no status"}, 502),
        (raises("boom"), 502),
    ],
)
async def test_connect_may_refuse(rule: Rule, status: int) -> None:
    async with running(manifest(*SOCKET_FUNCTIONS), {**SOCKET_RULES, "connect": rule}) as stage:
        assert await refused(stage) == status
        assert stage.gateway.open_connections == 0
    assert stage.runtime.of("disconnect") == []


async def test_a_url_and_an_authorizers_answer_have_their_longest() -> None:
    def allow(event: Event) -> object:
        return policy("Allow", event["methodArn"], text="x" * int(event["queryStringParameters"]["size"]))

    project = manifest(*SOCKET_FUNCTIONS, AUTHORIZER)
    async with running(project, {**SOCKET_RULES, "authorizer": allow}) as stage:
        assert await refused(stage, "?size=8192") == 500
        async with connect(f"{stage.url}?size=7000"):
            pass
        head = "?size=1&pad="
        at_most = 4096 - len(f"ws://localhost:{stage.port}/ws{head}")
        assert await refused(stage, head + "x" * (at_most + 1)) == 414
        async with connect(stage.url + head + "x" * at_most):
            pass


async def test_a_connect_that_hangs_is_given_up() -> None:
    forever = asyncio.Event()
    rules = {**SOCKET_RULES, "connect": lambda _: forever.wait()}
    async with running(manifest(*SOCKET_FUNCTIONS), rules, websocket_timeout_s=0.05) as stage:
        assert await refused(stage) == 504
        forever.set()


async def test_the_upgrade_waits_for_connect_and_what_was_sent_early_is_kept() -> None:
    may_connect = asyncio.Event()

    async def answer() -> object:
        await may_connect.wait()
        return {"statusCode": 200}

    frame = b"\x81\x85\x00\x00\x00\x00early"
    async with (
        running(manifest(*SOCKET_FUNCTIONS), {**SOCKET_RULES, "connect": lambda _: answer()}) as stage,
        raw_client(stage.port) as client,
    ):
        await client.send(get("/ws", *HANDSHAKE) + frame)
        await eventually(lambda: bool(stage.runtime.of("connect")))
        assert stage.gateway.open_connections == 0
        may_connect.set()
        answer_head = await client.answer()
        assert answer_head.status == 101
        assert answer_head.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        assert await client.reader.readexactly(15) == b"\x81\x0ddefault:early"


async def test_the_subprotocol_that_connect_chose_is_told() -> None:
    answer = {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "chat.v2", "X-Other": "1"}}
    async with (
        running(manifest(*SOCKET_FUNCTIONS), {**SOCKET_RULES, "connect": lambda _: answer}) as stage,
        connect(stage.url, subprotocols=[Subprotocol("chat.v1"), Subprotocol("chat.v2")]) as client,
    ):
        assert client.subprotocol == "chat.v2"
        assert client.response is not None
        assert "X-Other" not in client.response.headers


async def test_without_authorizer_and_connect_route_everyone_is_let_in() -> None:
    project = manifest(function("echo", WebSocketTrigger(("echo",), response=True)))
    async with running(project) as stage, connect(f"{stage.url}/") as client:
        await client.send('{"action": "echo"}')
        assert await client.recv() == '{"action": "echo"}'


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ((), 426),
        ((*HANDSHAKE[:2], "Sec-WebSocket-Version: 8", HANDSHAKE[3]), 426),
        (HANDSHAKE[:3], 400),
        ((*HANDSHAKE[:3], "Sec-WebSocket-Key: dG9vIHNob3J0"), 400),
        ((*HANDSHAKE[:3], "Sec-WebSocket-Key: not base64!"), 400),
    ],
)
async def test_a_wrong_handshake_is_refused_without_a_call(headers: tuple[str, ...], status: int) -> None:
    async with running(manifest(*SOCKET_FUNCTIONS)) as stage, raw_client(stage.port) as client:
        answer = await client.ask(get("/ws", *headers))
        assert answer.status == status
        assert await client.ended()
        assert stage.runtime.events == []


async def test_connects_beyond_the_rate_are_refused() -> None:
    async with running(manifest(*SOCKET_FUNCTIONS), connects_per_s=0.001, connect_burst=2) as stage:
        clients: list[ClientConnection] = [await connect(stage.url) for _ in range(2)]
        with pytest.raises(InvalidStatus) as caught:
            await connect(stage.url)
        assert caught.value.response.status_code == 429
        assert caught.value.response.headers["x-amzn-errortype"] == "LimitExceededException"
        for client in clients:
            await client.close()


async def test_a_client_that_leaves_during_connect_is_disconnected_once() -> None:
    may_connect = asyncio.Event()

    async def answer() -> object:
        await may_connect.wait()
        return {"statusCode": 200}

    async with running(manifest(*SOCKET_FUNCTIONS), {**SOCKET_RULES, "connect": lambda _: answer()}) as stage:
        async with raw_client(stage.port) as client:
            await client.send(get("/ws", *HANDSHAKE))
            await eventually(lambda: bool(stage.runtime.of("connect")))
        may_connect.set()
        await eventually(lambda: bool(stage.runtime.of("disconnect")))
        assert stage.gateway.open_connections == 0
    (event,) = stage.runtime.of("disconnect")
    assert event["requestContext"]["disconnectStatusCode"] == 1006
