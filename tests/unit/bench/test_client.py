"""The client against a small server that says exactly what the test tells it to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import orjson
import pytest
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

from bench.client import ApiError, Device, FrameError, ParleyClient, Person, UpgradeRefusedError, open_socket
from bench.client.rest import Json

Reply = Callable[[WSTransport, Json], None]


class Scripted(WSListener):
    """Gives each client frame to `reply`, with the transport to answer on."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.closed: list[int] = []

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.TEXT:
            self.reply(transport, orjson.loads(frame.get_payload_as_bytes()))
        elif frame.msg_type is WSMsgType.CLOSE:
            self.closed.append(int(frame.get_close_code().value))
            transport.send_close(frame.get_close_code())
            transport.disconnect()


@asynccontextmanager
async def device_of(reply: Reply) -> AsyncIterator[Device]:
    """A device on a server that answers by `reply`; upgrades without the ticket `good` are refused."""

    def accept(request: WSUpgradeRequest) -> WSListener | None:
        return Scripted(reply) if b"ticket=good" in request.path else None

    server = await ws_create_server(accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = ParleyClient(f"http://127.0.0.1:{port}")
    device = Device(Person(client, "u_1", "ada", "Ada", "token"), "laptop")
    try:
        await device.open(f"ws://127.0.0.1:{port}/ws?ticket=good")
        yield device
    finally:
        await device.close()
        await client.close()
        server.close()
        await server.wait_closed()


def say(transport: WSTransport, *events: Json) -> None:
    payload = orjson.dumps(events[0] if len(events) == 1 else list(events))
    transport.send(WSMsgType.TEXT, payload)


def receive(number: int) -> Json:
    return {"event": "chat:receive", "data": {"message": {"messageId": f"m_{number}", "seq": number}}}


async def acknowledge(device: Device) -> None:
    answer = await device.send_message("c_1", "hello", client_message_id="one")
    assert answer.data == {"messageId": "m_1", "clientMessageId": "one", "status": "accepted"}
    assert 0 < answer.took < 10


def test_an_answer_finds_its_frame_among_single_events_and_arrays() -> None:
    def reply(transport: WSTransport, frame: Json) -> None:
        ack = {"messageId": "m_1", "clientMessageId": frame["data"]["clientMessageId"], "status": "accepted"}
        say(transport, receive(1), receive(2))
        say(transport, {"event": "chat:send:ack", "requestId": frame["requestId"], "data": ack})
        say(transport, receive(3))

    async def scenario() -> None:
        async with device_of(reply) as device:
            await acknowledge(device)
            await device.wait_for_message("m_3")
            assert [message["seq"] for message in device.messages] == [1, 2, 3]
            moments = [received.at for received in device.received]
            assert moments == sorted(moments)

    asyncio.run(scenario())


def test_a_refusal_carries_its_code_and_whether_to_try_again() -> None:
    def reply(transport: WSTransport, frame: Json) -> None:
        data = {"code": "unavailable", "message": "Later.", "retryable": True, "retryAfter": 2}
        say(transport, {"event": "error", "requestId": frame["requestId"], "data": data})

    async def scenario() -> None:
        async with device_of(reply) as device:
            with pytest.raises(FrameError) as caught:
                await device.send_message("c_1", "hello")
            assert (caught.value.code, caught.value.retryable, caught.value.retry_after) == ("unavailable", True, 2)

    asyncio.run(scenario())


def test_the_end_of_the_socket_ends_what_was_waiting_for_an_answer() -> None:
    def reply(transport: WSTransport, frame: Json) -> None:
        transport.disconnect()

    async def scenario() -> None:
        async with device_of(reply) as device:
            with pytest.raises(ConnectionError):
                await device.send_message("c_1", "hello")
            assert await device.wait_closed() == 1006
            with pytest.raises(ConnectionError):
                device.start("ping", {})

    asyncio.run(scenario())


def test_waiting_ends_at_its_deadline() -> None:
    async def scenario() -> None:
        async with device_of(lambda transport, frame: None) as device:
            with pytest.raises(TimeoutError):
                await device.wait_for_message("m_1", timeout_s=0.01)

    asyncio.run(scenario())


def test_a_refused_upgrade_tells_its_status() -> None:
    async def scenario() -> None:
        async with device_of(lambda transport, frame: None) as device:
            other = Device(device.person, "phone")
            with pytest.raises(UpgradeRefusedError) as caught:
                await other.open(device.person.client.base_url.replace("http", "ws") + "/ws?ticket=bad")
            assert caught.value.status == 404

    asyncio.run(scenario())


def test_goodbye_is_said_with_a_code_that_may_be_sent() -> None:
    listeners: list[Scripted] = []

    def accept(request: WSUpgradeRequest) -> WSListener:
        listeners.append(Scripted(lambda transport, frame: None))
        return listeners[-1]

    async def scenario() -> None:
        server = await ws_create_server(accept, "127.0.0.1", 0)
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        await (await open_socket(url, lambda text: None)).close()
        server.close()
        await server.wait_closed()

    asyncio.run(scenario())
    assert [listener.closed for listener in listeners] == [[1000]]


def answers(handler: Callable[[httpx.Request], httpx.Response]) -> ParleyClient:
    return ParleyClient("http://parley.test", transport=httpx.MockTransport(handler))


def test_history_is_read_to_its_end_page_by_page() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        after = int(request.url.params["after"])
        items = [{"seq": seq} for seq in range(after + 1, min(after + 100, 230) + 1)]
        return httpx.Response(200, json={"items": items, "nextCursor": None})

    async def scenario() -> None:
        async with answers(handler) as client:
            person = Person(client, "u_1", "ada", "Ada", "token")
            assert [message["seq"] for message in await person.history("c_1", after=20)] == list(range(21, 231))

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (httpx.Response(409, json={"code": "conflict", "detail": "That name is taken."}), "conflict"),
        (httpx.Response(502, text="<html>"), ""),
    ],
)
def test_what_is_no_success_is_an_error_with_its_code(answer: httpx.Response, code: str) -> None:
    async def scenario() -> None:
        async with answers(lambda request: answer) as client:
            with pytest.raises(ApiError) as caught:
                await client.register("ada", "a long enough password")
            assert (caught.value.status, caught.value.code) == (answer.status_code, code)

    asyncio.run(scenario())
