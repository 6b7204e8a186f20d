"""Deliveries into one large group: bursts that fan-out can join into frames, and single messages that it cannot."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.client import Person
from bench.load.figures import MeasurementError, Row, Sample
from bench.load.lane import Lane, listen
from bench.load.people import People, close_all, verify_history
from bench.load.processes import Processes

MEMBERS = 500
WATCHED = 5
BURSTS, BURST = 16, 25
SINGLES = 20
DEADLINE_S = 90.0
MARK = b'"chat:receive"'

ROWS = (
    Row(
        "group_events", "deliveries a second into a group of 500 connected members, in bursts of 25", "/s", ">= 50,000"
    ),
    Row("group_frames", "frames a second in that", "/s", ""),
    Row("group_posts", "deliveries a second of single messages, so one a frame", "/s", ">= 5,000"),
    Row("group_event_cpu_us", "processor time a delivery in bursts without engines and load", "µs", ""),
)


@dataclass(slots=True)
class Count:
    """What all sockets but the watched ones have got; events are counted by their mark, not parsed."""

    events: int = 0
    frames: int = 0
    last: float = 0.0


class GroupPath:
    """Runs loads into one group, which is made on first use."""

    def __init__(self, people: People, processes: Processes) -> None:
        self._people = people
        self._processes = processes
        self._moved = asyncio.Event()
        self._group_id = ""

    async def run(self) -> Sample:
        """Bursts, then single messages; everyone must get everything, and the history must hold it."""
        members = await self._people.take(MEMBERS)
        if not self._group_id:
            self._group_id = await members[0].create_group("Load", [member.user_id for member in members[1:]])
        last_seq = (await members[0].get_conversation(self._group_id))["lastSeq"]
        lane = Lane(self._group_id, members[0].user_id, secrets.token_hex(4), BURST)
        count = Count()
        ears = [self._ear(count, lane, number) for number in range(MEMBERS)]
        sockets = await self._people.connect(members, ears)
        lane.socket = sockets[0]
        try:
            await self._burst(lane, count, 1)
            sample = await self._measure_bursts(lane, count)
            lane.batch = 1
            sample |= await self._measure_singles(lane, count)
        finally:
            await close_all(sockets)
        await self._verify(members[0], last_seq, lane)
        return sample

    def _ear(self, count: Count, lane: Lane, number: int) -> Callable[[bytes], None]:
        watch = listen(lane if number == 0 else None, lane, lambda: None) if number < WATCHED else None
        own = Lane(lane.conversation_id, lane.sender_id, lane.prefix) if watch and number else lane
        if watch and number:
            own.sent = lane.sent
            watch = listen(None, own, lambda: None)

        def on_text(payload: bytes) -> None:
            events = payload.count(MARK)
            if events:
                count.events += events
                count.frames += 1
                count.last = time.perf_counter()
            if watch:
                watch(payload)
                if own.repeated:
                    count.events = -1
            self._moved.set()

        return on_text

    async def _measure_bursts(self, lane: Lane, count: Count) -> Sample:
        before, events, frames = self._processes.read(), count.events, count.frames
        started = time.perf_counter()
        await self._burst(lane, count, BURSTS)
        took = count.last - started
        used = self._processes.read().since(before)
        events, frames = count.events - events, count.frames - frames
        return {
            "group_events": events / took,
            "group_frames": frames / took,
            "group_event_cpu_us": (used["twin"] + used["workers"]) * 1e6 / events,
        }

    async def _measure_singles(self, lane: Lane, count: Count) -> Sample:
        started, events = time.perf_counter(), count.events
        for _ in range(SINGLES):
            await self._burst(lane, count, 1)
        return {"group_posts": (count.events - events) / (count.last - started)}

    async def _burst(self, lane: Lane, count: Count, bursts: int) -> None:
        """Sends `bursts` frames at once, and waits until everyone has got all of them."""
        wanted = count.events + bursts * lane.batch * MEMBERS
        for _ in range(bursts):
            lane.send()
        try:
            async with asyncio.timeout(DEADLINE_S):
                while not (count.events >= wanted and len(lane.acknowledged) == len(lane.sent)):
                    self._moved.clear()
                    await self._moved.wait()
                    if count.events < 0 or lane.refused:
                        raise MeasurementError(f"a message was repeated, or {lane.refused} were refused")
        except TimeoutError as error:
            raise MeasurementError(f"{count.events} of {wanted} deliveries came within {DEADLINE_S:.0f} s") from error

    async def _verify(self, member: Person, last_seq: int, lane: Lane) -> None:
        await verify_history(member, lane.conversation_id, after=last_seq, acknowledged=set(lane.acknowledged.values()))
