"""Deliveries into one large group: bursts that fan-out can join into frames, and single messages that it cannot."""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass

import orjson

from bench.client import Person
from bench.load.figures import MeasurementError, Row, Sample
from bench.load.lane import Lane
from bench.load.people import People, close_all, verify_history
from bench.load.processes import Processes

MEMBERS = 500
WATCHED = 5
BURSTS, BURST = 16, 25
SINGLES = 20
DEADLINE_S = 90.0
MARK = b'"chat:receive"'

ROWS = (
    Row("group_events", "deliveries a second to 500 connected members, in bursts of 25", "/s", ">= 50,000"),
    Row("group_frames", "frames a second in that", "/s", ""),
    Row("group_posts", "deliveries a second of single messages, so one a frame", "/s", ">= 5,000"),
    Row("group_event_cpu_us", "processor time a delivery in bursts without engines and load", "µs", ""),
)


@dataclass(slots=True)
class Count:
    """What all sockets together have got; most count events by their mark, without parsing them."""

    events: int = 0
    frames: int = 0
    last: float = 0.0
    disordered: int = 0


@dataclass(slots=True)
class _Member:
    """One member's socket. A watched one reads every event and holds seq to its order."""

    count: Count
    outgoing: Lane | None
    watched: bool
    moved: asyncio.Event
    last_seq: int = 0

    def on_text(self, payload: bytes) -> None:
        events = payload.count(MARK)
        if events:
            self.count.events += events
            self.count.frames += 1
            self.count.last = time.perf_counter()
        if self.watched:
            self._read(payload)
        self.moved.set()

    def _read(self, payload: bytes) -> None:
        whole = orjson.loads(payload)
        for event in whole if isinstance(whole, list) else (whole,):
            if "requestId" in event:
                if self.outgoing:
                    self.outgoing.answer(event, time.perf_counter())
            elif event.get("event") == "chat:receive":
                seq = event["data"]["message"]["seq"]
                self.count.disordered += seq <= self.last_seq
                self.last_seq = seq


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
        ears = [_Member(count, None if number else lane, number < WATCHED, self._moved) for number in range(MEMBERS)]
        sockets = await self._people.connect(members, [ear.on_text for ear in ears])
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
                    if count.disordered or lane.refused:
                        told = f"{lane.refused} refused, {count.disordered} repeated or out of order"
                        raise MeasurementError(told)
        except TimeoutError as error:
            raise MeasurementError(f"{count.events} of {wanted} deliveries came within {DEADLINE_S:.0f} s") from error

    async def _verify(self, member: Person, last_seq: int, lane: Lane) -> None:
        await verify_history(member, lane.conversation_id, after=last_seq, acknowledged=set(lane.acknowledged.values()))
