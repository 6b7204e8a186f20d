"""Every way a connection ends, hostile ones included."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from typing import cast

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.integration.local_gateway.harness import (
    DEADLINE_S,
    SOCKET_FUNCTIONS,
    SOCKET_RULES,
    RawClient,
    Stage,
    eventually,
    get,
    manifest,
    raw_client,
    running,
)
from tests.integration.local_gateway.test_websocket_admission import HANDSHAKE

pytestmark = pytest.mark.anyio

PROJECT = manifest(*SOCKET_FUNCTIONS)


def masked(
    opcode: int, payload: bytes, *, final: bool = True, bits: int = 0, mask: bytes = b"\x01\x02\x03\x04"
) -> bytes:
    """A client's frame."""
    first = opcode | bits | (0x80 if final else 0)
    size = len(payload)
    if size < 126:
        head = bytes((first, 0x80 | size))
    elif size < 0x10000:
        head = struct.pack("!BBH", first, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, size)
    return head + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))


async def opened(client: RawClient) -> None:
    assert (await client.ask(get("/ws", *HANDSHAKE))).status == 101


async def closing_code(client: RawClient) -> int:
    """The code of the close frame that comes next."""
    async with asyncio.timeout(DEADLINE_S):
        first, size = await client.reader.readexactly(2)
        payload = await client.reader.readexactly(size)
    assert first == 0x88
    return int.from_bytes(payload[:2], "big")


async def disconnected(stage: Stage) -> tuple[int, str]:
    """What `$disconnect` was told, and that it came once."""
    await eventually(lambda: bool(stage.runtime.of("disconnect")))
    await stage.gateway.stop(2.0)
    (event,) = stage.runtime.of("disconnect")
    context = event["requestContext"]
    assert context["eventType"] == "DISCONNECT"
    assert context["routeKey"] == "$disconnect"
    return context["disconnectStatusCode"], context["disconnectReason"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(masked(1, b"x" * 32_769), 1009, id="frame over 32 KB"),
        pytest.param(struct.pack("!BBQ", 0x81, 0xFF, 1 << 40), 1009, id="frame said to be huge"),
        pytest.param(
            masked(1, b"x" * 32_768, final=False) + masked(0, b"x" * 32_768, final=False) * 3 + masked(0, b"x"), 1009,
            id="message over 128 KB"),
        pytest.param(masked(2, b"binary"), 1003, id="binary"),
        pytest.param(masked(1, b"\xff\xfe"), 1007, id="bad UTF-8"),
        pytest.param(masked(1, b"\xc3", final=False) + masked(0, b"x"), 1007, id="bad UTF-8 over fragments"),
        pytest.param(b"\x81\x05hello", 1002, id="not masked"),
        pytest.param(masked(1, b"x", bits=0x40), 1002, id="reserved bit"),
        pytest.param(masked(3, b"x"), 1002, id="unknown opcode"),
        pytest.param(masked(0, b"x"), 1002, id="continuation of nothing"),
        pytest.param(masked(1, b"x", final=False) + masked(1, b"y"), 1002, id="text within a message"),
        pytest.param(masked(9, b"x", final=False), 1002, id="fragmented ping"),
        pytest.param(masked(9, b"x" * 126), 1002, id="long ping"),
        pytest.param(b"\x81\xfe\x00\x05" + bytes(4) + b"hello", 1002, id="length not minimal"),
        pytest.param(masked(8, b"\x03"), 1002, id="close of one byte"),
        pytest.param(masked(8, struct.pack("!H", 1005)), 1002, id="close with a code that is never sent"),
        pytest.param(masked(8, struct.pack("!H", 1000) + b"\xff"), 1007, id="close with bad UTF-8"),
    ],
)  # fmt: skip
async def test_what_breaks_the_rules_closes_the_connection(data: bytes, code: int) -> None:
    async with running(PROJECT) as stage, raw_client(stage.port) as client:
        await opened(client)
        await client.send(data)
        assert await closing_code(client) == code
        await client.send(masked(8, struct.pack("!H", code)))
        assert await client.ended()
        assert (await disconnected(stage))[0] == code
        assert stage.runtime.of("default") == []


async def test_a_message_of_128_kb_in_frames_of_32_kb_is_taken() -> None:
    sizes: list[int] = []

    def count(event: dict[str, str]) -> object:
        sizes.append(len(event["body"]))
        return {"statusCode": 200, "body": event["body"]}

    async with (
        running(PROJECT, {**SOCKET_RULES, "default": count}) as stage,
        connect(stage.url, max_size=None) as client,
    ):
        await client.send(["x" * 32_768] * 4)
        assert await client.recv() == "x" * 131_072
        assert sizes == [131_072]


async def test_frames_arriving_byte_by_byte_and_control_frames_between_fragments() -> None:
    async with running(PROJECT) as stage, raw_client(stage.port) as client:
        await opened(client)
        data = masked(1, b"a", final=False) + masked(9, b"hi") + masked(0, b"", final=False) + masked(0, b"b")
        for byte in data:
            await client.send(bytes((byte,)))
        assert await client.reader.readexactly(4) == b"\x8a\x02hi"
        assert await client.reader.readexactly(12) == b"\x81\x0adefault:ab"


