"""@connections, called by AWS's own SDK and by hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.integration.local_gateway.harness import (
    KEY_ID,
    SECRET,
    SETTINGS,
    SOCKET_FUNCTIONS,
    SOCKET_RULES,
    Answer,
    Stage,
    eventually,
    get,
    manifest,
    post,
    raw_client,
    running,
)
from tests.integration.local_gateway.test_websocket_closing import opened

pytestmark = pytest.mark.anyio

PROJECT = manifest(*SOCKET_FUNCTIONS)


def sdk(stage: Stage, *, key_id: str = KEY_ID, secret: str = SECRET, region: str = SETTINGS.region) -> Any:
    return boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=stage.endpoint,
        region_name=region,
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}),
    )


async def call(operation: Callable[..., Any], **arguments: object) -> Any:
    """Calls the SDK, which blocks, from a thread."""
    return await asyncio.to_thread(operation, **arguments)


async def refusal(operation: Callable[..., Any], **arguments: object) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        await call(operation, **arguments)
    return caught.value.response["Error"]["Code"], caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


def connection_id(stage: Stage) -> str:
    found: str = stage.runtime.of("connect")[-1]["requestContext"]["connectionId"]
    return found


async def test_the_sdk_posts_reads_and_deletes() -> None:
    async with running(PROJECT) as stage, connect(stage.url, user_agent_header="tester/1") as client:
        api, target = sdk(stage), connection_id(stage)
        await call(api.post_to_connection, ConnectionId=target, Data="grüß dich".encode())
        assert await client.recv() == "grüß dich"
        told = await call(api.get_connection, ConnectionId=target)
        assert told["Identity"] == {"SourceIp": "127.0.0.1", "UserAgent": "tester/1"}
        assert abs(datetime.now(UTC) - told["ConnectedAt"]) < timedelta(minutes=1)
        assert told["LastActiveAt"] >= told["ConnectedAt"]
        answer = await call(api.delete_connection, ConnectionId=target)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert await refusal(api.post_to_connection, ConnectionId=target, Data=b"x") == ("GoneException", 410)
        await eventually(lambda: len(stage.runtime.of("disconnect")) == 1)
        assert ("post", target, 200, 11) in stage.recorder.told
        assert ("post", target, 410, 1) in stage.recorder.told


async def test_whom_it_does_not_know_is_gone() -> None:
    async with running(PROJECT) as stage, running(PROJECT) as other, connect(other.url):
        api = sdk(stage)
        for target in ("L0SM9cOFvHcCIhw=", "nobody", connection_id(other)):
            assert await refusal(api.post_to_connection, ConnectionId=target, Data=b"x") == ("GoneException", 410)
            assert (await refusal(api.get_connection, ConnectionId=target))[1] == 410
            assert (await refusal(api.delete_connection, ConnectionId=target))[1] == 410


async def test_a_connection_is_gone_until_its_connect_has_returned() -> None:
    seen: list[tuple[str, int]] = []
    stages: list[Stage] = []

    async def post_from_connect(event: dict[str, Any]) -> object:
        target = event["requestContext"]["connectionId"]
        seen.append(await refusal(sdk(stages[0]).post_to_connection, ConnectionId=target, Data=b"too early"))
        return {"statusCode": 200}

    async with running(PROJECT, {**SOCKET_RULES, "connect": post_from_connect}) as stage:
        stages.append(stage)
        async with connect(stage.url) as client:
            await client.send("hello")
            assert await client.recv() == "default:hello"
    assert seen == [("GoneException", 410)]


async def test_a_post_of_128_kb_passes_and_a_longer_one_does_not() -> None:
    async with running(PROJECT) as stage, connect(stage.url) as client:
        api, target = sdk(stage), connection_id(stage)
        await call(api.post_to_connection, ConnectionId=target, Data=b"x" * 131_072)
        assert await client.recv() == "x" * 131_072
        too_long = await refusal(api.post_to_connection, ConnectionId=target, Data=b"x" * 131_073)
        assert too_long == ("PayloadTooLargeException", 413)


async def test_bytes_that_are_no_text_go_as_binary() -> None:
    async with running(PROJECT) as stage, connect(stage.url) as client:
        await call(sdk(stage).post_to_connection, ConnectionId=connection_id(stage), Data=b"\xff\x00")
        assert await client.recv() == b"\xff\x00"


async def test_posts_beyond_the_rate_are_refused() -> None:
    async with running(PROJECT, requests_per_s=0.001, request_burst=1) as stage, connect(stage.url):
        api, target = sdk(stage), connection_id(stage)
        await call(api.post_to_connection, ConnectionId=target, Data=b"x")
        limited = await refusal(api.post_to_connection, ConnectionId=target, Data=b"x")
        assert limited == ("LimitExceededException", 429)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"secret": "another"}, "InvalidSignatureException"),
        ({"key_id": "AKIDSOMEONEELSE"}, "UnrecognizedClientException"),
        ({"region": "us-west-2"}, "InvalidSignatureException"),
    ],
)
async def test_the_wrong_key_or_region_is_refused(wrong: dict[str, str], code: str) -> None:
    async with running(PROJECT) as stage, connect(stage.url) as client:
        api, target = sdk(stage, **wrong), connection_id(stage)
        assert await refusal(api.post_to_connection, ConnectionId=target, Data=b"x") == (code, 403)
        assert await refusal(api.delete_connection, ConnectionId=target) == (code, 403)
        await client.send("still open")
        assert await client.recv() == "default:still open"


def signed(stage: Stage, path: str, body: bytes = b"", method: str = "POST") -> bytes:
    """A request that botocore signed, as bytes."""
    url = f"http://127.0.0.1:{stage.port}{path}"
    request = AWSRequest(method=method, url=url, data=body)
    SigV4Auth(Credentials(KEY_ID, SECRET), "execute-api", SETTINGS.region).add_auth(request)
    headers = [f"{name}: {value}" for name, value in request.headers.items()]
    head = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{stage.port}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*head, "", ""]).encode() + body


async def test_the_at_sign_may_come_percent_encoded() -> None:
    async with running(PROJECT) as stage, connect(stage.url) as client, raw_client(stage.port) as caller:
        target = quote(connection_id(stage), safe="")
        for prefix in ("/ws/@connections/", "/ws/%40connections/"):
            answer = await caller.ask(signed(stage, prefix + target, b"hello"))
            assert (answer.status, answer.body) == (200, b"")
            assert await client.recv() == "hello"


async def test_unsigned_and_tampered_requests_are_refused() -> None:
    async with running(PROJECT) as stage, connect(stage.url), raw_client(stage.port) as caller:
        path = f"/ws/@connections/{quote(connection_id(stage), safe='')}"

        def told(answer: Answer) -> tuple[int, str]:
            assert "message" in answer.json()
            return answer.status, answer.headers["x-amzn-errortype"]

        missing = 403, "MissingAuthenticationTokenException"
        assert told(await caller.ask(post(path, b"x"))) == missing
        assert told(await caller.ask(get(path))) == missing
        assert told(await caller.ask(get(path, method="DELETE"))) == missing
        tampered = signed(stage, path, b"hello").replace(b"hello", b"jello")
        assert told(await caller.ask(tampered)) == (403, "InvalidSignatureException")
        assert told(await caller.ask(get(path, "Authorization: Bearer x"))) == (403, "IncompleteSignatureException")
        assert told(await caller.ask(signed(stage, path, b"x", "PUT"))) == missing
        assert stage.gateway.open_connections == 1


async def test_many_posts_on_one_keep_alive_connection_arrive_in_order() -> None:
    async with running(PROJECT) as stage, connect(stage.url) as client, raw_client(stage.port) as caller:
        path = f"/ws/@connections/{quote(connection_id(stage), safe='')}"
        await caller.send(b"".join(signed(stage, path, str(number).encode()) for number in range(200)))
        for number in range(200):
            assert (await caller.answer()).status == 200
            assert await client.recv() == str(number)


async def test_posts_to_a_reader_that_does_not_read_are_refused_until_it_reads() -> None:
    async with (
        running(PROJECT, outgoing_buffer_bytes=300_000) as stage,
        raw_client(stage.port) as client,
        raw_client(stage.port) as caller,
    ):
        await opened(client)
        path = f"/ws/@connections/{quote(connection_id(stage), safe='')}"
        request = signed(stage, path, b"x" * 100_000)

        async def until_refused() -> int:
            # What the kernel buffers for the client is not bounded by the gateway, so the number of posts varies.
            posts = 0
            while (answer := await caller.ask(request)).status == 200:
                posts += 1
                assert posts < 1_000
            assert (answer.status, answer.headers["x-amzn-errortype"]) == (429, "LimitExceededException")
            return posts

        posts = await until_refused()
        # 100,000 bytes go as frames of 32 KB, with four bytes before each.
        await client.reader.readexactly(posts * (100_000 + 4 * 4))
        assert (await caller.ask(request)).status == 200
        assert stage.gateway.open_connections == 1


async def test_a_project_without_sockets_has_no_management_api() -> None:
    async with running(manifest()) as stage, raw_client(stage.port) as caller:
        answer = await caller.ask(signed(stage, "/ws/@connections/abc", b"x"))
        assert (answer.status, json.loads(answer.body)) == (404, {"message": "Not Found"})
