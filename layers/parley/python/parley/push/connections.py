"""Kept-alive HTTP connections to one gateway."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from typing import Final
from urllib.parse import quote, urlsplit

from parley.push.http1 import ProtocolError, Response, ResponseReader

_MAX_IDLE_S: Final = 50.0


class ConnectionLostError(Exception):
    """The connection ended without a response.

    `unused` says that it had been kept for later, so it may well have ended before the request reached the other side.
    """

    def __init__(self, *, unused: bool) -> None:
        super().__init__("the connection ended without a response")
        self.unused = unused


class HttpConnection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._reader = ResponseReader()
        self._waiter: asyncio.Future[Response] | None = None
        self._served = 0
        self._used_at = time.time()
        self._closed = self._loop.create_future()

    @property
    def is_usable(self) -> bool:
        """Whether another request may go out: by the wall clock, as Lambda freezes the process between invocations."""
        transport = self._transport
        return transport is not None and not transport.is_closing() and abs(time.time() - self._used_at) < _MAX_IDLE_S

    async def request(self, data: bytes, timeout_s: float) -> Response:
        """Sends a request and waits for its response.

        Raises:
            ConnectionLostError: the connection ended first.
            TimeoutError: no whole response in time.
            ProtocolError: what came is no response.
        """
        if self._transport is None or self._transport.is_closing():
            raise ConnectionLostError(unused=self._served > 0)
        waiter: asyncio.Future[Response] = self._loop.create_future()
        self._waiter = waiter
        timer = self._loop.call_later(timeout_s, self._give_up)
        self._transport.write(data)
        try:
            response = await waiter
        except BaseException:
            self._transport.abort()
            raise
        finally:
            timer.cancel()
            self._waiter = None
        self._served += 1
        self._used_at = time.time()
        if not response.reusable:
            self._transport.close()
        return response

    def drop(self) -> None:
        """Ends the connection; its socket is closed at the loop's next turn."""
        if self._transport is not None:
            self._transport.abort()

    async def close(self) -> None:
        """Ends the connection, and returns when its socket is closed."""
        if self._transport is not None:
            self._transport.abort()
            await self._closed

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what a stream protocol is given
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            response = self._reader.feed(data)
        except ProtocolError as error:
            self._fail(error)
            return
        if response is not None:
            self._succeed(response)

    def eof_received(self) -> None:
        response = self._reader.feed_eof()
        if response is not None:
            self._succeed(response)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio names it
        self._fail(ConnectionLostError(unused=self._served > 0 and self._reader.is_clean))
        if not self._closed.done():
            self._closed.set_result(None)

    def _give_up(self) -> None:
        self._fail(TimeoutError("no response in time"))

    def _succeed(self, response: Response) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(response)
        elif self._transport is not None:  # a response that nobody asked for
            self._transport.abort()

    def _fail(self, error: Exception) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(error)


class GatewayConnections:
    """The connections to one gateway, at most `limit`, used last in first out.

    Args:
        endpoint: the gateway's base address, `https://host/stage`.
        limit: requests in flight at most; the next ones wait.
        tls: for an https endpoint.
    """

    def __init__(self, endpoint: str, *, limit: int, tls: ssl.SSLContext | None) -> None:
        parts = urlsplit(endpoint)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("an endpoint must look like https://host/stage")
        default_port = 443 if parts.scheme == "https" else 80
        self._host, self._port = parts.hostname, parts.port or default_port
        self._tls = tls if parts.scheme == "https" else None
        self._path = f"{parts.path.rstrip('/')}/@connections/"
        self.host = parts.hostname if self._port == default_port else f"{parts.hostname}:{self._port}"
        self._idle: list[HttpConnection] = []
        self._slots = asyncio.Semaphore(limit)

    def path_of(self, connection_id: str) -> str:
        """Where frames for this socket are posted to."""
        return self._path + quote(connection_id, safe="")

    async def request(self, data: bytes, timeout_s: float, begin: Callable[[], None] | None = None) -> Response:
        """Sends a request over a connection that is free, or a new one; `begin` is told when the wait for one is over.

        A connection that turns out to have ended while it was idle costs no error: the request goes out again.

        Raises:
            OSError, ConnectionLostError, ProtocolError: no whole response; TimeoutError is an OSError.
        """
        async with self._slots:
            if begin is not None:
                begin()
            while (connection := self._take()) is not None:
                try:
                    return await self._request_on(connection, data, timeout_s)
                except ConnectionLostError as error:
                    if not error.unused:
                        raise
            return await self._request_on(await self._open(timeout_s), data, timeout_s)

    async def close(self) -> None:
        """Ends all connections."""
        idle, self._idle = self._idle, []
        for connection in idle:
            await connection.close()

    def _take(self) -> HttpConnection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable:
                return connection
            connection.drop()
        return None

    async def _request_on(self, connection: HttpConnection, data: bytes, timeout_s: float) -> Response:
        response = await connection.request(data, timeout_s)
        if connection.is_usable:
            self._idle.append(connection)
        return response

    async def _open(self, timeout_s: float) -> HttpConnection:
        async with asyncio.timeout(timeout_s):
            _, connection = await asyncio.get_running_loop().create_connection(
                HttpConnection, self._host, self._port, ssl=self._tls
            )
            return connection