async def test_an_empty_message_is_a_message() -> None:
    async with running(PROJECT) as stage, connect(stage.url) as client:
        await client.send("")
        assert await client.recv() == "default:"


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        (struct.pack("!H", 1000) + b"bye", (1000, "bye")),
        (struct.pack("!H", 4001), (4001, "")),
        (b"", (1005, "Client-side close frame status not set")),
    ],
)
async def test_a_client_close_is_answered_and_told(payload: bytes, told: tuple[int, str]) -> None:
    async with running(PROJECT) as stage, raw_client(stage.port) as client:
        await opened(client)
        await client.send(masked(8, payload))
        assert await client.reader.readexactly(2 + len(payload[:2])) == bytes((0x88, len(payload[:2]))) + payload[:2]
        assert await client.ended()
        assert await disconnected(stage) == told


async def test_a_broken_connection_is_told_as_1006() -> None:
    async with running(PROJECT) as stage:
        async with raw_client(stage.port) as client:
            await opened(client)
            raw: socket.socket = client.writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.writer.transport.abort()
        assert await disconnected(stage) == (1006, "")


async def _closed_by_server(client: ClientConnection) -> tuple[int, str]:
    with pytest.raises(ConnectionClosed) as caught:
        async with asyncio.timeout(DEADLINE_S):
            await client.recv()
    received = caught.value.rcvd
    assert received is not None
    return received.code, received.reason


async def test_an_idle_connection_is_closed_and_pings_do_not_count() -> None:
    async with running(PROJECT, idle_timeout_s=0.2) as stage, connect(stage.url, ping_interval=0.02) as client:
        assert await _closed_by_server(client) == (1001, "Going away")
        assert await disconnected(stage) == (1001, "Going away")


async def _talk_on(client: ClientConnection) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while True:
            await client.send("still here")
            await client.recv()
            await asyncio.sleep(0.02)  # the pace of a client's messages, not a wait for something


async def test_messages_keep_a_connection_open_until_its_longest_duration() -> None:
    async with (
        running(PROJECT, idle_timeout_s=0.3, max_duration_s=0.6) as stage,
        connect(stage.url) as client,
    ):
        begun = asyncio.get_running_loop().time()
        with pytest.raises(ConnectionClosed) as caught:
            await _talk_on(client)
        assert asyncio.get_running_loop().time() - begun >= 0.5
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1001


async def test_a_reader_that_does_not_read_is_dropped() -> None:
    big = "x" * 30_000

    async with (
        running(PROJECT, {**SOCKET_RULES, "default": lambda _: {"statusCode": 200, "body": big}},
                outgoing_buffer_bytes=200_000) as stage,
        raw_client(stage.port) as client,
    ):  # fmt: skip
        await opened(client)
        cast("asyncio.Transport", client.writer.transport).pause_reading()
        async with asyncio.timeout(DEADLINE_S):
            while not stage.runtime.of("disconnect"):
                client.writer.write(masked(1, b"more"))
                await asyncio.sleep(0)
        assert (await disconnected(stage))[0] == 1006


async def test_more_messages_in_flight_than_allowed_wait_and_none_is_lost() -> None:
    release = asyncio.Event()

    async def answer(event: dict[str, str]) -> object:
        await release.wait()
        return {"statusCode": 200, "body": event["body"]}

    async with (
        running(PROJECT, {**SOCKET_RULES, "default": answer}, messages_in_flight=4) as stage,
        connect(stage.url) as client,
    ):
        for number in range(50):
            await client.send(str(number))
        await eventually(lambda: len(stage.runtime.of("default")) == 4)
        release.set()
        assert sorted([int(await client.recv()) for _ in range(50)]) == list(range(50))


async def test_messages_beyond_the_rate_are_refused_and_the_connection_goes_on() -> None:
    async with running(PROJECT, requests_per_s=0.001, request_burst=1) as stage, connect(stage.url) as client:
        await client.send("one")
        assert await client.recv() == "default:one"
        await client.send("two")
        assert json.loads(await client.recv())["message"] == "Too Many Requests"


async def test_stopping_closes_connections_and_delivers_their_disconnects() -> None:
    async with running(PROJECT) as stage:
        clients = [await connect(stage.url) for _ in range(20)]
        _, *codes = await asyncio.gather(stage.gateway.stop(5.0), *(_closed_by_server(client) for client in clients))
        assert codes == [(1001, "Going away")] * 20
        assert len(stage.runtime.of("disconnect")) == 20
        with pytest.raises(OSError, match="Connect"):
            await connect(stage.url)


async def test_stopping_does_not_wait_for_a_client_that_never_answers_the_close() -> None:
    async with running(PROJECT) as stage, raw_client(stage.port) as client:
        await opened(client)
        await stage.gateway.stop(5.0)
        assert await closing_code(client) == 1001
        assert len(stage.runtime.of("disconnect")) == 1


async def test_hundreds_of_connections_come_and_go() -> None:
    async with running(PROJECT) as stage:
        clients = await asyncio.gather(*(connect(stage.url, ping_interval=None) for _ in range(300)))
        assert stage.gateway.open_connections == 300
        await asyncio.gather(*(client.close() for client in clients))
        await eventually(lambda: len(stage.runtime.of("disconnect")) == 300)
        assert stage.gateway.open_connections == 0


@pytest.mark.parametrize("size", [1, 125, 126, 127, 32_768])
async def test_every_length_encoding_is_read_and_written(size: int) -> None:
    rules = {**SOCKET_RULES, "default": lambda event: {"statusCode": 200, "body": event["body"]}}
    async with running(PROJECT, rules) as stage, connect(stage.url) as client:
        await client.send("y" * size)
        assert await client.recv() == "y" * size
