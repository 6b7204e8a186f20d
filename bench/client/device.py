"""A device: one WebSocket of one person, which remembers all it was told and when."""

from __future__ import annotations

import asyncio
import itertools
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from bench.client.rest import Json, Person
from bench.client.socket import Socket, open_socket


class FrameError(Exception):
    """A frame was answered with an `error` event."""

    def __init__(self, data: Json) -> None:
        self.code = str(data.get("code"))
        self.retryable = bool(data.get("retryable"))
        self.retry_after: float | None = data.get("retryAfter")
        super().__init__(f"{self.code}: {data.get('message')}")


@dataclass(frozen=True, slots=True)
class Received:
    """One event that came; `at` is seconds of `time.perf_counter`."""

    at: float
    event: str
    data: Json
    request_id: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a frame: how long it took in seconds, and when it came in seconds of `time.perf_counter`."""

    data: Json
    took: float
    at: float


class Device:
    """One socket of one person. `received` has every event in the order of arrival, arrays taken apart."""

    def __init__(self, person: Person, name: str, *, on_event: Callable[[Received], None] | None = None) -> None:
        """
        Args:
            on_event: gets each event as it comes, on the event loop, and must not raise.
        """
        self.person = person
        self.name = name
        self._told = on_event
        self.received: list[Received] = []
        self.malformed: list[bytes] = []
        self._numbers = itertools.count(1)
        self._waiting: dict[str, tuple[float, asyncio.Future[Answer]]] = {}
        self._changed = asyncio.Event()
        self._socket: Socket | None = None

    @classmethod
    async def connect(cls, person: Person, name: str = "device", *, by_ticket: bool = True) -> Device:
        """Connects a device, by a fresh ticket or by the access token in a header; raises as `open_socket` does."""
        device = cls(person, name)
        url = await (person.ws_ticket() if by_ticket else person.ws_address())
        await device.open(url, access_token=None if by_ticket else person.access_token)
        return device

    async def open(self, url: str, *, access_token: str | None = None) -> None:
        """Connects to an address that is known already; raises as `open_socket` does."""
        self._socket = await open_socket(url, self._on_text, access_token=access_token)
        self._socket.closed.add_done_callback(lambda _: self._on_closed())

    @property
    def socket(self) -> Socket:
        """The socket under it."""
        if self._socket is None:
            raise ConnectionError(f"{self.name} was never connected")
        return self._socket

    @property
    def messages(self) -> list[Json]:
        """The messages of all chat:receive events so far, repetitions included."""
        return [event.data["message"] for event in self.received if event.event == "chat:receive"]

    def start(self, action: str, data: Json, *, request_id: str | None = None) -> asyncio.Future[Answer]:
        """Sends a frame with a requestId.

        The future is its answer, or raises FrameError where it was refused, ConnectionError where the socket ended.
        """
        request_id = request_id or f"r{next(self._numbers)}"
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        frame = orjson.dumps({"action": action, "requestId": request_id, "data": data})
        self._waiting[request_id] = (time.perf_counter(), future)
        try:
            self.socket.send_text(frame)
        except ConnectionError:
            del self._waiting[request_id]
            raise
        return future

    async def request(self, action: str, data: Json, *, timeout_s: float = 10) -> Answer:
        """Sends a frame and waits for its answer.

        Raises:
            FrameError: it was refused.
            ConnectionError: the socket ended first.
            TimeoutError: no answer in time.
        """
        async with asyncio.timeout(timeout_s):
            return await self.start(action, data)

    async def send_message(
        self, conversation_id: str, content: str, *, client_message_id: str | None = None, timeout_s: float = 10
    ) -> Answer:
        """Sends one message; the answer's data is {messageId, clientMessageId, status}. Raises as `request` does."""
        return await self.request("send", draft(conversation_id, content, client_message_id), timeout_s=timeout_s)

    async def send_messages(self, drafts: Sequence[Json], *, timeout_s: float = 10) -> Answer:
        """Sends 1 to 25 messages in one frame; the answer's data is {results}. Raises as `request` does."""
        return await self.request("send", {"messages": list(drafts)}, timeout_s=timeout_s)

    async def wait_until(self, holds: Callable[[], bool], *, timeout_s: float = 10) -> None:
        """Waits until a condition over `received` (or the socket's end) holds; TimeoutError when that is too late."""
        async with asyncio.timeout(timeout_s):
            while not holds():
                self._changed.clear()
                await self._changed.wait()

    async def wait_for_message(self, message_id: str, *, timeout_s: float = 10) -> Received:
        """The first chat:receive of a message, waited for at most `timeout_s` seconds (then TimeoutError)."""
        await self.wait_until(lambda: self.arrival(message_id) is not None, timeout_s=timeout_s)
        arrived = self.arrival(message_id)
        assert arrived is not None
        return arrived

    def arrival(self, message_id: str) -> Received | None:
        """The first chat:receive of a message, if it has come."""
        for received in self.received:
            if received.event == "chat:receive" and received.data["message"]["messageId"] == message_id:
                return received
        return None

    async def wait_closed(self, *, timeout_s: float = 10) -> int:
        """Waits until the server has closed the socket; its close code."""
        async with asyncio.timeout(timeout_s):
            return (await asyncio.shield(self.socket.closed)).code

    async def close(self) -> None:
        """Closes the socket; harmless on a closed one."""
        if self._socket is not None:
            await self._socket.close()

    def _on_text(self, payload: bytes) -> None:
        at = time.perf_counter()
        try:
            whole = orjson.loads(payload)
        except orjson.JSONDecodeError:
            self.malformed.append(payload)
            whole = []
        for event in whole if isinstance(whole, list) else [whole]:
            self._on_event(at, event)
        self._changed.set()

    def _on_event(self, at: float, event: dict[str, Any]) -> None:
        request_id = event.get("requestId")
        received = Received(at, str(event.get("event", "")), event.get("data") or event, request_id)
        self.received.append(received)
        if self._told is not None:
            self._told(received)
        sent_at, future = self._waiting.pop(request_id, (0.0, None)) if request_id else (0.0, None)
        if future is None or future.done():
            return
        if received.event == "error":
            future.set_exception(FrameError(received.data))
        else:
            future.set_result(Answer(received.data, at - sent_at, at))

    def _on_closed(self) -> None:
        for _, future in self._waiting.values():
            if not future.done():
                future.set_exception(ConnectionError(f"{self.name}: the socket ended before the answer"))
                future.exception()  # whoever awaits it still gets it; nobody need have been waiting
        self._waiting.clear()
        self._changed.set()


def draft(conversation_id: str, content: str, client_message_id: str | None = None) -> Json:
    """A message to send; without a clientMessageId it gets one that is new."""
    return {
        "conversationId": conversation_id,
        "clientMessageId": client_message_id or uuid.uuid4().hex,
        "content": content,
    }
