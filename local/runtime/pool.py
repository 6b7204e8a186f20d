"""The environments of one function: who gets the next invocation, and when there should be more or fewer of them.

AWS starts an environment whenever all are busy. On a laptop that would drown two cores in interpreters that each take
half a second to start, for work of a few milliseconds. So an invocation waits for an environment that is soon free,
and another is started when

- the function has none, or
- the queue would take longer than `scale_up_wait_ms` at the pace of late (a moving average), or
- an invocation has waited that long, whatever the average promised, or
- none of them has found the queue empty for that long: then each waits for the others, and a core may be idle,

one at a time, and never beyond the function's reserved concurrency, `max_per_function`, or the machine's limit.
Waiting invocations count as running for the concurrency limits, as they would run in AWS.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

from local.observer import Observer
from local.runtime import failures
from local.runtime.environment import Environment
from local.runtime.invocation import Invocation, Outcome
from local.runtime.logs import LogLine, LogTail
from local.runtime.spec import EnvironmentStatus, Pending, Spec

PACE = 0.2
"""The weight of the latest invocation in the moving average."""


class Capacity(Protocol):
    """The machine's limit over all functions."""

    def allows(self, pool: Pool) -> bool:
        """Whether another environment of the pool may start now; may end an idle one of another pool for it."""


