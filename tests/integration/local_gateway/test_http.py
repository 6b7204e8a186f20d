"""The HTTP API as a client meets it: functions' answers, the gateway's own, and the limits of HTTP itself."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Mapping

import pytest

from functions.manifest import HttpApi, HttpTrigger
from tests.integration.local_gateway.harness import (
    SOCKET_FUNCTIONS,
    SOCKET_RULES,
    Event,
    Failed,
    Rule,
    eventually,
    function,
    get,
    manifest,
    post,
    raw_client,
    running,
)

pytestmark = pytest.mark.anyio

PROJECT = manifest(
    function("pets", HttpTrigger(("GET /pets", "POST /pets", "GET /pets/{petId}"))),
    function("rest", HttpTrigger(("ANY /api/{proxy+}",))),
)


def mirror(event: Event) -> object:
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}


RULES: Mapping[str, Rule] = {"pets": mirror, "rest": mirror}


async def test_a_request_becomes_an_event_and_the_answer_comes_back() -> None:
    async with running(PROJECT, RULES) as stage, raw_client(stage.port) as client:
        answer = await client.ask(
            post("/api/a%20b?x=1&x=2&y=", b'{"a": 1}', "Content-Type: application/json", "X-Two: a", "X-Two: b",
                 "Cookie: one=1; two=2", "User-Agent: tester")
        )  # fmt: skip
        assert answer.status == 200
        assert len(answer.headers["apigw-requestid"]) == 16
        assert "date" in answer.headers
        event = answer.json()
        assert ("request", "POST", "/api/a%20b", 200, len(answer.body)) in stage.recorder.told
    context = event.pop("requestContext")
    headers = event.pop("headers")
    assert event == {
        "version": "2.0",
        "routeKey": "ANY /api/{proxy+}",
        "rawPath": "/api/a b",
        "rawQueryString": "x=1&x=2&y=",
        "queryStringParameters": {"x": "1,2", "y": ""},
        "pathParameters": {"proxy": "a b"},
        "cookies": ["one=1", "two=2"],
        "body": '{"a": 1}',
        "isBase64Encoded": False,
    }
    assert headers["x-two"] == "a,b"
    assert headers["content-length"] == "8"
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "http"
    assert "cookie" not in headers
    assert context["http"] == {
        "method": "POST", "path": "/api/a b", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "tester",
    }  # fmt: skip
    assert context["stage"] == "$default"
    assert context["domainName"] == f"localhost:{stage.port}"
    assert context["domainPrefix"] == "localhost"
    assert context["requestId"] == answer.headers["apigw-requestid"]


@pytest.mark.parametrize(
    ("returned", "status", "content_type", "body"),
    [
        ({"statusCode": 201, "body": "made"}, 201, "text/plain;charset=UTF-8", b"made"),
        ({"statusCode": 200, "headers": {"Content-Type": "image/png"}, "body": b64encode(b"\x89P").decode(),
          "isBase64Encoded": True}, 200, "image/png", b"\x89P"),
        ({"hello": "world"}, 200, "application/json", b'{"hello": "world"}'),
        ("just text", 200, "application/json", b"just text"),
        ([1, 2], 200, "application/json", b"[1, 2]"),
        (None, 200, "application/json", b"null"),
        ({"statusCode": "200"}, 500, "application/json", b'{"message":"Internal Server Error"}'),
        ({"statusCode": 200, "body": {"a": 1}}, 500, "application/json", b'{"message":"Internal Server Error"}'),
        (b"not json", 500, "application/json", b'{"message":"Internal Server Error"}'),
    ],
)  # fmt: skip
async def test_what_a_function_returns(returned: object, status: int, content_type: str, body: bytes) -> None:
    async with running(PROJECT, {"pets": lambda _: returned}) as stage, raw_client(stage.port) as client:
        answer = await client.ask(get("/pets"))
        assert (answer.status, answer.headers["content-type"], answer.body) == (status, content_type, body)


async def test_cookies_of_an_answer_become_set_cookie_headers() -> None:
    returned = {"statusCode": 204, "cookies": ["a=1; HttpOnly", "b=2"]}
    async with running(PROJECT, {"pets": lambda _: returned}) as stage, raw_client(stage.port) as client:
        answer = await client.ask(get("/pets"))
        assert (answer.status, answer.cookies) == (204, ["a=1; HttpOnly", "b=2"])
        assert "content-length" not in answer.headers


@pytest.mark.parametrize(("outcome", "status"), [("error", 500), ("timeout", 500), ("exited", 500), ("throttled", 503)])
async def test_a_failed_function(outcome: str, status: int) -> None:
    def rule(_: Event) -> object:
        raise Failed(outcome)  # type: ignore[arg-type]  # the parameters above are its literals

    async with running(PROJECT, {"pets": rule}) as stage, raw_client(stage.port) as client:
        assert (await client.ask(get("/pets"))).status == status
        assert (await client.ask(get("/pets"))).status == status


async def test_a_runtime_that_breaks_is_a_500_and_not_the_end(caplog: pytest.LogCaptureFixture) -> None:
    async with running(PROJECT, {}) as stage, raw_client(stage.port) as client:
        assert (await client.ask(get("/pets"))).status == 500
        assert (await client.ask(get("/nothing"))).status == 404
    assert "could not invoke pets" in caplog.text


async def test_a_slow_function_is_given_up() -> None:
    release = asyncio.Event()
    async with (
        running(PROJECT, {"pets": lambda _: release.wait()}, http_timeout_s=0.05) as stage,
        raw_client(stage.port) as client,
    ):
        answer = await client.ask(get("/pets"))
        assert (answer.status, answer.body) == (503, b'{"message":"Service Unavailable"}')
        release.set()


async def test_no_route() -> None:
    async with running(PROJECT, RULES) as stage, raw_client(stage.port) as client:
        for request in (
            get("/"),
            get("/nothing"),
            get("/pets", method="DELETE"),
            get("/api/"),
            get("*", method="OPTIONS"),
        ):
            answer = await client.ask(request)
            assert (answer.status, answer.body) == (404, b'{"message":"Not Found"}')
        assert stage.runtime.events == []


async def test_head_has_the_headers_and_no_body() -> None:
    async with running(PROJECT, RULES) as stage, raw_client(stage.port) as client:
        answer = await client.ask(get("/api/x", method="HEAD"))
        assert answer.status == 200
        assert int(answer.headers["content-length"]) > 0
        assert (await client.ask(get("/api/x"))).status == 200


async def test_chunked_bodies_and_continue() -> None:
    async with running(PROJECT, RULES) as stage, raw_client(stage.port) as client:
        await client.send(get("/pets", "Transfer-Encoding: chunked", "Content-Type: text/plain", method="POST"))
        answer = await client.ask(b"3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\nTrailer: x\r\n\r\n")
        assert answer.json()["body"] == "abcde"
        assert answer.json()["headers"]["content-length"] == "5"
        assert "transfer-encoding" not in answer.json()["headers"]
        assert "trailer" not in answer.json()["headers"]
        waiting = await client.ask(get("/pets", "Content-Length: 2", "Expect: 100-continue", method="POST"))
        assert waiting.status == 100
        assert (await client.ask(b"hi")).json()["body"] == b64encode(b"hi").decode()


async def test_pipelined_requests_are_answered_in_order() -> None:
    release = asyncio.Event()

    async def slow_first(event: Event) -> object:
        if event["pathParameters"]["petId"] == "0":
            await release.wait()
        return mirror(event)

    async with running(PROJECT, {"pets": slow_first}) as stage, raw_client(stage.port) as client:
        await client.send(b"".join(get(f"/pets/{number}") for number in range(30)))
        await eventually(lambda: len(stage.runtime.events) == 1)
        await client.send(get("/nothing"))
        release.set()
        for number in range(30):
            assert (await client.answer()).json()["pathParameters"] == {"petId": str(number)}
        assert (await client.answer()).status == 404


async def test_connection_close_and_http_1_0() -> None:
    async with running(PROJECT, RULES) as stage:
        async with raw_client(stage.port) as client:
            answer = await client.ask(get("/pets", "Connection: close"))
            assert answer.headers["connection"] == "close"
            assert await client.ended()
        async with raw_client(stage.port) as client:
            assert (await client.ask(b"GET /pets HTTP/1.0\r\n\r\n")).status == 200
            assert await client.ended()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        pytest.param(b"what is this\r\n\r\n", 400, id="no HTTP"),
        pytest.param(b"GET /pets HTTP/1.1\r\n\r\n", 400, id="no host"),
        pytest.param(b"GET /pets HTTP/3.7\r\nHost: x\r\n\r\n", 400, id="unknown version"),
        pytest.param(get("/pets", "Content-Length: 5", "Content-Length: 6", method="POST"), 400, id="two lengths"),
        pytest.param(
            get("/pets", "Content-Length: 5", "Transfer-Encoding: chunked", method="POST"), 400, id="length, chunks"),
        pytest.param(get("/pets", "Content-Length: x", method="POST"), 400, id="length is no number"),
        pytest.param(get("/pets", "Transfer-Encoding: chunked", method="POST") + b"zz\r\n", 400, id="bad chunk"),
        pytest.param(get("/pets", "X-Long: " + "x" * 10_300), 431, id="long header"),
        pytest.param(get("/pets", *(f"X-{number}: {'x' * 100}" for number in range(110))), 431, id="many headers"),
        pytest.param(get("/" + "x" * 10_300), 431, id="long path"),
        pytest.param(b"GET /pets HTTP/1.1\r\nX-Endless: " + b"x" * 60_000, 431, id="endless header"),
        pytest.param(get("/pets", "Content-Length: 10485761", method="POST"), 413, id="body said to be too large"),
        pytest.param(
            get("/pets", "Transfer-Encoding: chunked", method="POST") + b"a00001\r\n" + b"x" * 0xA00001, 413,
            id="body is too large"),
    ],
)  # fmt: skip
async def test_what_cannot_be_read_is_refused_and_ends_the_connection(data: bytes, status: int) -> None:
    async with running(PROJECT, RULES) as stage:
        async with raw_client(stage.port) as client:
            answer = await client.ask(data)
            assert answer.status == status
            assert set(answer.json()) == {"message"}
            assert await client.ended()
        async with raw_client(stage.port) as client:
            assert (await client.ask(get("/pets"))).status == 200
        assert len(stage.runtime.events) == 1


async def test_a_body_of_10_mb_passes() -> None:
    async with (
        running(PROJECT, {"pets": lambda event: {"size": len(event["body"])}}) as stage,
        raw_client(stage.port) as client,
    ):
        answer = await client.ask(post("/pets", b"x" * 10_485_760, "Content-Type: text/plain"))
        assert answer.json() == {"size": 10_485_760}


async def test_a_request_that_never_ends_and_a_silent_client_are_given_up() -> None:
    async with running(PROJECT, RULES, request_timeout_s=0.1, keep_alive_s=0.1) as stage:
        async with raw_client(stage.port) as client:
            assert (await client.ask(b"GET /pets HTTP/1.1\r\nHost:")).status == 408
            assert await client.ended()
        async with raw_client(stage.port) as client:
            assert await client.ended()


async def test_cors_is_the_gateways() -> None:
    cors = HttpApi(("https://app.example",), ("GET", "PATCH"), ("authorization",), ("x-a",), 60)
    project = manifest(function("pets", HttpTrigger(("ANY /pets",))), http=cors)
    returned = {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*", "X-A": "1"}}
    asked = ("Origin: https://app.example", "Access-Control-Request-Method: PATCH")
    async with running(project, {"pets": lambda _: returned}) as stage, raw_client(stage.port) as client:
        preflight = await client.ask(get("/anything", *asked, method="OPTIONS"))
        assert preflight.status == 204
        assert preflight.headers["access-control-allow-origin"] == "https://app.example"
        assert preflight.headers["access-control-allow-methods"] == "GET,PATCH"
        assert preflight.headers["access-control-allow-headers"] == "authorization"
        assert preflight.headers["access-control-max-age"] == "60"
        assert stage.runtime.events == []
        stranger = await client.ask(get("/pets", "Origin: https://evil.example", asked[1], method="OPTIONS"))
        assert stranger.status == 204
        assert "access-control-allow-origin" not in stranger.headers
        answer = await client.ask(get("/pets", asked[0]))
        assert answer.headers["access-control-allow-origin"] == "https://app.example"
        assert (answer.headers["x-a"], answer.headers["access-control-expose-headers"]) == ("1", "x-a")
        assert "access-control-allow-origin" not in (await client.ask(get("/pets"))).headers
        assert (await client.ask(get("/none", asked[0]))).headers["access-control-allow-origin"] == asked[0][8:]


async def test_cors_allows_nothing_that_is_not_named() -> None:
    project = manifest(function("pets", HttpTrigger(("ANY /pets",))), http=HttpApi(("*",)))
    async with running(project, {"pets": lambda _: "hello"}) as stage, raw_client(stage.port) as client:
        asked = ("Origin: https://app.example", "Access-Control-Request-Method: GET")
        for answer in (
            await client.ask(get("/pets", *asked, method="OPTIONS")),
            await client.ask(get("/pets", asked[0])),
        ):
            said = {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}
            assert said == {"access-control-allow-origin": "*"}


async def test_pages_of_the_twins_own() -> None:
    pages = {"/_local/metrics": lambda: ("text/plain", b"up 1\n")}
    project = manifest(*SOCKET_FUNCTIONS)
    async with running(project, SOCKET_RULES, extra=pages) as stage, raw_client(stage.port) as client:
        answer = await client.ask(get("/_local/metrics?x=1"))
        assert (answer.status, answer.headers["content-type"], answer.body) == (200, "text/plain", b"up 1\n")
        assert (await client.ask(post("/_local/metrics", b"x"))).status == 405
        assert (await client.ask(get("/_local/other"))).status == 404


async def test_an_upgrade_to_something_else_is_ignored() -> None:
    upgrade = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk")
    async with running(PROJECT, RULES) as stage, raw_client(stage.port) as client:
        await client.send(get("/pets/1", *upgrade) + get("/pets/2"))
        assert (await client.answer()).json()["pathParameters"] == {"petId": "1"}
        assert (await client.answer()).json()["pathParameters"] == {"petId": "2"}


async def test_absolute_targets_are_understood() -> None:
    async with running(PROJECT, RULES) as stage, raw_client(stage.port) as client:
        answer = await client.ask(get("http://localhost/pets/7?a=1#part"))
        assert answer.json()["rawPath"] == "/pets/7"
        assert answer.json()["rawQueryString"] == "a=1"


async def test_a_client_that_closed_its_half_still_gets_its_answers() -> None:
    release = asyncio.Event()

    async def slow(event: Event) -> object:
        await release.wait()
        return mirror(event)

    async with running(PROJECT, {"pets": slow}) as stage, raw_client(stage.port) as client:
        await client.send(get("/pets/1") + get("/pets/2"))
        client.writer.write_eof()
        await eventually(lambda: bool(stage.runtime.events))
        release.set()
        assert (await client.answer()).json()["pathParameters"] == {"petId": "1"}
        assert (await client.answer()).json()["pathParameters"] == {"petId": "2"}
        assert await client.ended()


async def test_stopping_lets_a_running_request_end() -> None:
    release = asyncio.Event()

    async def slow(event: Event) -> object:
        await release.wait()
        return mirror(event)

    async with running(PROJECT, {"pets": slow}) as stage, raw_client(stage.port) as client:
        await client.send(get("/pets"))
        await eventually(lambda: bool(stage.runtime.events))
        stopping = asyncio.create_task(stage.gateway.stop(5.0))
        await asyncio.sleep(0)
        release.set()
        answer = await client.answer()
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        await stopping


async def test_stopping_does_not_wait_for_ever() -> None:
    forever = asyncio.Event()
    async with running(PROJECT, {"pets": lambda _: forever.wait()}) as stage, raw_client(stage.port) as client:
        await client.send(get("/pets"))
        await eventually(lambda: bool(stage.runtime.events))
        async with asyncio.timeout(3.0):
            await stage.gateway.stop(0.1)
        assert await client.ended()
