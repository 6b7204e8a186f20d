"""`python -m bench.faults`: breaks a stack of its own on purpose, and holds what came of it to the contract."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import uvloop

from bench.faults.menu import POINTS, kill_at
from bench.faults.run import Report, Spoil, run_seed
from bench.faults.scene import Size
from bench.load.machine import describe_machine
from bench.stack import Stack, end_in_order

RESULTS = Path(__file__).parents[1] / "results"
ENGINES = {"kafka": "kafka", "database": "mongo", "valkey": "valkey"}
DOWN_S = 20.0
KILL_SHARE = 0.2


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line; ends the program on a mistake."""
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description=__doc__)
    parser.add_argument("--seed", type=int, nargs="+", default=[1], help="one run each (default: 1)")
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--conversations", type=int, default=200)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--faults", type=int, default=60)
    parser.add_argument(
        "--kill-at",
        choices=[*POINTS, "each"],
        help="only kills at this point, `--faults` of them; each: at every point so many, side by side",
    )
    parser.add_argument("--down", choices=[*ENGINES, "each"], help="only this, stopped for 20 s")
    parser.add_argument("--check", type=Path, help="only hold this recorded history to the rules")
    parser.add_argument("--out", type=Path, default=RESULTS, help="the folder for histories (default: bench/results)")
    return parser.parse_args(arguments)


def plans(options: argparse.Namespace) -> list[tuple[str, Spoil | None]]:
    """What is to go wrong in each run of a seed: a name for it, and how, None for what the seed draws."""
    if options.kill_at:
        points = list(POINTS) if options.kill_at == "each" else [options.kill_at]
        return [(f"kill {', '.join(points)}", _kills(points, options.faults))]
    if options.down:
        engines = ENGINES if options.down == "each" else [options.down]
        return [(f"{engine} down", _down(engine)) for engine in engines]
    return [("faults", None)]


def _kills(points: Sequence[str], count: int) -> Spoil:
    return lambda spoiler: spoiler.often([{**kill_at(point), "times": count, "share": KILL_SHARE} for point in points])


def _down(engine: str) -> Spoil:
    return lambda spoiler: spoiler.down(ENGINES[engine], DOWN_S)


def main() -> int:
    """The command: 0 where every fault struck and all that was promised was kept, 1 otherwise."""
    options = parse()
    if options.check:
        return check(options.check)
    size = Size(options.messages, options.conversations, options.clients, options.faults)
    print("machine: " + ", ".join(f"{name} {value}" for name, value in describe_machine().items()))
    bad = 0
    end_in_order()
    with tempfile.TemporaryDirectory(prefix="parley-faults-") as folder:
        stack = Stack(Path(folder) / "data", environment={"FREEZE": "on"})
        stack.start()
        try:
            for seed in options.seed:
                for name, spoil in plans(options):
                    report: Report = uvloop.run(run_seed(stack, seed, size, spoil=spoil, out=options.out))
                    print("\n".join([f"{name}:", *report.lines()]), flush=True)
                    bad += bool(report.failures())
        except BaseException:
            options.out.mkdir(parents=True, exist_ok=True)
            shutil.copy(stack.log, options.out / "stack.log")
            print(f"what the stack said is in {options.out / 'stack.log'}", file=sys.stderr)
            raise
        finally:
            stack.stop()
    return 1 if bad else 0


def check(path: Path) -> int:
    """Holds a recorded history to the rules."""
    from bench.faults.checker import Checker  # noqa: PLC0415 - only this way of use needs it
    from bench.faults.history import read_history  # noqa: PLC0415

    violations = Checker(read_history(path)).check()
    for violation in violations:
        print(f"{violation.rule}: {violation.what}")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
