"""When things go wrong: spread over a run, again and again, or one engine away for a while."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from bench.faults.control import Control
from bench.faults.history import Acked
from bench.faults.menu import Fault, title_of
from bench.faults.scene import Scene

DRY_S = 20.0
STRIKE_S = 40.0
CUT_AGAIN_S = 5.0
ONCE_S = 12.0
PROMISED_WELL_S = 10.0
GIVE_UP_S = 60.0
POLL_S = 0.02
LOOK_S = 0.1
STEADY_PAUSE_S = 1.0


@dataclass
class Strikes:
    """What was to go wrong and what did: strikes by their titles, and how often those faults acted in all."""

    asked: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    times: Counter[str] = field(default_factory=Counter)

    def note(self, fault: Fault, times: int, *, asked: int = 1) -> None:
        """Notes how often a fault has acted in the end, of which only so many strikes were asked for."""
        self.asked[title_of(fault)] += asked
        self.struck[title_of(fault)] += min(times, asked)
        self.times[title_of(fault)] += times

    @property
    def missing(self) -> Counter[str]:
        """The strikes that never came."""
        return self.asked - self.struck


@dataclass
class Outage:
    """What one engine's absence did; times in seconds.

    `caught_up_s` after its return everybody had the `owed` messages that had been acknowledged by then, and
    `last_refusal_s` after it a send was refused for the last time.
    """

    engine: str
    away_s: float = 0.0
    refused: int = 0
    unanswered: int = 0
    slowest_refusal_s: float = 0.0
    caught_up_s: float = 0.0
    last_refusal_s: float = 0.0
    owed: int = 0


class Spoiler:
    """Makes things go wrong in a scene whose people send, and says when it is through."""

    def __init__(self, control: Control, scene: Scene) -> None:
        self._control = control
        self._scene = scene
        self.strikes = Strikes()
        self.outages: list[Outage] = []

    async def spread(self, faults: Sequence[Fault]) -> None:
        """Sets each fault when its part of the messages is acknowledged, or when nothing moves on."""
        scene, placed = self._scene, dict[int, Fault]()
        for number, fault in enumerate(faults, 1):
            await self._acked(scene.size.messages * number // (len(faults) + 1))
            placed[await self._control.add(fault)] = fault
            if fault["kind"] == "disconnects":
                scene.cut(fault["times"])
        await self._all_struck(placed)

    async def often(self, faults: Sequence[Fault]) -> None:
        """Sets faults that strike now and then, each `times` times, and waits for that: 12 s each at most."""
        placed = {await self._control.add(fault): fault for fault in faults}
        began = last = time.monotonic()
        enough_s = ONCE_S * max(fault["times"] for fault in faults)
        times, before = Counter[int](), Counter[int]()
        while True:
            times = Counter({number: count for number, (_, count) in (await self._control.list()).items()})
            now = time.monotonic()
            if times != before:
                before, last = times, now
            if all(times[number] >= fault["times"] for number, fault in placed.items()):
                break
            if now - last > STRIKE_S or now - began > enough_s:
                break
            await asyncio.sleep(LOOK_S)
        for number, fault in placed.items():
            self.strikes.note(fault, times[number], asked=fault["times"])

    async def down(self, engine: str, for_s: float, *, stay_s: float = PROMISED_WELL_S + 2) -> None:
        """Stops an engine for `for_s` seconds, once everybody sends, and watches for `stay_s` or longer after that."""
        scene = self._scene
        scene.pause_s = STEADY_PAUSE_S
        fault: Fault = {"kind": "engine", "engine": engine, "action": "stop", "for_s": for_s}
        await self._acked(scene.size.messages // 3)
        began = time.monotonic()
        number = await self._control.add(fault)
        await self._until(lambda: self._is(engine, up=False), GIVE_UP_S)
        await self._until(lambda: self._is(engine, up=True), for_s + GIVE_UP_S)
        returned = time.monotonic()
        self.strikes.note(fault, (await self._control.list())[number][1])
        owed = [record for record in scene.records if isinstance(record, Acked)]
        outage = Outage(engine, away_s=returned - began, owed=len(owed))

        async def all_have_it() -> bool:
            nonlocal owed
            owed = scene.still_lacking(owed)
            return not owed

        await self._until(all_have_it, GIVE_UP_S)
        outage.caught_up_s = time.monotonic() - returned
        await asyncio.sleep(max(0.0, stay_s - outage.caught_up_s))
        refusals = [one for one in scene.refusals if one.at >= began]
        outage.refused = sum(one.is_answer for one in refusals)
        outage.unanswered = len(refusals) - outage.refused
        outage.slowest_refusal_s = max((one.took_s for one in refusals), default=0.0)
        outage.last_refusal_s = max((one.at - returned for one in refusals if one.at > returned), default=0.0)
        self.outages.append(outage)

    async def _is(self, engine: str, *, up: bool) -> bool:
        return await self._control.is_up(engine) == up

    async def _all_struck(self, placed: dict[int, Fault]) -> None:
        """Waits for those faults whose occasion has not come yet, and brings about what it can."""
        began = cut_at = time.monotonic()
        while True:
            listed = {number: times for number, (_, times) in (await self._control.list()).items()}
            waiting = [fault for number, fault in placed.items() if not listed[number]]
            now = time.monotonic()
            if not waiting or now - began > STRIKE_S:
                break
            if now - cut_at > CUT_AGAIN_S and any(fault["kind"] == "disconnects" for fault in waiting):
                cut_at = now
                self._scene.cut(1)
            await asyncio.sleep(LOOK_S)
        for number, fault in placed.items():
            self.strikes.note(fault, listed[number])

    async def _acked(self, wanted: int) -> None:
        last, since = self._scene.acked, time.monotonic()
        while self._scene.acked < wanted and time.monotonic() - since < DRY_S:
            if self._scene.acked != last:
                last, since = self._scene.acked, time.monotonic()
            await asyncio.sleep(POLL_S)

    async def _until(self, holds: Callable[[], Awaitable[bool]], deadline_s: float) -> None:
        deadline = time.monotonic() + deadline_s
        while not await holds():
            if time.monotonic() > deadline:
                return
            await asyncio.sleep(LOOK_S)
