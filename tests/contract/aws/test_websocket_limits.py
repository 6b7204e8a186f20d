"""Limits of a WebSocket, and what breaks its rules."""

from __future__ import annotations

import struct

import pytest

from tests.contract.aws.api import Api, closed, event_of, said, told
from tests.contract.aws.conftest import Serve
from tests.contract.aws.raw import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Frame, frame, raw_socket
from tests.contract.aws.sources import (
    ACCOUNT_QUOTAS,
    BINARY_MEDIA,
    WEBSOCKET_QUOTAS,
    documented,
    unverified,
)

pytestmark = pytest.mark.anyio

KIB = 1024
WHOLE_FRAME = b'{"action":"echo","data":"' + b"x" * (32 * KIB - 27) + b'"}'


@documented(WEBSOCKET_QUOTAS)
async def test_a_frame_of_32_kb_is_taken(api: Api) -> None:
    assert len(WHOLE_FRAME) == 32 * KIB
    async with api.connect() as socket:
        await socket.send(WHOLE_FRAME.decode())
        assert await said(socket) == WHOLE_FRAME.decode()


@documented(WEBSOCKET_QUOTAS)
async def test_a_frame_over_32_kb_closes_with_1009(api: Api) -> None:
    async with api.connect() as socket:
        await socket.send("x" * (32 * KIB + 1))
        assert (await closed(socket))[0] == 1009


@documented(WEBSOCKET_QUOTAS)
async def test_a_message_of_128_kb_in_frames_of_32_kb_is_taken(api: Api) -> None:
    text = '{"action":"nothing","data":"' + "x" * (128 * KIB - 30) + '"}'
    parts = [text[start : start + 32 * KIB] for start in range(0, len(text), 32 * KIB)]
    async with api.connect() as socket:
        await socket.send(iter(parts))
        assert (await event_of(socket))["requestContext"]["routeKey"] == "event"


@documented(WEBSOCKET_QUOTAS)
async def test_a_message_over_128_kb_closes_with_1009(api: Api) -> None:
    async with api.connect() as socket:
        await socket.send(iter(["x" * 32 * KIB] * 4 + ["x"]))
        assert (await closed(socket))[0] == 1009


@documented(BINARY_MEDIA)
async def test_a_binary_frame_closes_with_1003(api: Api) -> None:
    async with api.connect() as socket:
        await socket.send(b"\x00\x01")
        assert (await closed(socket))[0] == 1003


@documented(WEBSOCKET_QUOTAS)
async def test_an_idle_connection_is_closed_with_1001(api: Api, serve: Serve) -> None:
    """After 10 minutes. The code and that pings do not count are unverified."""
    api.here_only("it takes 10 minutes")
    async with serve(idle_timeout_s=0.3) as impatient, raw_socket(impatient.url()) as socket:
        received = Frame(PONG, b"")
        while received.opcode == PONG:
            socket.send(frame(PING))
            received = await socket.receive()
        assert received == (CLOSE, struct.pack("!H", 1001) + b"Going away")


@documented(WEBSOCKET_QUOTAS)
async def test_a_connection_has_its_longest_duration(api: Api, serve: Serve) -> None:
    """After two hours, however busy. The code is unverified."""
    api.here_only("it takes two hours")
    async with serve(max_duration_s=0.5) as impatient, impatient.connect() as socket:
        assert (await closed(socket))[0] == 1001


@documented(WEBSOCKET_QUOTAS)
async def test_connects_over_the_rate_are_a_429(api: Api, serve: Serve) -> None:
    """500 a second in an account."""
    api.here_only("it would starve the account's other APIs")
    async with serve(connects_per_s=0.001, connect_burst=1) as strict, strict.connect():
        assert (await strict.refused())[0] == 429


@documented(ACCOUNT_QUOTAS)
async def test_messages_over_the_rate_are_refused(api: Api, serve: Serve) -> None:
    """10,000 a second in an account, callbacks included. The frame is unverified."""
    api.here_only("it would starve the account's other APIs")
    async with serve(requests_per_s=0.001, request_burst=1) as strict, strict.connect() as socket:
        await event_of(socket)
        await socket.send('{"action":"event"}')
        assert (await told(socket))["message"] == "Too Many Requests"


@unverified("RFC 6455 says how these end; whether AWS goes by it to the letter is not documented")
@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(frame(TEXT, b"\xc3", final=False) + frame(CONTINUATION, b"x"), 1007, id="bad UTF-8"),
        pytest.param(frame(TEXT, b"x", bits=0x40), 1002, id="reserved bit"),
        pytest.param(frame(3), 1002, id="unknown opcode"),
        pytest.param(frame(CONTINUATION, b"x"), 1002, id="continuation of nothing"),
        pytest.param(frame(PING, b"x" * 126), 1002, id="long ping"),
        pytest.param(frame(PING, b"x", final=False), 1002, id="fragmented ping"),
        pytest.param(frame(CLOSE, b"\x03"), 1002, id="half a close code"),
        pytest.param(frame(CLOSE, struct.pack("!H", 1005)), 1002, id="a close code that nobody may send"),
        pytest.param(frame(CLOSE, struct.pack("!H", 999)), 1002, id="a close code below all"),
        pytest.param(frame(CLOSE, struct.pack("!H", 1000) + b"\xff"), 1007, id="a close reason that is no text"),
        pytest.param(frame(BINARY, b"", final=False), 1003, id="an empty binary fragment"),
        pytest.param(b"\x81\x05hello", 1002, id="not masked"),
    ],
)
async def test_what_breaks_the_rules_closes_the_connection(api: Api, data: bytes, code: int) -> None:
    async with raw_socket(api.url()) as socket:
        socket.send(data)
        assert await socket.close_code() == code


@unverified("RFC 6455, sections 5.4 and 5.5; AWS says nothing of them")
async def test_fragments_with_control_frames_between_and_empty_ones_are_one_message(api: Api) -> None:
    async with raw_socket(api.url()) as socket:
        socket.send(frame(TEXT, b'{"action":', final=False) + frame(CONTINUATION, b"", final=False))
        socket.send(frame(PING, b"are you there") + frame(PONG, b"nobody asked"))
        socket.send(frame(CONTINUATION, b'"echo"', final=False) + frame(CONTINUATION, b"}", final=True))
        assert await socket.receive() == (PONG, b"are you there")
        assert await socket.receive() == (TEXT, b'{"action":"echo"}')


@documented(WEBSOCKET_QUOTAS)
async def test_a_url_over_4096_characters_is_refused(api: Api) -> None:
    """The status is unverified."""
    assert 400 <= (await api.refused(pad="x" * 4096))[0] < 500


@unverified("the HTTP API's 10,240 bytes of headers are taken to hold for upgrades too")
async def test_an_upgrade_with_huge_headers_is_refused(api: Api) -> None:
    async with raw_socket(api.url(), f"X-Large: {'x' * 12_000}") as socket:
        assert 400 <= socket.status < 500
