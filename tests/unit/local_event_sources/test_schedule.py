"""Schedules: the event, the rate, and that runs do not overlap."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from functions.manifest import ScheduleTrigger
from local.event_sources import ScheduleSource
from local.runtime import Invocation

pytestmark = pytest.mark.anyio

RATE = cast("int", 0.05)
"""A manifest holds whole seconds; the source takes any rate, which spares tests the wait."""


class Function:
    def __init__(self) -> None:
        self.events: list[bytes] = []
        self.running = 0
        self.most = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.finished = 0

    async def invoke(self, function: str, event: bytes) -> Invocation:
        assert function == "sweep"
        self.events.append(event)
        self.running += 1
        self.most = max(self.most, self.running)
        await self.gate.wait()
        self.running -= 1
        self.finished += 1
        return Invocation("id", "error", b"{}", 1.0, cold=False)

    async def called(self, times: int) -> None:
        async with asyncio.timeout(10):
            while len(self.events) < times:  # noqa: ASYNC110 - the count is all there is to see
                await asyncio.sleep(0.005)


async def test_the_event_is_eventbridges_and_failures_do_not_end_the_schedule() -> None:
    function = Function()
    source = ScheduleSource("sweep", ScheduleTrigger(RATE), function)
    await source.start()
    await function.called(3)
    await source.stop()
    event = json.loads(function.events[0])
    sent = datetime.strptime(event.pop("time"), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - sent) < timedelta(seconds=30)
    assert len({json.loads(each)["id"] for each in function.events}) == len(function.events)
    assert len(event.pop("id")) == 36
    assert event == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "000000000000",
        "region": "eu-central-1",
        "resources": ["arn:aws:events:eu-central-1:000000000000:rule/sweep"],
        "detail": {},
    }


async def test_a_long_run_is_not_overlapped_and_stopping_waits_for_it() -> None:
    function = Function()
    function.gate.clear()
    source = ScheduleSource("sweep", ScheduleTrigger(RATE), function)
    await source.start()
    await function.called(1)
    await asyncio.sleep(3 * RATE)
    assert len(function.events) == 1
    stopping = asyncio.create_task(source.stop())
    await asyncio.sleep(RATE)
    assert not stopping.done()
    function.gate.set()
    await stopping
    assert (function.finished, function.most) == (1, 1)


async def test_stopping_between_runs_is_at_once() -> None:
    source = ScheduleSource("sweep", ScheduleTrigger(3600), Function())
    await source.start()
    async with asyncio.timeout(5):
        await source.stop()


async def test_cron_runs_at_its_times_and_leaves_out_those_that_a_long_run_covers() -> None:
    function = Function()
    now = datetime(2026, 11, 25, 12, 59, 59, 950_000, tzinfo=UTC)
    function.gate.clear()
    asked = asyncio.Event()

    def clock() -> datetime:
        asked.set()
        return now

    source = ScheduleSource("sweep", ScheduleTrigger(cron="0 * * * ? *"), function, clock=clock)
    await source.start()
    await asked.wait()
    now = datetime(2026, 11, 25, 13, 0, tzinfo=UTC)
    await function.called(1)
    now = datetime(2026, 11, 25, 15, 59, 59, 990_000, tzinfo=UTC)  # 14:00 and 15:00 passed while it ran
    function.gate.set()
    async with asyncio.timeout(10):
        while function.finished < 1:  # noqa: ASYNC110 - the count is all there is to see
            await asyncio.sleep(0.005)
    assert len(function.events) == 1
    now = datetime(2026, 11, 25, 16, 0, tzinfo=UTC)
    await function.called(2)
    await source.stop()
