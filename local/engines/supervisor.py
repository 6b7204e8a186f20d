"""Brings an engine back that ended without being asked to, so that a crash of one is an outage and not the end."""

from __future__ import annotations

import asyncio
import time
from collections import deque

from local.engines.engine import Engine
from local.engines.engine_set import EngineSet
from local.failures import StartError
from local.observer import Observer

RESTARTS = 5
WITHIN_S = 60.0


class Supervisor:
    """Watches engines from `start` to `stop`. An engine that the twin itself stops or kills is left alone."""

    def __init__(self, engines: EngineSet, observer: Observer) -> None:
        self._engines = engines
        self._observer = observer
        self._ends: dict[str, deque[float]] = {engine.name: deque(maxlen=RESTARTS) for engine in engines.all}
        self._tasks: set[asyncio.Task[None]] = set()
        self.lost: asyncio.Future[StartError] = asyncio.get_running_loop().create_future()
        """Done when an engine cannot be kept running, with the reason."""

    def start(self) -> None:
        """Begins to watch."""
        for engine in self._engines.all:
            engine.on_fall = self._fallen

    async def stop(self) -> None:
        """Ends watching, and restarts that are under way."""
        for engine in self._engines.all:
            engine.on_fall = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _fallen(self, engine: Engine, status: int) -> None:
        ends = self._ends[engine.name]
        if len(ends) == RESTARTS and time.monotonic() - ends[0] < WITHIN_S:
            self._lose(StartError(f"{engine.title} ended {RESTARTS + 1} times within {WITHIN_S:.0f} s."))
            return
        ends.append(time.monotonic())
        self._observer.engine(engine.name, "failed", f"ended with status {status}, starting it again")
        task = asyncio.create_task(self._restart(engine))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _restart(self, engine: Engine) -> None:
        try:
            await engine.start()
            self._engines.remember()
        except StartError as error:
            self._lose(error)

    def _lose(self, why: StartError) -> None:
        if not self.lost.done():
            self.lost.set_result(why)
