"""Whether an engine serves, asked in its own protocol: an open port proves nothing while a server is still loading.

Each probe returns False for "not yet" and never raises for a server that is down, silent or speaks something else.
The requests are built by hand: they are a few bytes each, and a start need not wait for four client libraries.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable

PROBE_TIMEOUT_S = 2.0
MAX_ANSWER_BYTES = 1 << 20
Probe = Callable[[str, int], Awaitable[bool]]

_CLIENT = b"parley-probe"
_HELLO = b"\x10hello\x00\x01\x00\x00\x00" + b"\x02$db\x00\x06\x00\x00\x00admin\x00" + b"\x00"
_OK = b"\x01ok\x00" + struct.pack("<d", 1.0)


async def valkey_answers(host: str, port: int) -> bool:
    """PING gets PONG; while a data file is being loaded the answer is an error."""

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(b"PING\r\n")
        return await reader.readline() == b"+PONG\r\n"

    return await _ask(host, port, ask)


async def mongo_answers(host: str, port: int) -> bool:
    """The `hello` command gets `ok: 1` (OP_MSG, https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/)."""

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        document = struct.pack("<i", len(_HELLO) + 4) + _HELLO
        body = struct.pack("<IB", 0, 0) + document
        writer.write(struct.pack("<iiii", 16 + len(body), 1, 0, 2013) + body)
        size = struct.unpack("<i", await reader.readexactly(4))[0]
        return 16 < size <= MAX_ANSWER_BYTES and _OK in await reader.readexactly(size - 4)

    return await _ask(host, port, ask)


async def kafka_answers(host: str, port: int) -> bool:
    """A metadata request (https://kafka.apache.org/protocol#The_Messages_Metadata, version 1) names a broker."""

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        no_topics = struct.pack(">i", 0)
        request = struct.pack(">hhih", 3, 1, 1, len(_CLIENT)) + _CLIENT + no_topics
        writer.write(struct.pack(">i", len(request)) + request)
        size = struct.unpack(">i", await reader.readexactly(4))[0]
        if not 8 <= size <= MAX_ANSWER_BYTES:
            return False
        correlation, brokers = struct.unpack_from(">ii", await reader.readexactly(size))
        return bool(correlation == 1 and brokers >= 1)

    return await _ask(host, port, ask)


async def http_answers(host: str, port: int) -> bool:
    """`GET /` gets status 200."""

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        return b" 200 " in await reader.readline()

    return await _ask(host, port, ask)


async def _ask(
    host: str, port: int, ask: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bool]]
) -> bool:
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                return await ask(reader, writer)
            finally:
                writer.close()
    except (OSError, EOFError, TimeoutError, ValueError):
        return False
