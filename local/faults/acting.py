"""Faults that act by themselves: on engines, on sockets, and on a function's environments at once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine
from random import Random

import psutil

from local.engines.engine import Engine
from local.failures import FaultError, StartError
from local.faults.cutting import cut_connections
from local.faults.faults import Faults, Placed
from local.faults.models import AnyFault, EngineFault, Fault, Kill, Sockets
from local.process import signal_pid_group

CUT_EVERY_S = 0.02
DropSockets = Callable[[float, int, Random], int]
__all__ = ["Acting", "Fault"]


class Acting:
    """Carries such faults out in the background, one at a time for each engine.

    Args:
        faults: where they are set.
        engines: by name.
        kill: ends all environments of a function at once.
        drop_sockets: drops each WebSocket with a chance, with a close code or none; returns how many.
        restore: is awaited after an engine serves again, with its name, and whether it has lost its data.
        functions: the names that a fault may use.
        tell: is told in words when something did not work out.
    """

    def __init__(
        self,
        faults: Faults,
        engines: dict[str, Engine],
        *,
        kill: Callable[[str], int],
        drop_sockets: DropSockets,
        restore: Callable[[str, bool], Awaitable[None]],
        functions: frozenset[str],
        tell: Callable[[str], None],
    ) -> None:
        self._faults = faults
        self._engines = engines
        self._kill = kill
        self._drop_sockets = drop_sockets
        self._restore = restore
        self._functions = functions
        self._tell = tell
        self._locks = {name: asyncio.Lock() for name in engines}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def add(self, fault: AnyFault) -> Placed:
        """Sets any fault, and carries out one that acts by itself.

        Raises:
            FaultError: it names a function that there is not, or an engine that is not this process's own.
        """
        function = getattr(fault, "function", "*")
        if function != "*" and function not in self._functions:
            raise FaultError(
                f"function: there is none named {function!r}; there are {', '.join(sorted(self._functions))}"
            )
        if isinstance(fault, EngineFault) and fault.engine not in self._engines:
            raise FaultError(f"engine: {fault.engine} is run by somebody else here, who would have to do it")
        placed = self._faults.add(fault)
        match fault:
            case EngineFault():
                self._start(placed, self._act_on_engine(placed, fault))
            case Sockets():
                self._start(placed, self._act_on_sockets(placed, fault))
            case Kill(at="now"):
                placed.struck = 1
                self._faults.strike(placed)
                self._kill(fault.function)
        return placed

    @property
    def busy(self) -> bool:
        """Whether something is under way."""
        return bool(self._tasks)

    async def stop(self) -> None:
        """Lets paused engines go on, and ends what is under way."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _start(self, placed: Placed, action: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(action)
        self._tasks[placed.number] = task
        task.add_done_callback(lambda _: self._tasks.pop(placed.number, None))

    async def _act_on_sockets(self, placed: Placed, fault: Sockets) -> None:
        await asyncio.sleep(fault.after_s)
        if placed in self._faults.all():
            placed.struck = 1
            dropped = self._drop_sockets(fault.share, fault.code, placed.rest)
            self._faults.strike(placed, f"{fault.words()}: {dropped} of them")

    async def _act_on_engine(self, placed: Placed, fault: EngineFault) -> None:
        await asyncio.sleep(fault.after_s)
        async with self._locks[fault.engine]:
            if placed not in self._faults.all():
                return
            placed.struck = 1
            self._faults.strike(placed)
            try:
                await self._do(self._engines[fault.engine], fault)
            except Exception as error:  # noqa: BLE001 - a fault that fails is told, and must not end the twin
                self._tell(f"#{placed.number} failed: {fault.words()}: {error}")

    async def _do(self, engine: Engine, fault: EngineFault) -> None:
        match fault.action:
            case "pause":
                await _pause(engine, fault.for_s)
            case "cut":
                await _cut(engine, fault.for_s)
            case "stop" | "restart":
                await engine.stop()
                await self._bring_back(engine, fault)
            case "kill" | "wipe":
                await engine.crash()
                await self._bring_back(engine, fault)

    async def _bring_back(self, engine: Engine, fault: EngineFault) -> None:
        wiped = fault.action == "wipe"
        if wiped:
            await engine.wipe()
        await asyncio.sleep(0.0 if fault.action == "restart" else fault.for_s)
        try:
            await engine.start()
        except StartError:
            # From here on it is an engine that has fallen, as after a crash of its own.
            if engine.on_fall is not None:
                engine.on_fall(engine, 1)
            raise
        await self._restore(engine.name, wiped)


async def _pause(engine: Engine, seconds: float) -> None:
    pid = engine.pid
    if pid is None:
        return
    signal_pid_group(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(seconds)
    finally:
        signal_pid_group(pid, signal.SIGCONT)


async def _cut(engine: Engine, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while True:
        if engine.pid is not None:
            try:
                cut_connections(engine.pid, engine.port)
            except psutil.Error:
                return  # it has just ended
        if loop.time() >= until:
            return
        await asyncio.sleep(CUT_EVERY_S)
