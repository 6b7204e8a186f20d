"""The twin alone, with a project that has one trivial function: no chat, no Kafka, no database in the way."""

from __future__ import annotations

import asyncio
import json
import resource
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast
from urllib.parse import quote, urlsplit

from bench.client import Socket, open_socket
from bench.load.figures import MeasurementError, Row, Sample
from bench.load.people import close_all
from bench.load.processes import Processes
from bench.load.twin_project.functions.echo.handler import Signer

MANIFEST = Path(__file__).parent / "twin_project" / "functions" / "manifest.toml"
ECHO_S = 5.0
POST_COUNT = 30_000
POSTERS = 16
IDLE_COUNT = 10_000
SIDE_BY_SIDE = 64
DEADLINE_S = 60.0

ROWS = (
    Row(
        "echo_1",
        "frame in, trivial function, answer by @connections, 1 client",
        "/s",
        ">= 3 × serverless-offline",
    ),
    Row("echo_16", "the same, 16 clients", "/s", ">= 2,500"),
    Row("posts", "signed @connections posts to frames", "/s", ">= 10,000"),
    Row("posts_twin_cpu_us", "processor time of the twin a post", "µs", ""),
    Row("connects", "connects a second, 64 side by side, without an authorizer or a $connect function", "/s", ">= 500"),
    Row("idle_count", "idle connections held", "", "10,000"),
    Row("idle_kb", "memory of the twin for an idle connection", "KB", "<= 20"),
)


@dataclass(slots=True)
class EchoClient:
    """Keeps one frame in flight: sends the next when the last has come back."""

    number: int
    action: str = "echo"
    rounds: int = 0
    ends_at: float = 0.0
    failed: bytes = b""
    socket: Socket | None = None
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def send(self) -> None:
        """Sends the next frame."""
        assert self.socket is not None
        self.socket.send_text(self._frame())

    def on_text(self, payload: bytes) -> None:
        """Takes what came back."""
        if payload != self._frame():
            self.failed = payload
            self.done.set()
            return
        self.rounds += 1
        if time.perf_counter() < self.ends_at:
            self.send()
        else:
            self.done.set()

    def _frame(self) -> bytes:
        return b'{"action":"%s","data":"%d.%d"}' % (self.action.encode(), self.number, self.rounds)


async def echo_rate(address: str, clients: int, *, seconds: float = ECHO_S, action: str = "echo") -> float:
    """Echoes a second, each client with one frame under way.

    Raises:
        MeasurementError: one did not come back, or not as it was sent.
    """
    everyone = [EchoClient(number, action) for number in range(clients)]
    for client in everyone:
        client.socket = await open_socket(address, client.on_text)
    started = time.perf_counter()
    for client in everyone:
        client.ends_at = started + seconds
        client.send()
    try:
        async with asyncio.timeout(seconds + DEADLINE_S):
            for client in everyone:
                await client.done.wait()
    except TimeoutError as error:
        raise MeasurementError("an echo did not come back") from error
    took = time.perf_counter() - started
    await close_all([client.socket for client in everyone if client.socket])
    if failed := next((client.failed for client in everyone if client.failed), b""):
        raise MeasurementError(f"an echo came back as {failed[:200]!r}")
    return sum(client.rounds for client in everyone) / took


