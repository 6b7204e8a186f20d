"""Faults of engines and sockets, on engines that are none."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import cast

import psutil
import pytest

from local.engines.engine import Engine
from local.failures import FaultError, StartError
from local.faults import Faults, read_fault
from local.faults.acting import Acting
from local.faults.cutting import cut_connections

pytestmark = pytest.mark.anyio


@dataclass
class FakeEngine:
    """Notes what is done to it."""

    name: str = "mongo"
    pid: int | None = None
    port: int = 0
    did: list[str] = field(default_factory=list)
    on_fall: Callable[[object, int], None] | None = None

    async def start(self) -> None:
        self.did.append("start")

    async def stop(self) -> None:
        self.did.append("stop")

    async def crash(self) -> None:
        self.did.append("crash")

    async def wipe(self) -> None:
        self.did.append("wipe")


class Bench:
    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine
        self.dropped: list[tuple[float, int, float]] = []
        self.told: list[str] = []
        self.faults = Faults(7, clock=time.monotonic, tell=self.told.append)
        self.acting = Acting(
            self.faults,
            {"mongo": cast("Engine", engine)},
            kill=lambda _: 0,
            drop_sockets=self.drop,
            restore=self.restore,
            functions=frozenset(),
            tell=self.told.append,
        )

    def drop(self, share: float, code: int, chance: Random) -> int:
        self.dropped.append((share, code, chance.random()))
        return 3

    async def restore(self, engine: str, wiped: bool) -> None:
        self.engine.did.append(f"restore {engine} {wiped}")

    async def act(self, **values: object) -> None:
        """Sets a fault and waits until it is over."""
        self.acting.add(read_fault(values))
        async with asyncio.timeout(10):
            while self.acting.busy:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.001)


@pytest.mark.parametrize(
    ("action", "did"),
    [
        ("stop", ["stop", "start", "restore mongo False"]),
        ("restart", ["stop", "start", "restore mongo False"]),
        ("kill", ["crash", "start", "restore mongo False"]),
        ("wipe", ["crash", "wipe", "start", "restore mongo True"]),
    ],
)
async def test_what_is_done_to_an_engine(action: str, did: list[str]) -> None:
    bench = Bench(FakeEngine())
    await bench.act(kind="engine", engine="mongo", action=action, for_s=0.01)
    assert bench.engine.did == did


async def test_faults_of_one_engine_wait_for_each_other() -> None:
    bench = Bench(FakeEngine())
    bench.acting.add(read_fault({"kind": "engine", "engine": "mongo", "action": "stop", "for_s": 0.05}))
    await bench.act(kind="engine", engine="mongo", action="kill")
    assert [word for word in bench.engine.did if "restore" not in word] == ["stop", "start", "crash", "start"]


async def test_a_fault_that_fails_is_told() -> None:
    engine = FakeEngine()

    async def fail() -> None:
        raise RuntimeError("no room")

    engine.start = fail  # type: ignore[method-assign]
    bench = Bench(engine)
    await bench.act(kind="engine", engine="mongo", action="restart")
    assert "#1 failed: restart mongo: no room" in bench.told


async def test_an_engine_that_does_not_come_back_is_left_to_the_supervisor() -> None:
    engine = FakeEngine()
    fallen: list[tuple[object, int]] = []
    engine.on_fall = lambda fell, status: fallen.append((fell, status))

    async def fail() -> None:
        raise StartError("It did not answer within 60 s.")

    engine.start = fail  # type: ignore[method-assign]
    bench = Bench(engine)
    await bench.act(kind="engine", engine="mongo", action="wipe")
    assert fallen == [(engine, 1)]
    assert engine.did == ["crash", "wipe"]


async def test_a_pause_stops_the_process_and_lets_it_go_on_even_when_the_twin_ends() -> None:
    process = await asyncio.create_subprocess_exec("sleep", "60", start_new_session=True)
    watched = psutil.Process(process.pid)
    bench = Bench(FakeEngine(pid=process.pid))
    bench.acting.add(read_fault({"kind": "engine", "engine": "mongo", "action": "pause", "for_s": 60}))
    async with asyncio.timeout(10):
        while watched.status() != psutil.STATUS_STOPPED:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.001)
    await bench.acting.stop()
    async with asyncio.timeout(10):
        while watched.status() == psutil.STATUS_STOPPED:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.001)
    process.kill()
    await process.wait()


async def test_an_engine_that_somebody_else_runs_is_left_to_them() -> None:
    bench = Bench(FakeEngine())
    with pytest.raises(FaultError, match="somebody else"):
        bench.acting.add(read_fault({"kind": "engine", "engine": "kafka", "action": "stop"}))
    assert bench.faults.all() == ()


async def test_sockets_are_dropped_by_chance_of_the_seed() -> None:
    first, second = Bench(FakeEngine()), Bench(FakeEngine())
    for bench in (first, second):
        await bench.act(kind="sockets", share=0.5, code=1001)
    assert first.dropped == second.dropped
    assert "#1 strikes: drop 50% of the sockets with 1001: 3 of them (seed 7)" in first.told


async def test_a_fault_that_is_taken_back_before_its_time_does_nothing() -> None:
    bench = Bench(FakeEngine())
    bench.acting.add(read_fault({"kind": "engine", "engine": "mongo", "action": "kill", "after_s": 0.02}))
    bench.faults.clear()
    await bench.act(kind="sockets", after_s=0.05)
    assert bench.engine.did == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets connections be cut from outside")
def test_connections_of_another_process_are_cut_for_both_ends() -> None:
    serve = (
        "import socket\n"
        "s = socket.create_server(('127.0.0.1', 0))\n"
        "print(s.getsockname()[1], flush=True)\n"
        "c, _ = s.accept()\nc.sendall(b'x')\nprint(c.recv(1), flush=True)\n"
        "c, _ = s.accept()\nc.sendall(b'y')\n"
    )
    with subprocess.Popen([sys.executable, "-c", serve], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        assert cut_connections(server.pid, port) == 0
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            assert client.recv(1) == b"x"
            assert cut_connections(server.pid, port) == 1
            assert client.recv(1) == b""
        assert server.stdout.readline() == "b''\n"
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            assert client.recv(1) == b"y", "its listening socket is as it was"
