"""Deliveries into one large group: bursts that fan-out can join into frames, single messages that it cannot, and a
burst with a dead client among the members."""

from __future__ import annotations

import asyncio
import secrets
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import orjson

from bench.client import Person
from bench.load.dead import DeadClient, fill
from bench.load.figures import MeasurementError, Row, Sample
from bench.load.lane import Lane
from bench.load.people import People, close_all, create_large_group, verify_history
from bench.load.processes import Processes

MEMBERS = 500
MANY = 1_000
WATCHED = 5
BURSTS, BURST = 16, 25
SINGLES = 20
LONG_BURST = 200 // BURST
REPEATS = 5
DEADLINE_S = 90.0
MARK = b'"chat:receive"'

ROWS = (
    Row("group_events", "deliveries a second to 500 connected members, in bursts of 25", "/s", ">= 50,000"),
    Row("group_frames", "frames a second in that", "/s", ""),
    Row("group_posts", "deliveries a second of single messages, so one a frame", "/s", ">= 5,000"),
    Row("group_event_cpu_us", "processor time a delivery in bursts without engines and load", "µs", ""),
)

MANY_ROWS = (
    Row("group1000_events", "deliveries a second to 1,000 connected members, in a burst of 200 messages", "/s", ""),
    Row("group1000_last", "time until the last delivery of the burst", "ms", ""),
    Row("group1000_frames", "frames that it took, for 200,000 deliveries", "", ""),
    Row("group1000_joined", "deliveries a frame", "", ""),
    Row("group1000_dead_events", "deliveries a second with a dead client among the members", "/s", ""),
    Row("group1000_dead_last", "time until the last delivery of that burst", "ms", ""),
    Row("group1000_dead_first", "the same for the first burst that meets the dead client, of five such", "ms", ""),
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


@dataclass(frozen=True, slots=True)
class _Burst:
    """What one burst took: seconds to the last delivery, frames, and events in them."""

    took_s: float
    frames: int
    events: int


class GroupPath:
    """Runs loads into one group, which is made on first use.

    Args:
        size: its members.
    """

    def __init__(self, people: People, processes: Processes, size: int = MEMBERS) -> None:
        self._people = people
        self._processes = processes
        self._size = size
        self._moved = asyncio.Event()
        self._group_id = ""

    async def run(self) -> Sample:
        """Bursts, then single messages; everyone must get everything, and the history must hold it."""
        async with self._gather() as (lane, count, _):
            await self._burst(lane, count, 1)
            sample = await self._measure_bursts(lane, count)
            lane.batch = 1
            return sample | await self._measure_singles(lane, count)

    async def run_beside_dead(self) -> Sample:
        """Long bursts by themselves in turn with those when one more member is connected and never reads.

        It is another such socket each time, which two bursts meet: the first, and the one after it.
        """
        alone: list[_Burst] = []
        first: list[_Burst] = []
        after: list[_Burst] = []
        async with self._gather() as (lane, count, owner):
            await self._burst(lane, count, 1)
            for _ in range(REPEATS):
                alone.append(await self._measure_long(lane, count))
                dead = await asyncio.to_thread(DeadClient.connect, await owner.ws_address(), owner.access_token)
                try:
                    await fill(owner, (await self._people.take(self._size + 2))[-1])
                    first.append(await self._measure_long(lane, count))
                    after.append(await self._measure_long(lane, count))
                finally:
                    dead.close()
        last_s, first_s, dead_s = (statistics.median(one.took_s for one in bursts) for bursts in (alone, first, after))
        return {
            "group1000_events": alone[0].events / last_s,
            "group1000_last": last_s * 1e3,
            "group1000_frames": statistics.median(one.frames for one in alone),
            "group1000_joined": statistics.median(one.events / one.frames for one in alone),
            "group1000_dead_events": alone[0].events / dead_s,
            "group1000_dead_last": dead_s * 1e3,
            "group1000_dead_first": first_s * 1e3,
        }

    @asynccontextmanager
    async def _gather(self) -> AsyncIterator[tuple[Lane, Count, Person]]:
        """The members, connected: the sender's lane, what all get, and one more member, who is not connected.

        In the end the history must hold all that was acknowledged.
        """
        everyone = await self._people.take(self._size + 1)
        members, absent = everyone[:-1], everyone[-1]
        if not self._group_id:
            self._group_id = await create_large_group(members[0], "Load", [person.user_id for person in everyone[1:]])
        last_seq = (await members[0].get_conversation(self._group_id))["lastSeq"]
        lane = Lane(self._group_id, members[0].user_id, secrets.token_hex(4), BURST)
        count = Count()
        ears = [_Member(count, None if number else lane, number < WATCHED, self._moved) for number in range(self._size)]
        sockets = await self._people.connect(members, [ear.on_text for ear in ears])
        lane.socket = sockets[0]
        try:
            yield lane, count, absent
            # Before so many sockets close at once, which keeps the functions busy.
            await self._verify(members[0], last_seq, lane)
        finally:
            await close_all(sockets)

    async def _measure_long(self, lane: Lane, count: Count) -> _Burst:
        started, events, frames = time.perf_counter(), count.events, count.frames
        await self._burst(lane, count, LONG_BURST)
        return _Burst(count.last - started, count.frames - frames, count.events - events)

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
        wanted = count.events + bursts * lane.batch * self._size
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
