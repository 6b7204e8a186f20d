"""How the gateway calls functions."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from local.runtime.invocation import Invocation

_log = logging.getLogger(__name__)


class Invoker(Protocol):
    """What the gateway needs of the Lambda runtime."""

    async def invoke(self, function: str, event: bytes) -> Invocation:
        """Runs a function with a JSON event, and tells how it ended. Raises only when the runtime itself fails."""


class Calls:
    """Calls to functions that outlive who asked for them: API Gateway gives up waiting, Lambda goes on."""

    def __init__(self, runtime: Invoker) -> None:
        self._runtime = runtime
        self._tasks: set[asyncio.Task[Invocation | None]] = set()

    async def invoke(self, function: str, event: bytes, limit_s: float) -> Invocation | None:
        """Calls a function and waits for at most `limit_s` seconds; None when it took longer, and goes on.

        Raises:
            RuntimeFailedError: the runtime itself failed, or the gateway is stopping.
        """
        task = self.start(function, event)
        done, _ = await asyncio.wait((task,), timeout=limit_s)
        if not done:
            return None
        invocation = task.result() if not task.cancelled() else None
        if invocation is None:
            raise RuntimeFailedError(function)
        return invocation

    def start(self, function: str, event: bytes) -> asyncio.Task[Invocation | None]:
        """Calls a function without waiting; the task's result is None where the runtime itself failed."""
        task = asyncio.get_running_loop().create_task(self._call(function, event))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _call(self, function: str, event: bytes) -> Invocation | None:
        try:
            return await self._runtime.invoke(function, event)
        except Exception:  # noqa: BLE001 - the runtime's failure is one caller's 500, not the gateway's end
            _log.exception("the runtime could not invoke %s", function)
            return None

    async def drain(self, grace_s: float) -> None:
        """Waits until no call runs, and cancels those that still do after `grace_s` seconds."""
        deadline = asyncio.get_running_loop().time() + grace_s
        while self._tasks:
            left_s = deadline - asyncio.get_running_loop().time()
            if left_s <= 0:
                break
            await asyncio.wait(set(self._tasks), timeout=left_s)
        late = set(self._tasks)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


class RuntimeFailedError(RuntimeError):
    """The runtime could not run a function at all; its text is the function's name."""