class Pool:
    """The environments and the queue of one function."""

    def __init__(self, spec: Spec, capacity: Capacity, observer: Observer) -> None:
        self.name = spec.function.name
        self.in_flight = 0
        self._spec = spec
        self._capacity = capacity
        self._observer = observer
        self._loop = asyncio.get_running_loop()
        self._queue: deque[Pending] = deque()
        self._idle: list[Environment] = []
        self._environments: dict[Environment, asyncio.Task[None]] = {}
        self._pace_ms = 0.0
        self._saturated_since: float | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._closed = False
        self._log = LogTail(self.name, spec.settings.log_lines, observer.log)
        reserved = spec.function.reserved_concurrency
        self._reserved = reserved
        most = 1 if self.name in spec.settings.debug else spec.settings.max_per_function
        self._limit = most if reserved is None else min(reserved, most)
        self._changed = asyncio.Event()

    @property
    def size(self) -> int:
        """How many environments live, those that are ending included."""
        return len(self._environments)

    @property
    def idle(self) -> list[Environment]:
        """The idle environments, the one that worked last at the end."""
        return self._idle

    def submit(self, pending: Pending) -> None:
        """Takes an invocation; its future is always resolved in the end, unless its caller cancels it."""
        if self._reserved is not None and self.in_flight >= self._reserved:
            self._refuse(pending, "throttled", failures.throttled())
            return
        self.in_flight += 1
        while self._idle:
            environment = self._idle.pop()
            if environment.available:
                environment.run(pending)
                return
        self._queue.append(pending)
        if self._saturated_since is None:
            self._saturated_since = self._loop.time()
        self._scale_up()

    def warm(self) -> None:
        """Starts an environment if there is none."""
        if not self._environments and not self._closed and self._reserved != 0 and self._capacity.allows(self):
            self._start()

    async def warmed(self) -> None:
        """Returns when no environment is starting any more."""
        while any(environment.state == "starting" for environment in self._environments):
            self._changed.clear()
            await self._changed.wait()

    def retire(self, reason: str) -> None:
        """Replaces all environments: each ends with its present invocation."""
        had_some = bool(self._environments)
        self._idle.clear()
        for environment in tuple(self._environments):
            environment.retire(reason)
        if had_some and not self._closed:
            self._start()

    def kill(self) -> int:
        """Kills all environments at once, as a crash would; returns how many there were."""
        for environment in tuple(self._environments):
            environment.kill()
        return len(self._environments)

    def kill_busy(self) -> None:
        """Kills those that have an invocation without an answer."""
        for environment in tuple(self._environments):
            if environment.running:
                environment.kill()

    def hold_to_memory(self) -> None:
        """Kills those that use more memory than the function may have."""
        for environment in tuple(self._environments):
            environment.hold_to_memory()

    def end_idle(self, since: float, keep: int) -> None:
        """Ends environments that have been idle since before a loop time, but keeps some."""
        surplus = len(self._environments) - keep
        for environment in [environment for environment in self._idle if environment.idle_since < since][
            : max(0, surplus)
        ]:
            self.end(environment, "idle")

    def end(self, environment: Environment, reason: str) -> None:
        """Ends one idle environment."""
        self._idle.remove(environment)
        environment.retire(reason)

    async def close(self, deadline: float) -> None:
        """Lets what runs and waits finish until a loop time, then ends all environments."""
        while self.in_flight and self._loop.time() < deadline:
            self._changed.clear()
            try:
                async with asyncio.timeout_at(deadline):
                    await self._changed.wait()
            except TimeoutError:
                break
        self._closed = True
        self._stop_patience()
        while self._queue:
            self._abandon(self._queue.popleft(), "error", failures.stopping())
        for environment in tuple(self._environments):
            environment.retiring = environment.retiring or "stopped"
            environment.kill()
        await asyncio.gather(*self._environments.values(), return_exceptions=True)

    def status(self) -> list[EnvironmentStatus]:
        """What can be seen of the environments, oldest first."""
        return [environment.status() for environment in self._environments]

    def log_lines(self) -> list[LogLine]:
        """The last lines that the function printed."""
        return self._log.lines()

    # What follows is called by environments.

    def environment_idle(self, environment: Environment) -> None:
        """Gives it the oldest waiting invocation."""
        self._changed.set()
        while self._queue:
            pending = self._queue.popleft()
            if not pending.answer.cancelled():
                environment.run(pending)
                self._scale_up()
                return
            self.in_flight -= 1
        self._saturated_since = None
        self._idle.append(environment)

    def environment_failed(self, environment: Environment, outcome: Outcome, payload: bytes) -> None:
        """Tells all that wait, unless another environment can serve them; the next invocation gets a fresh one."""
        others = any(other is not environment and other.state != "ended" for other in self._environments)
        if not others:
            while self._queue:
                self._abandon(self._queue.popleft(), outcome, payload)

    def environment_started(self, environment: Environment) -> None:
        """Tells the observer."""
        self._observer.environment(self.name, environment.pid, "started", "")

    def environment_ended(self, environment: Environment, reason: str) -> None:
        """Forgets it, and starts another if there is work for it."""
        self._environments.pop(environment, None)
        if environment in self._idle:
            self._idle.remove(environment)
        self._changed.set()
        if environment.pid:
            self._observer.environment(self.name, environment.pid, "ended", reason)
        self._scale_up()

    def invocation_finished(self, pending: Pending, invocation: Invocation) -> None:
        """Resolves the invocation."""
        self.in_flight -= 1
        self._pace_ms += (invocation.duration_ms - self._pace_ms) * (PACE if self._pace_ms else 1.0)
        self._resolve(pending, invocation)
        if not self.in_flight:
            self._changed.set()

    def log(self, line: str, request_id: str) -> None:
        """Keeps what a worker printed."""
        self._log.add(line, request_id)

    def _scale_up(self) -> None:
        if not self._queue or self._closed:
            return
        live = [environment for environment in self._environments if not environment.retiring]
        if any(environment.state == "starting" for environment in live):
            self._saturated_since = None  # how far one more gets remains to be seen
            return
        if live and not self._overdue(len(live)):
            self._be_patient()
        elif len(live) < self._limit and self._capacity.allows(self):
            self._start()
        else:
            self._be_patient()

    def _overdue(self, live: int) -> bool:
        wait = self._spec.settings.scale_up_wait_ms
        now = self._loop.time()
        since = self._queue[0].queued_at
        if self._saturated_since is not None:
            since = min(since, self._saturated_since)
        return (now - since) * 1000 >= wait or len(self._queue) * self._pace_ms / live > wait

    def _be_patient(self) -> None:
        if self._patience is None:
            delay = self._spec.settings.scale_up_wait_ms / 1000
            self._patience = self._loop.call_later(delay, self._look_again)

    def _look_again(self) -> None:
        self._patience = None
        self._scale_up()

    def _stop_patience(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _start(self) -> None:
        environment = Environment(self._spec, self)
        self._environments[environment] = self._loop.create_task(environment.live())

    def _abandon(self, pending: Pending, outcome: Outcome, payload: bytes) -> None:
        self.in_flight -= 1
        self._refuse(pending, outcome, payload)

    def _refuse(self, pending: Pending, outcome: Outcome, payload: bytes) -> None:
        self._resolve(pending, Invocation(pending.request_id, outcome, payload, 0.0, cold=False))

    def _resolve(self, pending: Pending, invocation: Invocation) -> None:
        if not pending.answer.done():
            pending.answer.set_result(invocation)
        self._observer.invocation(self.name, invocation)
