"""@connections, by AWS's own SDK."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.contract.aws.api import Api, closed, event_of, id_of, said
from tests.contract.aws.conftest import KEY_ID, SECRET, Serve
from tests.contract.aws.raw import TEXT, frame, raw_socket
from tests.contract.aws.sources import (
    ACCOUNT_QUOTAS,
    CALLBACK_410,
    CALLBACK_API,
    CALLBACK_COMMANDS,
    CONNECT_ROUTES,
    WEBSOCKET_QUOTAS,
    documented,
    unverified,
)

pytestmark = pytest.mark.anyio


@documented(CALLBACK_COMMANDS, CALLBACK_API)
async def test_post_sends_a_message(api: Api) -> None:
    async with api.connect() as socket:
        assert await api.post(await id_of(socket), "grüß dich".encode()) == ""
        assert await said(socket) == "grüß dich"


@documented(CALLBACK_COMMANDS, CALLBACK_API)
async def test_get_tells_of_a_connection(api: Api) -> None:
    async with api.connect() as socket:
        told = await api.get(await id_of(socket))
    assert told["Identity"]["UserAgent"] == "conformance/1"
    assert told["Identity"]["SourceIp"]
    assert abs(datetime.now(UTC) - told["ConnectedAt"]) < timedelta(minutes=5)
    assert told["LastActiveAt"] >= told["ConnectedAt"]


@documented(CALLBACK_COMMANDS, CALLBACK_API)
async def test_delete_closes_a_connection(api: Api) -> None:
    """The code that the client is closed with is unverified, so any will do."""
    async with api.connect() as socket:
        target = await id_of(socket)
        assert await api.delete(target) == ""
        await closed(socket)
        assert await api.delete(target) == "410 GoneException"


@documented(CALLBACK_410)
async def test_a_closed_and_an_unknown_connection_are_gone(api: Api) -> None:
    async with api.connect() as socket:
        target = await id_of(socket)
    for gone in (target, "L0SM9cOFvHcCIhw="):
        async with asyncio.timeout(30):
            while (answer := await api.post(gone, b"x")) == "":
                pass  # a real API may take a moment to notice
        assert answer == "410 GoneException"
        assert await api.get(gone) == "410 GoneException"


@documented(CALLBACK_410, CONNECT_ROUTES)
async def test_a_connection_is_gone_until_its_connect_has_returned(api: Api) -> None:
    async with api.connect(connect="post") as socket:
        assert (await event_of(socket))["requestContext"]["eventType"] == "MESSAGE"


@documented(WEBSOCKET_QUOTAS, CALLBACK_API)
async def test_a_post_of_128_kb_passes_and_a_longer_one_is_a_413(api: Api) -> None:
    async with api.connect() as socket:
        target = await id_of(socket)
        assert await api.post(target, b"x" * 131_072) == ""
        assert await said(socket) == "x" * 131_072
        assert await api.post(target, b"x" * 131_073) == "413 PayloadTooLargeException"


@documented(CALLBACK_COMMANDS)
async def test_who_signs_with_a_wrong_key_is_refused(api: Api) -> None:
    async with api.connect() as socket:
        target = await id_of(socket)
        wrong = {"aws_access_key_id": KEY_ID, "aws_secret_access_key": "another"}
        assert (await api.post(target, b"x", wrong)).startswith("403 ")


@documented(CALLBACK_COMMANDS)
async def test_an_unsigned_request_is_refused(api: Api) -> None:
    async with api.web() as web:
        url = api.ws_url.replace("ws", "http", 1) + "/@connections/abc%3D"
        answer = await web.post(url, content=b"x")
    assert answer.status_code == 403
    assert answer.headers["x-amzn-errortype"].startswith("MissingAuthenticationToken")


@documented(CALLBACK_COMMANDS)
async def test_the_connection_id_comes_percent_encoded(api: Api) -> None:
    """SDKs encode the `=` that ids end in; the page asks for it from whoever signs by hand."""
    api.here_only("it signs with the twin's own keys")
    async with api.connect() as socket, api.web() as web:
        target = quote(await id_of(socket), safe="")
        assert target.endswith("%3D")
        url = f"{api.ws_url.replace('ws', 'http', 1)}/@connections/{target}"
        request = AWSRequest("POST", url, data=b"hello")
        SigV4Auth(Credentials(KEY_ID, SECRET), "execute-api", api.region).add_auth(request)
        answer = await web.post(url, content=b"hello", headers=dict(request.headers.items()))
        assert answer.status_code == 200
        assert await said(socket) == "hello"
        assert urlsplit(str(answer.url)).path.endswith("%3D")


@documented(CALLBACK_API, ACCOUNT_QUOTAS)
async def test_posts_over_the_rate_are_a_429(api: Api, serve: Serve) -> None:
    api.here_only("it would starve the account's other APIs")
    async with serve(requests_per_s=0.001, request_burst=2) as strict, strict.connect() as socket:
        target = await id_of(socket)
        assert await strict.post(target, b"x") == ""
        assert await strict.post(target, b"x") == "429 LimitExceededException"


@documented(CALLBACK_API)
async def test_posts_to_a_client_whose_buffer_is_full_are_a_429(api: Api, serve: Serve) -> None:
    """How much a buffer holds is not documented, so a real API is not asked."""
    api.here_only("how much has to be sent is not documented")
    async with serve(outgoing_buffer_bytes=200_000) as small, raw_socket(small.url()) as reader:
        reader.send(frame(TEXT, b'{"action":"event"}'))
        target = json.loads((await reader.receive()).payload)["requestContext"]["connectionId"]
        answers = [await small.post(target, b"x" * 131_072)]
        while answers[-1] == "" and len(answers) < 1_000:
            answers.append(await small.post(target, b"x" * 131_072))
    assert answers[-1] == "429 LimitExceededException"


@unverified("that bytes which are no UTF-8 go as a binary message, and text as a text message")
async def test_bytes_that_are_no_text_go_as_binary(api: Api) -> None:
    async with api.connect() as socket:
        assert await api.post(await id_of(socket), b"\xff\x00") == ""
        assert await said(socket) == b"\xff\x00"
