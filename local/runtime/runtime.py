"""Lambda for one manifest: invokes functions by name in environments that it starts, reuses, replaces and ends."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Mapping

from functions.manifest import Manifest
from local.interference import Interference, NoInterference
from local.observer import Observer
from local.runtime import failures
from local.runtime.invocation import Invocation, Outcome
from local.runtime.logs import LogLine
from local.runtime.pool import Pool
from local.runtime.reload import CodeWatcher
from local.runtime.settings import MAX_PAYLOAD_BYTES, RuntimeSettings
from local.runtime.spec import EnvironmentStatus, Pending, Spec
from local.runtime.variables import worker_variables

SETTLED = 1.0
"""Seconds that another function's environment must have been idle before it is ended to make room."""


class Runtime:
    """Runs the functions of a manifest. All methods are called on one event loop, on the main thread.

    Args:
        manifest: the functions.
        values: what the `${…}` of the manifest's variables stand for.
        settings: see `RuntimeSettings`.
        observer: is told of every invocation, environment and log line.
        interference: decides what goes wrong on purpose.

    Raises:
        ManifestError: a variable names a value that is not in `values`.
    """

    def __init__(
        self,
        manifest: Manifest,
        values: Mapping[str, str],
        *,
        settings: RuntimeSettings,
        observer: Observer,
        interference: Interference | None = None,
    ) -> None:
        self._manifest = manifest
        self._settings = settings
        self._observer = observer
        self._specs = {
            name: Spec(function, manifest.layer, values, settings, interference or NoInterference())
            for name, function in manifest.functions.items()
        }
        for spec in self._specs.values():
            worker_variables(spec.function, spec.layer, values, settings, "")
        self._pools: dict[str, Pool] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False

    async def start(self) -> None:
        """Makes the functions invocable; with `prewarm`, environments start in the background from now on."""
        self._pools = {name: Pool(spec, self, self._observer) for name, spec in self._specs.items()}
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._end_idle())]
        if self._settings.memory_limits:
            self._tasks.append(loop.create_task(self._watch_memory()))
        if self._settings.prewarm:
            self._tasks.append(loop.create_task(self._prewarm(), name="prewarm"))
        if self._settings.hot_reload:
            self._tasks.append(loop.create_task(self._reload()))

    async def stop(self) -> None:
        """Lets running and waiting invocations finish within the grace, then ends all environments."""
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        deadline = asyncio.get_running_loop().time() + self._settings.stop_grace
        await asyncio.gather(*(pool.close(deadline) for pool in self._pools.values()))

    async def invoke(self, function: str, event: bytes) -> Invocation:
        """Runs a function once and returns its answer; whatever goes wrong in it is in the answer's outcome.

        A caller that is cancelled does not stop the function, as in Lambda.

        Args:
            function: its name in the manifest.
            event: a JSON document.

        Raises:
            KeyError: no such function.
        """
        pool = self._pools[function]
        loop = asyncio.get_running_loop()
        pending = Pending(str(uuid.uuid4()), event, loop.create_future(), loop.time())
        refusal = self._refusal(event)
        if refusal is not None:
            invocation = Invocation(pending.request_id, *refusal, 0.0, cold=False)
            self._observer.invocation(function, invocation)
            return invocation
        pool.submit(pending)
        return await pending.answer

    async def warmed(self) -> None:
        """Returns when no environment is starting, whether they came up or failed."""
        for task in self._tasks:
            if task.get_name() == "prewarm":
                await asyncio.wait([task])
        for pool in self._pools.values():
            await pool.warmed()

    def environments(self, function: str) -> list[EnvironmentStatus]:
        """The environments of a function, oldest first.

        Raises:
            KeyError: no such function.
        """
        return self._pools[function].status()

    def logs(self, function: str) -> list[LogLine]:
        """The last lines that a function printed, oldest first; a stack trace is one line that holds line ends.

        Raises:
            KeyError: no such function.
        """
        return self._pools[function].log_lines()

    def retire(self, function: str, reason: str) -> None:
        """Replaces a function's environments; each ends with its present invocation.

        Raises:
            KeyError: no such function.
        """
        self._pools[function].retire(reason)

    def kill(self, function: str) -> int:
        """Kills all environments of a function, or of every function for `*`, as a crash would; returns how many."""
        return sum(pool.kill() for name, pool in self._pools.items() if function in (name, "*"))

    def kill_busy(self, function: str) -> None:
        """Kills those environments of a function, or of every function for `*`, that have not answered yet."""
        for name, pool in self._pools.items():
            if function in (name, "*"):
                pool.kill_busy()

    def allows(self, pool: Pool) -> bool:
        """Whether the machine's limit leaves room for another environment, perhaps after ending an idle one."""
        if sum(other.size for other in self._pools.values()) < self._settings.max_environments:
            return True
        settled = asyncio.get_running_loop().time() - SETTLED
        candidates = [
            (environment.idle_since, other, environment)
            for other in self._pools.values()
            if other is not pool
            for environment in other.idle
            if environment.idle_since < settled
        ]
        if candidates:
            _, other, environment = min(candidates, key=lambda candidate: candidate[0])
            other.end(environment, "made room")
            return True
        return pool.size == 0

    def _refusal(self, event: bytes) -> tuple[Outcome, bytes] | None:
        if self._stopping:
            return "error", failures.stopping()
        if len(event) > MAX_PAYLOAD_BYTES:
            return "error", failures.request_too_large()
        most = self._settings.account_concurrency
        if most is not None and sum(pool.in_flight for pool in self._pools.values()) >= most:
            return "throttled", failures.throttled()
        return None

    async def _prewarm(self) -> None:
        limit = asyncio.Semaphore(self._settings.prewarm_concurrency)

        async def warm(pool: Pool) -> None:
            async with limit:
                pool.warm()
                await pool.warmed()

        await asyncio.gather(*(warm(pool) for pool in self._pools.values()))

    async def _end_idle(self) -> None:
        loop = asyncio.get_running_loop()
        timeout = self._settings.idle_timeout
        while True:
            await asyncio.sleep(min(5.0, timeout / 2))
            for name, pool in self._pools.items():
                if name not in self._settings.debug:
                    pool.end_idle(loop.time() - timeout, keep=1 if self._settings.prewarm else 0)

    async def _watch_memory(self) -> None:
        """Looks at what processes really use. A limit that the system sets on their address space (RLIMIT_AS) would not
        do: it counts what is only reserved, and what is beyond it is a MemoryError, which Lambda does not raise."""
        while True:
            await asyncio.sleep(self._settings.memory_interval)
            for pool in self._pools.values():
                pool.hold_to_memory()

    async def _reload(self) -> None:
        layer = self._manifest.layer
        folders = {function.code for function in self._manifest.functions.values()}
        watcher = await asyncio.to_thread(CodeWatcher, folders | ({layer} if layer else set()))
        while True:
            await asyncio.sleep(self._settings.reload_interval)
            with contextlib.suppress(OSError):
                changed = await asyncio.to_thread(watcher.changed)
                for name, function in self._manifest.functions.items():
                    if function.code in changed or layer in changed:
                        self._pools[name].retire("code changed")
