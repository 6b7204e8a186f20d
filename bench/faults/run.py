"""One seed: faults while everybody sends, then peace, then the checker."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.client import ParleyClient
from bench.faults.checker import Checker, Violation
from bench.faults.control import Control
from bench.faults.history import write_history
from bench.faults.menu import Fault, draw_faults
from bench.faults.scene import Scene, Size
from bench.stack import Stack

DRY_S = 20.0


@dataclass
class Report:
    """What came of a run; `struck` counts what the faults did, by their kind."""

    seed: int
    size: Size
    violations: list[Violation]
    took_s: float = 0.0
    settled_s: float = 0.0
    acked: int = 0
    struck: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    slowest_ack_s: float = 0.0
    slowest_refusal_s: float = 0.0
    connections: int = 0
    syncs: int = 0
    history: Path | None = None

    def lines(self) -> list[str]:
        """For people."""
        found: Counter[str] = Counter(violation.rule for violation in self.violations)
        return [
            f"  seed {self.seed}: {self.acked} acked in {self.took_s:.0f} s, stored {self.settled_s:.1f} s later",
            f"  {self.connections} connections, {self.syncs} syncs",
            f"  strikes: {_words(self.struck)}",
            f"  refusals: {_words(self.refused)}",
            f"  slowest refusal {self.slowest_refusal_s:.1f} s, slowest ack {self.slowest_ack_s:.1f} s",
            f"  violations: {_words(found) if found else 'none'}" + (f"; history in {self.history}" if found else ""),
            *(f"    {violation.rule}: {violation.what}" for violation in self.violations[:10]),
        ]


def _words(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"


async def run_seed(
    stack: Stack, seed: int, size: Size, *, faults: Sequence[Fault] | None = None, out: Path | None = None
) -> Report:
    """Runs one seed on a stack.

    Args:
        faults: what goes wrong, spread evenly over the messages; drawn by the seed where it is not given.
        out: a folder for the history, which is kept where there are violations.
    """
    chance = random.Random(seed)
    drawn = draw_faults(size.faults, chance) if faults is None else list(faults)
    async with ParleyClient(stack.url) as client, Control(stack.url) as control:
        scene = Scene(client, size, random.Random(chance.random()))
        await scene.set_up()
        await control.seed(seed)
        started = time.monotonic()
        spoiling = asyncio.create_task(_spoil(control, scene, drawn))
        try:
            await scene.send_all()
            took_s = time.monotonic() - started
            await asyncio.wait_for(spoiling, timeout=120)
            struck = await _count(control)
        finally:
            spoiling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await spoiling
            await control.clear()
        await asyncio.to_thread(stack.wait_until_healthy)
        settled_s = await scene.settle()
        await scene.sync_all()
        await scene.tear_down()
    report = Report(seed, size, Checker(scene.records).check(), took_s, settled_s, scene.acked, struck, scene.refused)
    report.slowest_ack_s, report.slowest_refusal_s = scene.slowest_ack_s, scene.slowest_refusal_s
    report.connections = sum(live.connections for live in scene.clients)
    report.syncs = sum(live.syncs for live in scene.clients)
    if report.violations and out is not None:
        report.history = out / f"faults-{seed}.jsonl"
        await asyncio.to_thread(write_history, scene.records, report.history)
    return report


async def _spoil(control: Control, scene: Scene, faults: Sequence[Fault]) -> None:
    """Sets each fault when its part of the messages is acknowledged, or when nothing moves on."""
    for number, fault in enumerate(faults, 1):
        wanted = scene.size.messages * number // (len(faults) + 1)
        last, since = scene.acked, time.monotonic()
        while scene.acked < wanted and time.monotonic() - since < DRY_S:
            if scene.acked != last:
                last, since = scene.acked, time.monotonic()
            await asyncio.sleep(0.02)
        await control.add(fault)


async def _count(control: Control) -> Counter[str]:
    listed = (await control.list()).values()
    counts: Counter[str] = Counter()
    for words, struck in listed:
        counts[words.split(",")[0]] += struck
    return counts
