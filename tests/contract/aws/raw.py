"""A WebSocket client that sends what it is told to, right or wrong."""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple
from urllib.parse import urlsplit

DEADLINE_S = 60.0
TEXT, BINARY, CLOSE, PING, PONG, CONTINUATION = 1, 2, 8, 9, 10, 0
HANDSHAKE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


class Frame(NamedTuple):
    """A frame from the server."""

    opcode: int
    payload: bytes


def frame(opcode: int, payload: bytes = b"", *, final: bool = True, bits: int = 0) -> bytes:
    """A client's frame: masked."""
    size, first = len(payload), opcode | bits | (0x80 if final else 0)
    if size < 126:
        head = bytes((first, 0x80 | size))
    elif size < 0x10000:
        head = struct.pack("!BBH", first, 0xFE, size)
    else:
        head = struct.pack("!BBQ", first, 0xFF, size)
    mask = b"\x01\x02\x03\x04"
    return head + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))


class RawSocket:
    """A connection whose upgrade was granted, unless `status` says otherwise."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.status = 0

    async def upgrade(self, url: str, *headers: str) -> None:
        """Asks for a WebSocket."""
        parts = urlsplit(url)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        head = [f"GET {target} HTTP/1.1", f"Host: {parts.netloc}", *HANDSHAKE, *headers, "", ""]
        self.writer.write("\r\n".join(head).encode())
        async with asyncio.timeout(DEADLINE_S):
            line = await self.reader.readline()
            self.status = int(line.split(b" ")[1])
            while await self.reader.readline() != b"\r\n":
                pass

    def send(self, data: bytes) -> None:
        """Sends bytes."""
        self.writer.write(data)

    async def receive(self) -> Frame:
        """The next frame."""
        async with asyncio.timeout(DEADLINE_S):
            first, size = await self.reader.readexactly(2)
            if size == 126:
                (size,) = struct.unpack("!H", await self.reader.readexactly(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", await self.reader.readexactly(8))
            return Frame(first & 0x0F, await self.reader.readexactly(size))

    async def close_code(self) -> int:
        """The code of the close frame that comes next; 1006 where the connection only ends."""
        try:
            received = await self.receive()
        except (asyncio.IncompleteReadError, ConnectionResetError):
            return 1006
        assert received.opcode == CLOSE, received
        return int.from_bytes(received.payload[:2], "big")


@asynccontextmanager
async def raw_socket(url: str, *headers: str) -> AsyncIterator[RawSocket]:
    """Opens one."""
    parts = urlsplit(url)
    secure = ssl.create_default_context() if parts.scheme == "wss" else None
    port = parts.port or (443 if secure else 80)
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=secure)
    socket = RawSocket(reader, writer)
    try:
        await socket.upgrade(url, *headers)
        yield socket
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def status_of(url: str, method: str, *headers: str) -> int:
    """The status that a request gets by its head alone."""
    parts = urlsplit(url)
    secure = ssl.create_default_context() if parts.scheme == "https" else None
    port = parts.port or (443 if secure else 80)
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=secure)
    head = [f"{method} {parts.path} HTTP/1.1", f"Host: {parts.netloc}", *headers, "", ""]
    writer.write("\r\n".join(head).encode())
    try:
        async with asyncio.timeout(DEADLINE_S):
            return int((await reader.readline()).split(b" ")[1])
    finally:
        writer.close()
