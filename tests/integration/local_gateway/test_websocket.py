"""Messages in and answers out, as a WebSocket client sees them."""

from __future__ import annotations

import asyncio
import json

import pytest
from websockets.asyncio.client import connect

from functions.manifest import WebSocketTrigger
from tests.integration.local_gateway.harness import (
    AUTHORIZER,
    SOCKET_FUNCTIONS,
    SOCKET_RULES,
    Event,
    Failed,
    eventually,
    function,
    manifest,
    policy,
    running,
)

pytestmark = pytest.mark.anyio


async def test_a_message_goes_to_the_function_of_its_action_and_the_answer_comes_back() -> None:
    async with running(manifest(*SOCKET_FUNCTIONS)) as stage, connect(stage.url) as client:
        await client.send('{"action": "echo", "text": "grüß dich"}')
        assert await client.recv() == '{"action": "echo", "text": "grüß dich"}'
        (event,) = stage.runtime.of("echo")
    assert set(event) == {"requestContext", "body", "isBase64Encoded"}
    assert event["isBase64Encoded"] is False
    context = event["requestContext"]
    (connected,) = stage.runtime.of("connect")
    for name in ("connectionId", "connectedAt", "stage", "apiId", "domainName", "identity"):
        assert context[name] == connected["requestContext"][name]
    assert context["routeKey"] == "echo"
    assert context["eventType"] == "MESSAGE"
    assert context["messageDirection"] == "IN"
    assert context["stage"] == "ws"
    assert context["domainName"] == f"localhost:{stage.port}"
    assert len(context["messageId"]) == 16
    assert context["messageId"] != context["requestId"]
    assert context["requestTimeEpoch"] >= context["connectedAt"]
    assert "authorizer" not in context
    assert len(context["connectionId"]) == 16
    assert context["connectionId"].endswith("=")


async def test_connect_gets_headers_and_query_and_later_events_do_not() -> None:
    async with running(manifest(*SOCKET_FUNCTIONS)) as stage:
        async with connect(f"{stage.url}?a=1&a=2&b=%20x", additional_headers={"X-Device": "phone"}) as client:
            await client.send("hello")
            await client.recv()
        await eventually(lambda: bool(stage.runtime.of("disconnect")))
    (event,) = stage.runtime.of("connect")
    assert event["queryStringParameters"] == {"a": "2", "b": " x"}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": [" x"]}
    assert event["headers"]["X-Device"] == "phone"
    assert event["multiValueHeaders"]["X-Device"] == ["phone"]
    assert event["headers"]["X-Forwarded-For"] == "127.0.0.1"
    assert event["requestContext"]["eventType"] == "CONNECT"
    assert event["requestContext"]["identity"]["userAgent"].startswith("Python/")
    for later in (*stage.runtime.of("default"), *stage.runtime.of("disconnect")):
        assert "headers" not in later
        assert "queryStringParameters" not in later


@pytest.mark.parametrize(
    "text",
    ["no json", '"echo"', '{"action": 5}', '{"action": null}', '{"a": 1}', '{"action": "unknown"}', "[" * 5000,
     '{"action": "$connect"}', '{"action": "echo", "x": NaN}', ""],
)  # fmt: skip
async def test_what_names_no_route_goes_to_default(text: str) -> None:
    async with running(manifest(*SOCKET_FUNCTIONS)) as stage, connect(stage.url) as client:
        await client.send(text)
        assert await client.recv() == "default:" + text[:20]
        assert stage.runtime.of("default")[0]["requestContext"]["routeKey"] == "$default"


async def test_deep_json_does_not_end_the_connection() -> None:
    deep = '{"action": "echo", "data": ' + "[" * 5000 + "]" * 5000 + "}"
    async with running(manifest(*SOCKET_FUNCTIONS)) as stage, connect(stage.url) as client:
        await client.send(deep)
        assert await client.recv() == "default:" + deep[:20]
        await client.send('{"action": "echo"}')
        assert await client.recv() == '{"action": "echo"}'


async def test_without_a_default_route_a_stray_message_is_forbidden() -> None:
    only_echo = manifest(function("echo", WebSocketTrigger(("echo",), response=True)))
    async with running(only_echo) as stage, connect(stage.url) as client:
        await client.send("hello")
        answer = json.loads(await client.recv())
        assert answer["message"] == "Forbidden"
        assert set(answer) == {"message", "connectionId", "requestId"}
        await client.send('{"action": "echo"}')
        assert await client.recv() == '{"action": "echo"}'


async def test_a_route_without_response_sends_nothing() -> None:
    async with running(manifest(*SOCKET_FUNCTIONS)) as stage, connect(stage.url) as client:
        await client.send('{"action": "quiet"}')
        await eventually(lambda: bool(stage.runtime.of("quiet")))
        await client.send('{"action": "echo"}')
        assert await client.recv() == '{"action": "echo"}'


