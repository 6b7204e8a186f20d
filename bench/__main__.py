"""`python -m bench`: measures the figures of docs/benchmarks.md on this machine. Loopback only."""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvloop

from bench.client import ParleyClient
from bench.load import consumers, group, history, message_path, peers, push, rest, starts, syncing, twin
from bench.load.figures import MeasurementError, Row, Sample, figures, table
from bench.load.machine import describe_engines, describe_machine, describe_versions
from bench.load.message_path import Loop, MessagePath
from bench.load.people import People
from bench.load.processes import Processes
from bench.stack import Stack, StackError

RESULTS = Path(__file__).parent / "results"
CHAT_SCENARIOS = ("light", "full", "full25", "group500", "group1000", "sync", "rest", "history", "consumers")
OTHER_SCENARIOS = ("push", "twin", "peers", "imports", "start")
SCENARIOS = (*CHAT_SCENARIOS, *OTHER_SCENARIOS)
# What is only measured where it is asked for: it needs packages that nothing else does, or minutes to be made ready.
BY_DEFAULT = tuple(name for name in SCENARIOS if name not in ("peers", "history", "consumers"))

Measure = Callable[[], Awaitable[Sample]]


class Bench:
    """One call of the command: runs scenarios, keeps their figures, and tells them."""

    def __init__(self, runs: int, pairs: int, long: int) -> None:
        self._runs = runs
        self._pairs = pairs
        self._long = long
        self._rows: list[Row] = []
        self._samples: dict[str, list[Sample]] = {}
        self.engines: dict[str, str] = {}

    async def chat(self, url: str, pid: int, scenarios: list[str]) -> None:
        """The scenarios over the message path of a stack."""
        processes = Processes(pid)
        self.engines = describe_engines(processes.engines())
        async with ParleyClient(url) as client:
            people = People(client)
            path, into_group = MessagePath(people, processes), group.GroupPath(people, processes)
            into_large = group.GroupPath(people, processes, group.MANY)
            single = Loop("full", self._pairs)
            batched = Loop("full25", self._pairs, batch=25)
            pages = history.HistoryPath(people, processes, self._long)
            known: dict[str, tuple[tuple[Row, ...], Measure]] = {
                "light": (message_path.LIGHT_ROWS, path.light),
                "full": (message_path.full_rows(single, ">= 1,000", "<= 1.5"), lambda: path.full(single)),
                "full25": (message_path.full_rows(batched, ">= 5,000", "<= 0.25"), lambda: path.full(batched)),
                "group500": (group.ROWS, into_group.run),
                "group1000": (group.MANY_ROWS, into_large.run_beside_dead),
                "sync": (syncing.ROWS, syncing.SyncPath(client).run),
                "rest": (rest.ROWS, rest.RestPath(people, processes).run),
                "history": (history.rows(self._long), pages.run),
                "consumers": (consumers.rows(self._long), consumers.ConsumersPath(processes, self._long).run),
            }
            for name in scenarios:
                rows, measure = known[name]
                await self.measure(name, rows, measure)

    async def measure(self, name: str, rows: tuple[Row, ...], measure: Measure) -> None:
        """Runs one scenario as often as asked for, and says each run's figures as they come."""
        self._rows += rows
        samples = self._samples.setdefault(name, [])
        for run in range(1, self._runs + 1):
            sample = await measure()
            samples.append(sample)
            told = ", ".join(f"{key} {value:.4g}" for key, value in sample.items())
            print(f"{name} {run}/{self._runs}: {told}", flush=True)

    def report(self) -> dict[str, Any]:
        """Everything that was measured, and on what."""
        samples = [sample for samples in self._samples.values() for sample in samples]
        return {
            "measuredAt": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": describe_machine(),
            "engines": self.engines,
            "versions": describe_versions() | (peers.versions() if "peers" in self._samples else {}),
            "runs": self._runs,
            "figures": {figure.row.key: figure.as_json() for figure in figures(self._rows, samples)},
        }

    def markdown(self) -> str:
        """The table for docs/benchmarks.md."""
        samples = [sample for samples in self._samples.values() for sample in samples]
        return table(figures(self._rows, samples))


