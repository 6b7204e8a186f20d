"""A small HTTP server that stands for a gateway's @connections: it does to each post what a test says."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\n{ }\r\n0\r\nX-Trailer: 1\r\n\r\n"
CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end"
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n" + OK
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
GONE = b"HTTP/1.1 410 Gone\r\nx-amzn-ErrorType: GoneException\r\nContent-Length: 0\r\n\r\n"
TOO_MANY = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n"
BROKEN = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
NONSENSE = b"* not HTTP at all *\r\n\r\n"
HANG_UP = b""
"""Closes the connection instead of answering."""
SILENCE = None
"""Never answers."""

Answer = bytes | None


@dataclass(frozen=True)
class Request:
    """What came."""

    path: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"

    @property
    def connection_id(self) -> str:
        return unquote(self.path.rpartition("/")[2])


@dataclass
class Gateway:
    """`answer` is asked for each post; it may be told apart by `requests`, which holds what came before.

    `delays_s` is by connection id, `delay_s` for the others.
    """

    answer: Callable[[Request], Answer] = lambda request: OK
    delay_s: float = 0.0
    delays_s: dict[str, float] = field(default_factory=dict)
    close_idle: bool = False
    endpoint: str = ""
    requests: list[Request] = field(default_factory=list)
    accepted: int = 0
    in_flight: int = 0
    most_in_flight: int = 0

    def frames(self) -> dict[str, list[bytes]]:
        """The bodies that came, by connection id."""
        frames: defaultdict[str, list[bytes]] = defaultdict(list)
        for request in self.requests:
            assert request.method == "POST"
            frames[request.connection_id].append(request.body)
        return dict(frames)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        try:
            while (request := await _read_request(reader)) is not None:
                self.in_flight += 1
                self.most_in_flight = max(self.most_in_flight, self.in_flight)
                await asyncio.sleep(self.delays_s.get(request.connection_id, self.delay_s))
                answer = self.answer(request)
                self.requests.append(request)
                self.in_flight -= 1
                if answer is SILENCE:
                    await reader.read()
                    return
                writer.write(answer)
                await writer.drain()
                if answer in {HANG_UP, CLOSING, NONSENSE} or self.close_idle:
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def _read_request(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    request_line, *lines = head.split("\r\n")[:-2]
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers["content-length"]))
    method, path, version = request_line.split(" ")
    assert version == "HTTP/1.1"
    return Request(path, headers, body, method)


@contextmanager
def running_gateway(tls: ssl.SSLContext | None = None) -> Iterator[Gateway]:
    """A gateway on a free port, in a thread of its own."""
    gateway = Gateway()
    started = threading.Event()
    stop: list[Callable[[], object]] = []

    async def main() -> None:
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        stop.append(lambda: loop.call_soon_threadsafe(ended.set))
        tasks: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(gateway.serve(reader, writer))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
        scheme = "https" if tls else "http"
        gateway.endpoint = f"{scheme}://localhost:{server.sockets[0].getsockname()[1]}/ws"
        started.set()
        await ended.wait()
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    assert started.wait(10)
    try:
        yield gateway
    finally:
        stop[0]()
        thread.join(10)
