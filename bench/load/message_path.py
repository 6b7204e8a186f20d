"""The message path, one to one: light (paced), full (closed loop, one message or 25 a frame).

In a closed loop a frame is in flight from its sending to its answer; the clock of a rate runs from the first send to
the last delivery, so what is accepted and still queued counts for nothing until it has arrived.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bench.load.figures import MeasurementError, Row, Sample, percentile
from bench.load.lane import Lane, listen
from bench.load.people import People, close_all, verify_history
from bench.load.processes import Processes

DRAIN_S = 45.0
WARM_UP_S = 3.0

PARTS = ("twin", "ws_send", "store_messages", "fan_out", "kafka", "secantusd-py", "secantusd-rs", "valkey", "load")

LIGHT_ROWS = (
    Row("light_ack_p50_ms", "send to ack, 20 messages/s, p50", "ms", "<= 8"),
    Row("light_ack_p99_ms", "send to ack, 20 messages/s, p99", "ms", "<= 25"),
    Row(
        "light_receive_p50_ms", "send to receive on another connection, p50", "ms", "<= 15 (60 on the Python database)"
    ),
    Row("light_receive_p99_ms", "send to receive on another connection, p99", "ms", "<= 50 (150)"),
)


@dataclass(frozen=True, slots=True)
class Loop:
    """A closed loop. It sends for `send_s` seconds, or until `count` messages are sent."""

    name: str
    pairs: int = 32
    batch: int = 1
    send_s: float = 8.0
    count: int = 40_000


def full_rows(loop: Loop, rate: str, cpu: str) -> tuple[Row, ...]:
    """The rows of one closed loop; those of single functions and engines are told as they are found."""
    kind = "one message a frame" if loop.batch == 1 else f"{loop.batch} messages a frame"
    return (
        Row(f"{loop.name}_rate", f"stored and delivered a second, 64 frames in flight, {kind}", "/s", rate),
        Row(f"{loop.name}_ack_p50_ms", f"send to ack in that, {kind}, p50", "ms", ""),
        Row(f"{loop.name}_cpu_ms", f"processor time a message without engines and load, {kind}", "ms", cpu),
        *(Row(f"{loop.name}_cpu_ms_{part}", f"of that or besides it, {part}", "ms", "") for part in PARTS),
        Row(f"{loop.name}_elsewhere", "share of the machine that other work took meanwhile", "%", ""),
    )


class MessagePath:
    """Runs loads over the message path of one stack."""

    def __init__(self, people: People, processes: Processes) -> None:
        self._people = people
        self._processes = processes
        self._moved = asyncio.Event()

    async def light(self, *, per_second: int = 20, measure_s: float = 20.0) -> Sample:
        """Sends at a steady pace from four people to four others, and takes the times of all after a warm-up."""
        async with self._lanes(pairs=4, both_ways=False) as lanes:
            await self._pace(lanes, per_second, WARM_UP_S)
            await self._drain(lanes)
            for lane in lanes:
                lane.ack_times.clear()
                lane.receive_times.clear()
            await self._pace(lanes, per_second, measure_s)
            await self._drain(lanes)
            acks = [took * 1000 for lane in lanes for took in lane.ack_times]
            receives = [took * 1000 for lane in lanes for took in lane.receive_times]
        return {
            "light_ack_p50_ms": percentile(acks, 0.5),
            "light_ack_p99_ms": percentile(acks, 0.99),
            "light_receive_p50_ms": percentile(receives, 0.5),
            "light_receive_p99_ms": percentile(receives, 0.99),
        }

    async def full(self, loop: Loop) -> Sample:
        """Keeps one frame of each person in flight, so 64 for 32 pairs."""
        async with self._lanes(pairs=loop.pairs, both_ways=True, batch=loop.batch) as lanes:
            await self._warm_up(lanes)
            before, had = self._processes.read(), sum(len(lane.delivered) for lane in lanes)
            ack_start = [len(lane.ack_times) for lane in lanes]
            started = time.perf_counter()
            keep_on = self._until(lanes, started + loop.send_s, loop.count)
            for lane in lanes:
                lane.on_answer = lambda lane: lane.send() if keep_on() else None
                lane.send()
            await asyncio.sleep(started + loop.send_s - time.perf_counter())
            await self._drain(lanes)
            after = self._processes.read()
            used = after.by_kind_since(before)
            messages = sum(len(lane.delivered) for lane in lanes) - had
            took = max(lane.last_delivery for lane in lanes) - started
            acks = [t * 1000 for lane, n in zip(lanes, ack_start, strict=True) for t in lane.ack_times[n:]]
        ours = sum(seconds for kind, seconds in used.items() if kind.group in ("twin", "workers"))
        return {
            f"{loop.name}_rate": messages / took,
            f"{loop.name}_ack_p50_ms": percentile(acks, 0.5),
            f"{loop.name}_cpu_ms": ours * 1000 / messages,
            f"{loop.name}_elsewhere": after.elsewhere_since(before) * 100,
            **{f"{loop.name}_cpu_ms_{kind.name}": seconds * 1000 / messages for kind, seconds in used.items()},
        }

    async def _drain(self, lanes: Sequence[Lane]) -> None:
        """Waits until every lane is done.

        Raises:
            MeasurementError: that takes too long, or messages were refused or repeated.
        """
        try:
            async with asyncio.timeout(DRAIN_S):
                while not all(lane.is_done for lane in lanes):
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError as error:
            sent, acknowledged = sum(len(x.sent) for x in lanes), sum(len(x.acknowledged) for x in lanes)
            delivered = sum(len(lane.delivered) for lane in lanes)
            raise MeasurementError(
                f"{sent} sent, {acknowledged} acknowledged, {delivered} delivered in time"
            ) from error
        if refused := sum(lane.refused for lane in lanes):
            raise MeasurementError(f"{refused} messages were refused")
        if repeated := sum(lane.repeated for lane in lanes):
            raise MeasurementError(f"{repeated} messages came more than once")

    @asynccontextmanager
    async def _lanes(self, *, pairs: int, both_ways: bool, batch: int = 1) -> AsyncIterator[list[Lane]]:
        """Pairs of people, connected: a lane for each pair, or one for each direction.

        When the run is over, each conversation's history is held against what was acknowledged.
        """
        people = await self._people.take(2 * pairs)
        couples = list(zip(people[::2], people[1::2], strict=True))
        ids = await asyncio.gather(*(self._people.direct(one, other) for one, other in couples))
        last = [(await one.get_conversation(where))["lastSeq"] for (one, _), where in zip(couples, ids, strict=True)]
        run = secrets.token_hex(4)
        lanes: list[Lane] = []
        ears: list[Callable[[bytes], None]] = []
        for number, ((one, other), conversation_id) in enumerate(zip(couples, ids, strict=True)):
            there = Lane(conversation_id, one.user_id, f"{run}-{number}a", batch)
            back = Lane(conversation_id, other.user_id, f"{run}-{number}b", batch) if both_ways else None
            ears += [listen(there, back, self._moved.set), listen(back, there, self._moved.set)]
            lanes += [there, back] if back else [there]
        sockets = await self._people.connect(people, ears)
        by_user = {person.user_id: socket for person, socket in zip(people, sockets, strict=True)}
        for lane in lanes:
            lane.socket = by_user[lane.sender_id]
        try:
            yield lanes
        finally:
            await close_all(sockets)
        for (one, _), conversation_id, after in zip(couples, ids, last, strict=True):
            acknowledged = {
                message_id
                for lane in lanes
                if lane.conversation_id == conversation_id
                for message_id in lane.acknowledged.values()
            }
            await verify_history(one, conversation_id, after=after, acknowledged=acknowledged)

    async def _pace(self, lanes: Sequence[Lane], per_second: int, seconds: float) -> None:
        started = time.perf_counter()
        for number, lane in zip(range(int(per_second * seconds)), itertools.cycle(lanes), strict=False):
            await asyncio.sleep(max(0.0, started + number / per_second - time.perf_counter()))
            lane.send()

    async def _warm_up(self, lanes: Sequence[Lane]) -> None:
        for _ in range(3):
            for lane in lanes:
                lane.send()
            await self._drain(lanes)

    def _until(self, lanes: Sequence[Lane], deadline: float, count: int) -> Callable[[], bool]:
        limit = count + sum(len(lane.sent) for lane in lanes)

        def keep_on() -> bool:
            return time.perf_counter() < deadline and sum(len(lane.sent) for lane in lanes) < limit

        return keep_on