async def test_an_answer_without_body_sends_nothing_and_base64_is_decoded() -> None:
    answers = iter([{"statusCode": 200}, {"statusCode": 200, "body": "aGk=", "isBase64Encoded": True}])
    rules = {**SOCKET_RULES, "echo": lambda _: next(answers)}
    async with running(manifest(*SOCKET_FUNCTIONS), rules) as stage, connect(stage.url) as client:
        await client.send('{"action": "echo"}')
        await eventually(lambda: len(stage.runtime.of("echo")) == 1)
        await client.send('{"action": "echo"}')
        assert await client.recv() == "hi"


def _fails(outcome: str) -> object:
    def rule(_: Event) -> object:
        raise Failed(outcome)  # type: ignore[arg-type]  # the parameters below are its literals

    return rule


@pytest.mark.parametrize(
    "rule",
    [_fails("error"), _fails("timeout"), _fails("exited"), _fails("throttled"), lambda _: None, lambda _: "text",
     lambda _: {"body": "no status"}, lambda _: {"statusCode": 200, "body": 5}, lambda _: b"NaN"],
)  # fmt: skip
async def test_a_failed_function_is_told_to_the_client(rule: object) -> None:
    rules = {**SOCKET_RULES, "quiet": rule}
    async with running(manifest(*SOCKET_FUNCTIONS), rules) as stage, connect(stage.url) as client:  # type: ignore[arg-type]  # rules of every kind
        await client.send('{"action": "quiet"}')
        answer = json.loads(await client.recv())
        assert answer["message"] == "Internal server error"
        context = stage.runtime.of("quiet")[0]["requestContext"]
        assert answer["connectionId"] == context["connectionId"]
        assert answer["requestId"] == context["requestId"]


async def test_a_late_function_times_out_once_and_its_answer_is_lost() -> None:
    release = asyncio.Event()

    async def late() -> object:
        await release.wait()
        return {"statusCode": 200, "body": "too late"}

    rules = {**SOCKET_RULES, "echo": lambda _: late()}
    async with (
        running(manifest(*SOCKET_FUNCTIONS), rules, websocket_timeout_s=0.05) as stage,
        connect(stage.url) as client,
    ):
        await client.send('{"action": "echo"}')
        assert json.loads(await client.recv())["message"] == "Endpoint request timed out"
        release.set()
        await client.send("next")
        assert await client.recv() == "default:next"


async def test_messages_of_one_connection_are_served_side_by_side() -> None:
    first_may_end = asyncio.Event()

    async def answer(event: Event) -> object:
        if "first" in event["body"]:
            await first_may_end.wait()
        else:
            first_may_end.set()
        return {"statusCode": 200, "body": event["body"]}

    rules = {**SOCKET_RULES, "default": answer}
    async with running(manifest(*SOCKET_FUNCTIONS), rules) as stage, connect(stage.url) as client:
        await client.send("first")
        await client.send("second")
        assert {await client.recv(), await client.recv()} == {"first", "second"}


async def test_the_authorizer_context_reaches_every_event_as_text() -> None:
    rules = {
        **SOCKET_RULES,
        "authorizer": lambda event: policy("Allow", event["methodArn"], user="u_1", level=3, vip=True, share=0.5),
    }
    async with running(manifest(*SOCKET_FUNCTIONS, AUTHORIZER), rules) as stage:
        async with connect(stage.url) as client:
            await client.send('{"action": "echo"}')
            await client.recv()
        await eventually(lambda: bool(stage.runtime.of("disconnect")))
    for name in ("connect", "echo", "disconnect"):
        (event,) = stage.runtime.of(name)
        assert event["requestContext"]["authorizer"] == {
            "principalId": "someone", "user": "u_1", "level": "3", "vip": "true", "share": "0.5",
        }  # fmt: skip
    (asked,) = stage.runtime.of("authorizer")
    assert asked["type"] == "REQUEST"
    assert asked["methodArn"] == "arn:aws:execute-api:eu-west-1:000000000000:twinws0000/ws/$connect"
    assert asked["requestContext"]["routeKey"] == "$connect"
    assert asked["requestContext"]["eventType"] == "CONNECT"


async def test_the_observer_is_told_what_happens() -> None:
    async with running(manifest(*SOCKET_FUNCTIONS)) as stage:
        async with connect(stage.url) as client:
            await client.send('{"action": "echo"}')
            await client.recv()
        await eventually(lambda: stage.gateway.open_connections == 0)
        connection_id = stage.runtime.of("connect")[0]["requestContext"]["connectionId"]
        assert stage.recorder.told == [
            ("connection", connection_id, "opened", 101, ""),
            ("frame", connection_id, "echo", 18),
            ("connection", connection_id, "closed", 1000, ""),
        ]


async def test_gateways_know_their_own_connections_only() -> None:
    project = manifest(*SOCKET_FUNCTIONS)
    async with running(project) as one, running(project) as other, connect(one.url) as client:
        await client.send("hello")
        assert await client.recv() == "default:hello"
        assert one.gateway.open_connections == 1
        assert other.gateway.open_connections == 0
        assert other.runtime.events == []
