"""`python -m bench.histories`: applying sync's pages must come to what is read anew, in 200 random histories."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from bench.histories.defects import DEFECTS, Defect
from bench.histories.history import Shape, run_history
from local.engines import ports
from local.engines.database import FAST_SERVER, PYTHON_SERVER, Database
from local.failures import StartError
from local.observer import NullObserver
from local.settings import Settings

SEEDS_TO_FIND_A_DEFECT = 12
USUAL = Shape()


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line; ends the program on a mistake."""
    parser = argparse.ArgumentParser(prog="python -m bench.histories", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--people", type=int, default=USUAL.people, help="at least 4; two of them sync")
    parser.add_argument("--writers", type=int, default=USUAL.writers, help="threads that act side by side")
    parser.add_argument("--rounds", type=int, default=USUAL.rounds)
    parser.add_argument("--acts", type=int, default=USUAL.acts, help="of each writer in each round")
    parser.add_argument("--self-test", action="store_true", help="plant each defect and see it found")
    parser.add_argument("--python-database", action="store_true", help=f"{PYTHON_SERVER}, also where {FAST_SERVER} is")
    options = parser.parse_args(arguments)
    if min(options.seeds, options.writers, options.rounds, options.acts) < 1 or options.people < 4:
        parser.error("there are at least 4 people, and one of everything else")
    return options


def make_database(folder: Path, *, python: bool) -> Database:
    """A database of one's own, not started."""
    database = Database(
        folder, ports.free_port(), NullObserver(), cache=Settings.read().cache.resolve(), database="histories"
    )
    if python:
        database._server = Path(sys.executable).parent / PYTHON_SERVER
        database.title = f"Database ({PYTHON_SERVER})"
    return database


async def run(options: argparse.Namespace) -> int:
    """The seeds, or the self-test, on a database that is started for them."""
    with tempfile.TemporaryDirectory(prefix="parley-histories-") as folder:
        database = make_database(Path(folder), python=options.python_database)
        await database.start()
        print(database.title, flush=True)
        try:
            work = self_test if options.self_test else run_seeds
            return await asyncio.to_thread(work, database.url, options)
        finally:
            await database.stop()


def run_seeds(uri: str, options: argparse.Namespace) -> int:
    """Each seed in an empty database; 1 where any found something."""
    shape = Shape(options.people, options.writers, options.rounds, options.acts)
    told: Counter[str] = Counter()
    bad = pages = compared = 0
    for seed in range(options.first, options.first + options.seeds):
        began = time.monotonic()
        outcome = run_history(uri, seed, shape=shape)
        told += outcome.told
        bad += bool(outcome.found)
        pages, compared = pages + outcome.pages, compared + outcome.compared
        took = time.monotonic() - began
        print(
            f"seed {seed}: {outcome.told.total()} acts, {outcome.pages} pages, {outcome.compared} comparisons,"
            f" {len(outcome.found)} differences, {took:.1f} s",
            flush=True,
        )
        print("".join(f"  {line[:400]}\n" for line in outcome.found[:10]), end="", flush=True)
    print(f"acts: {', '.join(f'{name} {count}' for name, count in told.most_common())}")
    print(f"{options.seeds - bad} of {options.seeds} seeds equal: {pages} pages, {compared} comparisons")
    return 1 if bad else 0


def self_test(uri: str, options: argparse.Namespace) -> int:
    """Plants each defect; 1 where one was not found within some seeds."""
    shape = Shape(options.people, options.writers, options.rounds, options.acts)
    missed = 0
    for name, defect in DEFECTS.items():
        seed = find_defect(uri, defect, range(options.first, options.first + SEEDS_TO_FIND_A_DEFECT), shape)
        print(f"{name}: {'not found' if seed is None else f'found with seed {seed}'}", flush=True)
        missed += seed is None
    print(f"{len(DEFECTS) - missed} of {len(DEFECTS)} planted defects found")
    return 1 if missed else 0


def find_defect(uri: str, defect: Defect, seeds: range, shape: Shape) -> int | None:
    """The first of the seeds that finds a planted defect."""
    for seed in seeds:
        if run_history(uri, seed, shape=shape, sizes=defect.sizes, spoil=defect.spoil).found:
            return seed
    return None


def main() -> int:
    """The command: 0 where everything was equal, or every planted defect was found."""
    with suppress(KeyboardInterrupt):
        try:
            return asyncio.run(run(parse()))
        except StartError as error:
            print(error, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
