"""One HTTP connection: requests in, answers out in the same order, and the way over to a WebSocket.

Where an answer needs no waiting it is written in the same turn of the event loop, without a task: that is what makes
@connections fast.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Protocol, cast

from local.gateway.http_message import HttpRequest, HttpResponse, Upgrade, message_response
from local.gateway.http_reader import HttpLimits, HttpReader

_log = logging.getLogger(__name__)

Outcome = HttpResponse | Upgrade


class Application(Protocol):
    """What answers the requests of a connection."""

    def handle(self, request: HttpRequest) -> Outcome | Awaitable[Outcome]:
        """The answer to a request, or something to wait for."""

    def answered(self, request: HttpRequest, response: HttpResponse) -> None:
        """An answer was written."""

    def refused(self, response: HttpResponse) -> None:
        """Something that is no request was answered."""

    def connected(self, connection: HttpProtocol) -> None:
        """A connection was accepted."""

    def disconnected(self, connection: HttpProtocol) -> None:
        """A connection was closed, or has become a WebSocket."""


@dataclass(frozen=True, slots=True)
class HttpTimes:
    """Times after which a connection is given up, in seconds: without a request, with an unfinished one, and after the
    last answer until the client closes."""

    keep_alive_s: float
    request_s: float
    close_s: float


class HttpProtocol(asyncio.Protocol):
    """Serves one connection, one request at a time; while one is served and another waits, nothing is read."""

    def __init__(self, application: Application, limits: HttpLimits, times: HttpTimes) -> None:
        self._application = application
        self._limits = limits
        self._times = times
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[HttpRequest | HttpResponse] = deque()
        self._early = b""
        self._task: asyncio.Task[None] | None = None
        self._writable = True
        self._paused = False
        self._deaf = False
        self._last = False
        self._idle_since = self._loop.time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self._reader = HttpReader(
            self._limits,
            source_ip=peer[0] if isinstance(peer, tuple) else "127.0.0.1",
            clock=self._loop.time,
            on_item=self._on_item,
            on_continue=self._on_continue,
        )
        self._timer = self._loop.call_later(self._times.keep_alive_s, self._check_time)
        self._application.connected(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the signature is asyncio's
        self._timer.cancel()
        self._reader.end()
        self._waiting.clear()
        self._application.disconnected(self)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        early = self._reader.feed(data)
        if early is not None:
            self._deaf = True
            self._early = early
        if (self._deaf or self._waiting) and not self._paused and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        # A client that has sent all it will may still wait for its answers.
        self._last = True
        return self._task is not None or bool(self._waiting)

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        self._serve_waiting()

    def shut_down(self) -> None:
        """Closes the connection, after the answer to a request that is being served."""
        self._last = True
        if self._task is None and not self._waiting:
            self._transport.close()

    def abort(self) -> None:
        """Closes the connection at once."""
        if self._task is not None:
            self._task.cancel()
        self._transport.abort()

    def _on_continue(self) -> None:
        if self._task is None and not self._waiting:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _on_item(self, item: HttpRequest | HttpResponse) -> None:
        if self._task is None and self._writable and not self._waiting:
            self._serve(item)
        else:
            self._waiting.append(item)

    def _serve_waiting(self) -> None:
        while self._waiting and self._task is None and self._writable and not self._transport.is_closing():
            self._serve(self._waiting.popleft())
        if not self._waiting and not self._deaf:
            self._read_on()

    def _read_on(self) -> None:
        if self._paused and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()

    def _serve(self, item: HttpRequest | HttpResponse) -> None:
        if self._transport.is_closing():
            return
        if isinstance(item, HttpResponse):
            self._refuse(item)
            return
        try:
            outcome = self._application.handle(item)
        except Exception:  # noqa: BLE001 - one request's bug must not end the others
            _log.exception("%s %s could not be served", item.method, item.path)
            outcome = message_response(500, "Internal Server Error", close=True)
        if isinstance(outcome, HttpResponse | Upgrade):
            self._finish(item, outcome)
        else:
            self._task = self._loop.create_task(self._wait_for(item, outcome))

    async def _wait_for(self, request: HttpRequest, answer: Awaitable[Outcome]) -> None:
        try:
            outcome = await answer
        except Exception:  # noqa: BLE001 - one request's bug must not end the others
            _log.exception("%s %s could not be served", request.method, request.path)
            outcome = message_response(500, "Internal Server Error", close=True)
        self._task = None
        self._finish(request, outcome)
        self._serve_waiting()

    def _finish(self, request: HttpRequest, outcome: Outcome) -> None:
        if isinstance(outcome, Upgrade):
            self._upgrade(outcome)
            return
        # A client that asked for an upgrade and did not get it has nothing sensible to say on the same connection.
        last = self._last and not self._waiting
        close = outcome.close or last or not request.keep_alive or request.wants_websocket
        if not self._transport.is_closing():
            self._transport.write(outcome.encode(head_only=request.method == "HEAD", close=close))
            self._idle_since = self._loop.time()
            if close:
                self._close_after_answer()
        self._application.answered(request, outcome)

    def _upgrade(self, upgrade: Upgrade) -> None:
        transport = self._transport
        if transport.is_closing():
            upgrade.protocol.abandoned()
            return
        self._timer.cancel()
        self._application.disconnected(self)
        transport.set_protocol(upgrade.protocol.as_protocol())
        transport.write(upgrade.head)
        transport.resume_reading()
        upgrade.protocol.opened(transport, self._early)

    def _refuse(self, refusal: HttpResponse) -> None:
        """Answers what cannot be read. The client may still be sending: closing at once would reset the connection and
        lose the answer, so it is heard out for a while."""
        self._deaf = True
        self._waiting.clear()
        self._transport.write(refusal.encode(head_only=False, close=True))
        self._application.refused(refusal)
        self._read_on()
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._timer.cancel()
        self._timer = self._loop.call_later(self._times.close_s, self._transport.abort)

    def _close_after_answer(self) -> None:
        self._deaf = True
        self._waiting.clear()
        self._transport.close()
        self._timer.cancel()
        self._timer = self._loop.call_later(self._times.request_s, self._transport.abort)

    def _check_time(self) -> None:
        now = self._loop.time()
        started_at = self._reader.started_at
        if self._task is not None or self._waiting:
            due = now + self._times.keep_alive_s
        elif started_at is not None:
            due = started_at + self._times.request_s
        else:
            due = self._idle_since + self._times.keep_alive_s
        if due > now:
            self._timer = self._loop.call_at(due, self._check_time)
        elif started_at is not None:
            self._refuse(message_response(408, "Request Timeout", close=True))
        else:
            self._transport.close()
