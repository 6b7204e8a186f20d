"""`python -m bench.load.far_side PEM`: a gateway's @connections on loopback that answers over TLS, 10 ms late.

It says its port in one line, and ends with its standard input. The last line is how many signed posts it answered.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
from typing import cast

import uvloop

DELAY_S = 0.01
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
SIGNED = b"\r\nauthorization: aws4-hmac-sha256 credential="


class FarSide(asyncio.Protocol):
    """One connection. Requests may come in pieces, and never before the one before was answered."""

    posts = 0

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return
        lowered = head.lower()
        length = int(lowered.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0])
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        FarSide.posts += lowered.startswith(b"post ") and SIGNED in lowered
        self._loop.call_later(DELAY_S, self._answer)

    def _answer(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(ANSWER)


async def serve(pem: str) -> None:
    """Serves until the standard input ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server = await asyncio.get_running_loop().create_server(FarSide, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()
    print(FarSide.posts, flush=True)


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1]))
