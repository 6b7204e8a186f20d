"""The client that never reads, and when its gateway is taken to be full."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading

import httpx
import pytest

from bench.client import ParleyClient, Person
from bench.load.dead import AT_ONCE, DeadClient, fill
from bench.load.figures import MeasurementError


@pytest.mark.parametrize(
    ("answer", "opens"), [(b"HTTP/1.1 101 Switching Protocols", True), (b"HTTP/1.1 403 No", False)]
)
def test_a_dead_client_opens_a_socket_and_reads_no_more_than_the_answer(answer: bytes, opens: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        heads: list[bytes] = []

        def serve() -> None:
            wire, _ = server.accept()
            with wire:
                heads.append(wire.recv(65_536))
                wire.sendall(answer + b"\r\n\r\nwhat nobody reads")
                with contextlib.suppress(ConnectionError):  # it ends with something unread
                    wire.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        address = f"ws://127.0.0.1:{server.getsockname()[1]}/ws"
        if opens:
            DeadClient.connect(address, "token").close()
        else:
            with pytest.raises(MeasurementError, match="403"):
                DeadClient.connect(address, "token")
        thread.join(10)
    assert heads[0].startswith(b"GET /ws HTTP/1.1\r\n")
    assert b"\r\nAuthorization: Bearer token\r\n" in heads[0]


class _Stage:
    """A stack that takes messages, and after some of them refuses to push."""

    def __init__(self, *, takes: int) -> None:
        self.sent = 0
        self._takes = takes
        self._asked = 0

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/conversations":
            return httpx.Response(201, json={"conversationId": "c_1"})
        if request.url.path == "/api/chat/send":
            self.sent += 1
            return httpx.Response(202, json={"messageId": f"m_{self.sent}"})
        self._asked += 1
        if self._asked % 2:
            return httpx.Response(404, json={"code": "not_found"})  # it is not stored yet
        outcome = "pushed" if self.sent <= self._takes else "failed"
        return httpx.Response(200, json={"deliveries": [{"outcome": outcome}]})


async def _fill(stage: _Stage) -> None:
    async with ParleyClient("http://stage", transport=httpx.MockTransport(stage.answer)) as client:
        owner, other = (Person(client, name, name, name, "token") for name in ("u_1", "u_2"))
        await fill(owner, other)


def test_a_dead_client_is_written_to_until_a_push_fails() -> None:
    stage = _Stage(takes=3 * AT_ONCE)
    asyncio.run(_fill(stage))
    assert stage.sent == 4 * AT_ONCE


def test_one_whose_gateway_takes_everything_is_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.load.dead.LIMIT", 5 * AT_ONCE)
    with pytest.raises(MeasurementError, match="took everything"):
        asyncio.run(_fill(_Stage(takes=1_000_000)))