async def run(options: argparse.Namespace) -> Bench:
    """Runs the scenarios that were asked for."""
    bench = Bench(options.runs, options.pairs, options.long)
    chat = [name for name in CHAT_SCENARIOS if name in options.scenarios]
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as folder:
        data = Path(folder) / "data"
        if chat and options.url:
            await bench.chat(options.url, options.pid, chat)
        elif chat or "start" in options.scenarios:
            await with_stack(Stack(data), lambda stack: bench.chat(stack.url, stack.pid, chat))
        if "start" in options.scenarios:
            await bench.measure(
                "start", starts.START_ROWS, lambda: asyncio.to_thread(starts.measure_second_start, data)
            )
        if "push" in options.scenarios:
            await bench.measure("push", push.ROWS, lambda: asyncio.to_thread(push.measure))
        alone_scenarios = [name for name in ("twin", "peers") if name in options.scenarios]
        if alone_scenarios:
            alone = Stack(Path(folder) / "twin", environment={"MANIFEST": str(twin.MANIFEST)})
            await with_stack(alone, lambda stack: measure_twin(bench, stack, alone_scenarios))
        if "imports" in options.scenarios:
            await bench.measure("imports", starts.import_rows(), lambda: asyncio.to_thread(starts.measure_imports))
    return bench


async def with_stack(stack: Stack, use: Callable[[Stack], Awaitable[None]]) -> None:
    """Starts a stack for as long as it is used."""
    await asyncio.to_thread(stack.start)
    try:
        await use(stack)
    except BaseException:
        print(stack.log_tail(20), file=sys.stderr)
        raise
    finally:
        await asyncio.to_thread(stack.stop)


async def measure_twin(bench: Bench, stack: Stack, scenarios: list[str]) -> None:
    """The twin alone, and beside others."""
    processes = Processes(stack.pid)
    if "twin" in scenarios:
        await bench.measure("twin", twin.ROWS, twin.TwinAlone(stack.url, processes).run)
    if "peers" in scenarios:
        await bench.measure("peers", peers.ROWS, peers.Beside(stack.url, processes).run)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line; ends the program on a mistake."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "scenarios",
        nargs="*",
        metavar="scenario",
        help=f"of {', '.join(SCENARIOS)}; all but peers, history and consumers by default",
    )
    parser.add_argument("--runs", type=int, default=3, help="how often each scenario is run (default: 3)")
    parser.add_argument("--pairs", type=int, default=32, help="pairs of people in a closed loop (default: 32)")
    parser.add_argument(
        "--long",
        type=int,
        default=1_000_000,
        help="messages in the long conversation of history, and in all of consumers (default: 1,000,000)",
    )
    parser.add_argument("--url", help="a stack that runs already, on this machine, with its rate limits off")
    parser.add_argument("--pid", type=int, help="the main process of the stack at --url")
    parser.add_argument("--out", type=Path, default=RESULTS, help="the folder for the results (default: bench/results)")
    options = parser.parse_args(arguments)
    options.scenarios = options.scenarios or list(BY_DEFAULT)
    if unknown := set(options.scenarios) - set(SCENARIOS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(SCENARIOS)}")
    if options.runs < 1 or options.pairs < 1 or options.long < 1_000:
        parser.error("--runs and --pairs are at least 1, --long at least 1000")
    if options.url and not is_loopback(options.url):
        parser.error("--url must be on this machine: a load is not sent to others")
    if options.url and options.pid is None:
        parser.error("--url needs --pid, to tell the processor time of its processes")
    return options


def is_loopback(url: str) -> bool:
    """Whether a URL's host is this machine's loopback interface."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def main() -> int:
    """The command."""
    options = parse()
    try:
        bench = uvloop.run(run(options))
    except (MeasurementError, StackError) as error:
        print(f"The measurement is worth nothing: {error}", file=sys.stderr)
        return 1
    report = bench.report()
    options.out.mkdir(parents=True, exist_ok=True)
    stamp = report["measuredAt"].replace(":", "").replace("+0000", "Z")
    target: Path = options.out / f"{stamp}.json"
    target.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    for part in ("machine", "engines", "versions"):
        print(f"{part}: " + ", ".join(f"{name} {value}".strip() for name, value in report[part].items()))
    print(f"\n{bench.markdown()}\n\nwritten to {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
