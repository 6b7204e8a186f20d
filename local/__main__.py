"""`python -m local`: the twin's command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Coroutine
from pathlib import Path

from local.failures import StartError
from local.settings import Settings


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns its exit status: 0 done, 1 failed with a sentence on standard error, 2 misused."""
    try:
        return _run(_parser().parse_args(arguments))
    except StartError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _run(options: argparse.Namespace) -> int:
    settings = Settings.read()
    if options.command == "engines":
        from local.cli.engines import run_engines  # noqa: PLC0415 - a command loads only what it needs

        return _drive(run_engines(settings, database=options.database, data=options.data or settings.data))
    raise AssertionError(options.command)


def _drive(command: Coroutine[object, object, int]) -> int:
    import uvloop  # noqa: PLC0415 - as above

    return uvloop.run(command)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description="The local twin of the deployed stack.")
    commands = parser.add_subparsers(dest="command", required=True)
    engines = commands.add_parser("engines", help="start the engines alone, until standard input closes")
    engines.add_argument("--data", type=Path, help="the data folder (default: PARLEY_DATA or .parley)")
    engines.add_argument("--database", default="parley", help="the database's name (default: parley)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
