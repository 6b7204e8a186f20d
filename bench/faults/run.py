"""One seed: things go wrong while everybody sends, then there is peace, then the checker."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.client import ParleyClient
from bench.faults.checker import Checker, Violation
from bench.faults.control import Control
from bench.faults.history import write_history
from bench.faults.menu import Fault, draw_faults
from bench.faults.scene import Scene, Size
from bench.faults.spoiling import PROMISED_WELL_S, Outage, Spoiler, Strikes
from bench.faults.stack_log import StackLog
from bench.stack import Stack

PROMISED_REFUSAL_S = 5.0
RETRYABLE = frozenset({"unavailable", "rate_limited"})
Spoil = Callable[[Spoiler], Awaitable[None]]


@dataclass
class Report:
    """What came of a run."""

    seed: int
    size: Size
    violations: list[Violation]
    strikes: Strikes
    took_s: float = 0.0
    settled_s: float = 0.0
    acked: int = 0
    again: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    unexpected: Counter[str] = field(default_factory=Counter)
    outages: list[Outage] = field(default_factory=list)
    slowest_ack_s: float = 0.0
    slowest_refusal_s: float = 0.0
    connections: int = 0
    syncs: int = 0
    kept: Path | None = None

    def failures(self) -> list[str]:
        """Why the run is no good; empty where it is."""
        found: Counter[str] = Counter(violation.rule for violation in self.violations)
        reasons = [f"{count} times {rule}" for rule, count in sorted(found.items())]
        if missing := self.strikes.missing:
            reasons.append(f"did not strike: {_words(missing)}")
        if self.unexpected:
            reasons.append(f"not foreseen: {_words(self.unexpected)}")
        if self.refused["internal"]:
            reasons.append(f"{self.refused['internal']} sends were told `internal`")
        return reasons + [reason for outage in self.outages for reason in self._judge(outage)]

    def _judge(self, outage: Outage) -> list[str]:
        name, reasons = outage.engine, []
        if others := set(self.refused) - RETRYABLE:
            reasons.append(f"{name} down: refused otherwise than as retryable: {', '.join(sorted(others))}")
        if outage.slowest_refusal_s > PROMISED_REFUSAL_S:
            reasons.append(f"{name} down: a refusal took {outage.slowest_refusal_s:.1f} s")
        if max(outage.caught_up_s, outage.last_refusal_s) > PROMISED_WELL_S:
            reasons.append(f"{name} down: all was not well within {PROMISED_WELL_S:.0f} s of its return")
        return reasons

    def lines(self) -> list[str]:
        """For people."""
        asked, struck = self.strikes.asked, self.strikes.struck
        failures = self.failures()
        return [
            f"  seed {self.seed}: {self.acked} acknowledged in {self.took_s:.0f} s, {self.again} sent more than once",
            f"  all acknowledged were stored {self.settled_s:.1f} s after the last send",
            f"  {struck.total()} of {asked.total()} faults struck, {self.strikes.times.total()} times in all:",
            "    " + ", ".join(f"{struck[title]}/{asked[title]} {title}" for title in sorted(asked)),
            f"  {self.connections} connections, {self.syncs} syncs; slowest ack {self.slowest_ack_s:.1f} s",
            f"  sends refused: {_words(self.refused)}; the slowest after {self.slowest_refusal_s:.1f} s",
            *(_describe(outage) for outage in self.outages),
            "  verdict: " + ("; ".join(failures) if failures else "kept"),
            *(f"    {violation.rule}: {violation.what}" for violation in self.violations[:10]),
            *([f"    kept in {self.kept}"] if self.kept else []),
        ]


def _describe(outage: Outage) -> str:
    return (
        f"  {outage.engine} away for {outage.away_s:.1f} s: {outage.refused} sends refused and {outage.unanswered} "
        f"left without an answer, the slowest after {outage.slowest_refusal_s:.1f} s; since its return the last "
        f"refusal after {outage.last_refusal_s:.1f} s, and all had the {outage.owed} before it after "
        f"{outage.caught_up_s:.1f} s"
    )


def _words(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"


async def run_seed(
    stack: Stack,
    seed: int,
    size: Size,
    *,
    faults: Sequence[Fault] | None = None,
    spoil: Spoil | None = None,
    out: Path | None = None,
) -> Report:
    """Runs one seed on a stack.

    Args:
        faults: what goes wrong, spread evenly over the messages; drawn by the seed where it is not given.
        spoil: makes things go wrong in another way than that.
        out: a folder for the history and the stack's log, which are kept where the run is no good.
    """
    chance = random.Random(seed)
    drawn = draw_faults(size.faults, chance) if faults is None else list(faults)
    log = StackLog(stack.log)
    async with ParleyClient(stack.url) as client, Control(stack.url) as control:
        scene = Scene(client, size, random.Random(chance.random()))
        spoiler = Spoiler(control, scene)
        await scene.set_up()
        await control.seed(seed)
        started = time.monotonic()
        await _under_fire(control, scene, spoil(spoiler) if spoil else spoiler.spread(drawn))
        took_s = time.monotonic() - started
        await asyncio.to_thread(stack.wait_until_healthy)
        settled_s = await scene.settle()
        await scene.sync_all()
        await scene.tear_down()
    report = Report(seed, size, Checker(scene.records).check(), spoiler.strikes, took_s, settled_s, scene.acked)
    report.again, report.outages, report.unexpected = len(scene.again), spoiler.outages, log.unexpected()
    report.refused = Counter(refusal.code for refusal in scene.refusals)
    report.slowest_refusal_s = max((refusal.took_s for refusal in scene.refusals), default=0.0)
    report.slowest_ack_s = scene.slowest_ack_s
    report.connections = sum(live.connections for live in scene.clients)
    report.syncs = sum(live.syncs for live in scene.clients)
    if report.failures() and out is not None:
        report.kept = out / f"faults-{seed}.jsonl"
        await asyncio.to_thread(write_history, scene.records, report.kept)
        await asyncio.to_thread(report.kept.with_suffix(".log").write_text, log.text(), "utf-8")
    return report


async def _under_fire(control: Control, scene: Scene, spoiling: Awaitable[None]) -> None:
    """Everybody sends until all that is to go wrong has; in the end nothing does."""

    async def spoil() -> None:
        try:
            await spoiling
        finally:
            scene.spoiled.set()

    task = asyncio.create_task(spoil())
    try:
        await scene.send_all()
        await task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await control.clear()
