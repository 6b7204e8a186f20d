"""What a replica tells its surroundings, on a port that clients do not see: `/live`, `/ready` and `/metrics`."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

READ_TIMEOUT_S = 5.0
PLAIN = "text/plain; charset=utf-8"

Page = Callable[[], tuple[str, bytes]]


class Probes:
    """Answers while the event loop turns, which is what `/live` is for; `/ready` is 503 until `ready`, and when ending.

    Neither asks Kafka or the database: were those away, a restart of every replica would not bring them back.

    Args:
        metrics: content type and body of `/metrics`.
    """

    def __init__(self, metrics: Page) -> None:
        self.ready = False
        self._metrics = metrics
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listens; returns the port.

        Raises:
            OSError: the address cannot be bound.
        """
        self._server = await asyncio.start_server(self._serve, host, port)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def stop(self) -> None:
        """Stops answering."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
            async with asyncio.timeout(READ_TIMEOUT_S):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._answer(head.split(b" ", 2)[1].decode("ascii")))
                await writer.drain()
        writer.close()

    def _answer(self, path: str) -> bytes:
        status, kind, body = "200 OK", PLAIN, b"yes\n"
        if path == "/metrics":
            kind, body = self._metrics()
        elif path == "/ready" and not self.ready:
            status, body = "503 Service Unavailable", b"no\n"
        elif path not in ("/live", "/ready"):
            status, body = "404 Not Found", b""
        head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        return head.encode("ascii") + body