class TwinAlone:
    """Runs loads over a twin that serves the trivial project."""

    def __init__(self, url: str, processes: Processes) -> None:
        self._address = f"ws://{urlsplit(url).netloc}/ws"
        self._processes = processes
        self._fresh_memory = processes.twin_memory()

    async def run(self) -> Sample:
        """Idle connections, echo with one and with sixteen clients, posts."""
        sample = await self._idle()
        await echo_rate(self._address, 16, seconds=1.0)
        sample |= {"echo_1": await echo_rate(self._address, 1), "echo_16": await echo_rate(self._address, 16)}
        return sample | await self._posts()

    async def _posts(self) -> Sample:
        """Posts signed beforehand, over connections that are kept, each to one of as many sockets."""
        targets = [_Target() for _ in range(POSTERS)]
        for target in targets:
            await target.open(self._address)
        each = POST_COUNT // POSTERS
        for target in targets:
            target.sign(each)
        posters = [await _Poster.connect(target) for target in targets]
        before, started = self._processes.read(), time.perf_counter()
        try:
            async with asyncio.timeout(DEADLINE_S):
                await asyncio.gather(*(poster.run() for poster in posters))
                for target in targets:
                    await target.all_came.wait()
        except TimeoutError as error:
            came = sum(target.came for target in targets)
            raise MeasurementError(f"{came} of {each * POSTERS} posts became frames in time") from error
        finally:
            for poster in posters:
                poster.close()
        took = time.perf_counter() - started
        used = self._processes.read().since(before)
        await close_all([target.socket for target in targets if target.socket])
        return {"posts": each * POSTERS / took, "posts_twin_cpu_us": used["twin"] * 1e6 / (each * POSTERS)}

    async def _idle(self) -> Sample:
        """Opens idle connections, and holds the twin's memory against what it was when it was fresh.

        Not against what it was before the connections: what an earlier run left free would hide what they need.
        """
        count = min(IDLE_COUNT, _raise_file_limit() - 500)
        slots = asyncio.Semaphore(SIDE_BY_SIDE)

        async def one() -> Socket:
            async with slots:
                return await open_socket(self._address, lambda _: None)

        started = time.perf_counter()
        sockets = await asyncio.gather(*(one() for _ in range(count)))
        connects = count / (time.perf_counter() - started)
        used = self._processes.twin_memory() - self._fresh_memory
        held = sum(1 for socket in sockets if not socket.closed.done())
        await close_all(sockets)
        return {"connects": connects, "idle_count": float(held), "idle_kb": used / count / 1024}


class _Target:
    """A socket that posts go to, and the signed posts for it."""

    def __init__(self) -> None:
        self.socket: Socket | None = None
        self.came = 0
        self.all_came = asyncio.Event()
        self.requests: list[bytes] = []
        self.host = ""
        self._told: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()

    async def open(self, address: str) -> None:
        self.socket = await open_socket(address, self._on_text)
        self.socket.send_text(b'{"action":"whoami"}')
        async with asyncio.timeout(DEADLINE_S):
            await self._told

    def sign(self, count: int) -> None:
        told = self._told.result()
        self.host = told["host"]
        path = f"/{told['stage']}/@connections/{quote(told['id'], safe='')}"
        signer = Signer(told["key"], told["secret"], told["region"])
        for number in range(count):
            body = b'{"post":%d,"text":"as long as a short chat message would be, more or less"}' % number
            headers = signer.sign(self.host, path, body) | {"Content-Length": str(len(body))}
            head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            self.requests.append(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body)

    def _on_text(self, payload: bytes) -> None:
        if not self._told.done():
            self._told.set_result(json.loads(payload))
            return
        self.came += 1
        if self.came == len(self.requests):
            self.all_came.set()


class _Poster(asyncio.Protocol):
    """Posts one target's requests over one kept connection, the next when the last was answered."""

    def __init__(self, target: _Target) -> None:
        self._requests = iter(target.requests)
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def connect(cls, target: _Target) -> _Poster:
        host, _, port = target.host.rpartition(":")
        _, poster = await asyncio.get_running_loop().create_connection(lambda: cls(target), host, int(port))
        return poster

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one without being its subclass

    async def run(self) -> None:
        self._next()
        await self._done

    def close(self) -> None:
        if self._transport:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found or len(body) < _content_length(head):
            return
        self._buffer = b""
        if not head.startswith(b"HTTP/1.1 200"):
            self._fail(MeasurementError(f"a post was answered by {head[:100]!r} {body[:200]!r}"))
            return
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(MeasurementError(f"the connection for posts was lost: {exc}"))

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            if not self._done.done():
                self._done.set_result(None)
        elif self._transport:
            self._transport.write(request)

    def _fail(self, error: Exception) -> None:
        if not self._done.done():
            self._done.set_exception(error)


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


def _raise_file_limit() -> int:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard if hard != resource.RLIM_INFINITY else IDLE_COUNT * 2
