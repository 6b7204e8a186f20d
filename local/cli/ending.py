"""When a command should end: SIGTERM, Ctrl-C, or the death of the `make` that started it."""

from __future__ import annotations

import asyncio
import os
import signal

PARENT_CHECK_S = 0.5
ENDED_AT_ONCE = 130


class Ending:
    """`asked` is done when the first signal came, with its name. A second one ends the process at once, and with it,
    as `local.process` promises, everything that it started."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.asked: asyncio.Future[str] = loop.create_future()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal, number)
        # Whoever kills make means what it runs, too. A shell in its place may go and leave this running.
        self._watch = loop.create_task(self._watch_parent(os.getppid())) if "MAKELEVEL" in os.environ else None

    def _on_signal(self, number: signal.Signals) -> None:
        if self.asked.done():
            os._exit(ENDED_AT_ONCE)
        self.asked.set_result(number.name)

    async def _watch_parent(self, parent: int) -> None:
        while os.getppid() == parent:  # noqa: ASYNC110 - no event tells of it on every system
            await asyncio.sleep(PARENT_CHECK_S)
        if not self.asked.done():
            self.asked.set_result("make has ended")
