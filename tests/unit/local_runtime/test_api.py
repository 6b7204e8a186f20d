"""The Runtime API spoken byte by byte: what AWS's client never sends must be refused, too."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from local.runtime.api import WorkerConnection
from local.runtime.settings import MAX_RESPONSE_BYTES

pytestmark = pytest.mark.anyio

NEXT = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: local\r\n\r\n"


@dataclass
class ScriptedWorker:
    """Stands where an environment would, with one invocation "r-1" running."""

    told: list[tuple[str, object]] = field(default_factory=list)
    takes_next: bool = True
    waiting: WorkerConnection | None = None
    waits: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    def reached(self, connection: WorkerConnection, point: str, when: str) -> None:
        self.told.append(("reached", (point, when)))
        connection.go_on()

    def connected(self, connection: WorkerConnection) -> None:
        self.told.append(("connected", None))

    def disconnected(self, connection: WorkerConnection, waited: bool) -> None:
        self.told.append(("disconnected", waited))
        self.gone.set()

    def wants_next(self, connection: WorkerConnection) -> bool:
        self.waiting = connection
        self.waits.set()
        return self.takes_next

    def responded(self, request_id: str, body: bytes) -> bool:
        self.told.append(("responded", body))
        return request_id == "r-1"

    def failed(self, request_id: str, body: bytes) -> bool:
        self.told.append(("failed", body))
        return request_id == "r-1"

    def response_too_large(self, request_id: str, size: int) -> None:
        self.told.append(("too large", size))

    def init_failed(self, body: bytes) -> None:
        self.told.append(("init failed", body))


@dataclass
class Client:
    worker: ScriptedWorker
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        async with asyncio.timeout(10):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.split(": ", 1) for line in head[1:] if line)
            body = await self.reader.readexactly(int(headers["Content-Length"]))
        return int(head[0].split(" ")[1]), headers, body

    async def post(self, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        self.writer.write(f"POST {path} HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        return await self.answer()


@asynccontextmanager
async def connected() -> AsyncIterator[Client]:
    worker = ScriptedWorker()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: WorkerConnection(worker), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    try:
        yield Client(worker, reader, writer)
    finally:
        writer.close()
        await writer.wait_closed()
        server.close()


async def test_requests_cut_into_single_bytes_and_sent_together_are_understood() -> None:
    async with connected() as client:
        post = b'POST /2018-06-01/runtime/invocation/r-1/response HTTP/1.1\r\nContent-Length: 4\r\n\r\n"ok"'
        for byte in post:
            client.writer.write(bytes([byte]))
            await client.writer.drain()
        assert (await client.answer())[0] == 202
        client.writer.write(post + post + NEXT)
        assert [(await client.answer())[0] for _ in range(2)] == [202, 202]
        assert client.worker.told.count(("responded", b'"ok"')) == 3


async def test_a_chunked_body_is_put_together() -> None:
    async with connected() as client:
        client.writer.write(
            b"POST /2018-06-01/runtime/invocation/r-1/response HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
            b'3\r\n"o\xc3\r\n2\r\n\xb6"\r\n0\r\n\r\n'
        )
        assert (await client.answer())[0] == 202
        assert ("responded", '"oö"'.encode()) in client.worker.told


@pytest.mark.parametrize(
    ("path", "status", "error_type"),
    [
        ("/2018-06-01/runtime/invocation/other/response", 400, "InvalidRequestID"),
        ("/2018-06-01/runtime/invocation/other/error", 400, "InvalidRequestID"),
        ("/2018-06-01/runtime/invocation/r-1/elsewhere", 404, "NotFound"),
        ("/", 404, "NotFound"),
    ],
)
async def test_what_no_invocation_waits_for_is_refused(path: str, status: int, error_type: str) -> None:
    async with connected() as client:
        found, headers, body = await client.post(path, b"{}")
    assert (found, headers["Content-Type"]) == (status, "application/json")
    assert json.loads(body)["errorType"] == error_type


async def test_errors_reach_the_worker() -> None:
    async with connected() as client:
        assert (await client.post("/2018-06-01/runtime/invocation/r-1/error", b'{"a":1}'))[0] == 202
        assert (await client.post("/2018-06-01/runtime/init/error", b'{"b":1}'))[0] == 202
        assert client.worker.told[1:] == [("failed", b'{"a":1}'), ("init failed", b'{"b":1}')]


async def test_the_size_limit_is_exact_and_a_larger_answer_is_not_kept() -> None:
    path = "/2018-06-01/runtime/invocation/r-1/response"
    async with connected() as client:
        assert (await client.post(path, b"x" * MAX_RESPONSE_BYTES))[0] == 202
        status, _, body = await client.post(path, b"x" * (MAX_RESPONSE_BYTES + 1))
        assert (status, json.loads(body)["errorType"]) == (413, "RequestEntityTooLarge")
        assert client.worker.told[-1] == ("too large", MAX_RESPONSE_BYTES + 1)


async def test_a_next_before_the_answer_is_refused() -> None:
    async with connected() as client:
        client.worker.takes_next = False
        client.writer.write(NEXT)
        status, _, body = await client.answer()
        assert (status, json.loads(body)["errorType"]) == (403, "InvalidStateTransition")


async def test_an_invocation_goes_out_on_the_connection_that_waits() -> None:
    async with connected() as client:
        client.writer.write(NEXT)
        async with asyncio.timeout(10):
            await client.worker.waits.wait()
        assert client.worker.waiting is not None
        event = b"[" + b"1," * 50_000 + b"1]"
        head = b"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: r-2\r\nContent-Length: %d\r\n\r\n" % len(event)
        client.worker.waiting.send_invocation(head, event)
        status, headers, body = await client.answer()
    assert (status, headers["Lambda-Runtime-Aws-Request-Id"], body) == (200, "r-2", event)


async def test_who_does_not_speak_http_is_cut_off_and_a_lost_wait_is_told() -> None:
    async with connected() as client:
        client.writer.write(NEXT)
        client.writer.write(b"\x00\x01 nonsense\r\n\r\n")
        async with asyncio.timeout(10):
            assert await client.reader.read() == b""
            await client.worker.gone.wait()
        assert ("disconnected", True) in client.worker.told
