"""The schedule source: runs a function at a fixed rate, or by a cron expression, as EventBridge rules do."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

import orjson

from functions.cron import Cron
from functions.manifest import ScheduleTrigger
from local.event_sources.settings import EventSourceSettings, Invoker

LOOK_AGAIN_S = 30.0


class ScheduleSource:
    """Invokes a function every `trigger.rate_s` seconds, for the first time that long after the start, or at the times
    of `trigger.cron`, in UTC.

    A run that takes longer than the rate delays the next, and the ticks that it covers are left out: runs of one
    schedule never overlap here. (EventBridge would start the next beside it.) Failed runs are not tried again.

    Args:
        function: the function's name.
        trigger: the rate, or the cron expression.
        runtime: runs the function.
        settings: names used in events.
        clock: tells the time, for cron.
    """

    def __init__(
        self,
        function: str,
        trigger: ScheduleTrigger,
        runtime: Invoker,
        *,
        settings: EventSourceSettings | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._function = function
        self._rate = trigger.rate_s
        self._cron = Cron.parse(trigger.cron) if trigger.cron else None
        self._clock = clock
        self._runtime = runtime
        self._settings = settings or EventSourceSettings()
        self._task: asyncio.Task[None] | None = None
        self._running = asyncio.Lock()

    async def start(self) -> None:
        """Starts the clock."""
        self._task = asyncio.get_running_loop().create_task(
            self._run() if self._cron is None else self._run_by_cron(self._cron)
        )

    async def stop(self) -> None:
        """Stops the clock, after the run that is under way or when the grace is over without it."""
        if self._task is None:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.stop_grace), self._running:
                self._task.cancel()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + self._rate
        while True:
            await asyncio.sleep(due - loop.time())
            async with self._running:
                await self._runtime.invoke(self._function, self._event())
            missed = max(0.0, loop.time() - due) // self._rate
            due += self._rate * (1 + missed)

    async def _run_by_cron(self, cron: Cron) -> None:
        due = cron.next_after(self._clock())
        while due is not None:
            # In pieces, so that a clock that was set, or a laptop that slept, is noticed.
            while (left := (due - self._clock()).total_seconds()) > 0:  # noqa: ASYNC110 - no event tells of time
                await asyncio.sleep(min(left, LOOK_AGAIN_S))
            async with self._running:
                await self._runtime.invoke(self._function, self._event())
            due = cron.next_after(max(due, self._clock()))

    def _event(self) -> bytes:
        settings = self._settings
        return orjson.dumps(
            {
                "version": "0",
                "id": str(uuid.uuid4()),
                "detail-type": "Scheduled Event",
                "source": "aws.events",
                "account": settings.account_id,
                "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "region": settings.region,
                "resources": [f"arn:aws:events:{settings.region}:{settings.account_id}:rule/{self._function}"],
                "detail": {},
            }
        )
