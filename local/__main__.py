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
    # A command loads only what it needs: `reset` should not wait for what `run` imports.
    settings = Settings.read()
    match options.command:
        case "run":
            from local.cli.run import run  # noqa: PLC0415

            return _drive(run(settings))
        case "status":
            from local.cli.status import status  # noqa: PLC0415

            return status(settings.data)
        case "invoke":
            from local.cli.invoke import invoke  # noqa: PLC0415

            return _drive(invoke(settings, function=options.function, event=options.event))
        case "engines":
            from local.cli.engines import run_engines  # noqa: PLC0415

            return _drive(run_engines(settings, database=options.database, data=options.data or settings.data))
        case _:
            return _run_at_once(options.command, settings)


def _run_at_once(command: str, settings: Settings) -> int:
    match command:
        case "web":
            from local.cli.web import serve_sources  # noqa: PLC0415

            return serve_sources(settings)
        case "reset":
            from local.cli.reset import reset  # noqa: PLC0415

            return reset(settings.data)
        case _:
            from local.cli.fast_database import build_fast_database  # noqa: PLC0415

            return build_fast_database(settings.cache)


def _drive(command: Coroutine[object, object, int]) -> int:
    import uvloop  # noqa: PLC0415 - as above

    return uvloop.run(command)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local",
        description="The local twin of the deployed stack.",
        epilog="Environment: HOST, PORT (0 takes a free one), PARLEY_DATA, PARLEY_CACHE, MANIFEST, SITE, NO_COLOR.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="start everything and serve it until Ctrl-C")
    commands.add_parser("status", help="say whether a stack runs, and where everything is")
    invoke = commands.add_parser("invoke", help="run one function on one event, against the stack that runs")
    invoke.add_argument("function", help="its name in the manifest")
    invoke.add_argument("event", type=Path, help="a JSON file")
    engines = commands.add_parser("engines", help="start the engines alone, until standard input closes")
    engines.add_argument("--data", type=Path, help="the data folder (default: PARLEY_DATA or .parley)")
    engines.add_argument("--database", default="parley", help="the database's name (default: parley)")
    commands.add_parser("web", help="serve the site's sources with hot reload, against the stack that runs")
    commands.add_parser("reset", help="remove the data that runs keep")
    commands.add_parser("fast-database", help="build the database's fast server with cargo")
    return parser


if __name__ == "__main__":
    sys.exit(main())
