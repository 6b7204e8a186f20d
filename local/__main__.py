"""`python -m local`: the twin's command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path

from local.failures import FaultError, StartError
from local.settings import Settings


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns its exit status: 0 done, 1 failed with a sentence on standard error, 2 misused."""
    try:
        return _run(_parser().parse_args(arguments))
    except (StartError, FaultError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _run(options: argparse.Namespace) -> int:
    return _COMMANDS[options.command](Settings.read(), options)


# A command loads only what it needs: `reset` should not wait for what `run` imports.


def _run_stack(settings: Settings, _: argparse.Namespace) -> int:
    from local.cli.run import run  # noqa: PLC0415

    return _drive(run(settings))


def _status(settings: Settings, _: argparse.Namespace) -> int:
    from local.cli.status import status  # noqa: PLC0415

    return status(settings.data)


def _stop(settings: Settings, _: argparse.Namespace) -> int:
    from local.cli.stop import stop  # noqa: PLC0415

    return stop(settings.data)


def _logs(settings: Settings, options: argparse.Namespace) -> int:
    from local.cli.logs import logs  # noqa: PLC0415

    return logs(settings.data, options.function, follow=not options.once)


def _invoke(settings: Settings, options: argparse.Namespace) -> int:
    from local.cli.invoke import invoke  # noqa: PLC0415

    return _drive(invoke(settings, function=options.function, event=options.event))


def _fault(settings: Settings, options: argparse.Namespace) -> int:
    from local.cli.fault import fault  # noqa: PLC0415

    return fault(settings, options.words)


def _engines(settings: Settings, options: argparse.Namespace) -> int:
    from local.cli.engines import run_engines  # noqa: PLC0415

    return _drive(run_engines(settings, database=options.database, data=options.data or settings.data))


def _reset(settings: Settings, _: argparse.Namespace) -> int:
    from local.cli.reset import reset  # noqa: PLC0415

    return reset(settings.data)


def _web(settings: Settings, _: argparse.Namespace) -> int:
    from local.cli.web import serve_sources  # noqa: PLC0415

    return serve_sources(settings)


def _fast_database(settings: Settings, _: argparse.Namespace) -> int:
    from local.cli.fast_database import build_fast_database  # noqa: PLC0415

    return build_fast_database(settings.cache)


_COMMANDS: Mapping[str, Callable[[Settings, argparse.Namespace], int]] = {
    "run": _run_stack,
    "status": _status,
    "stop": _stop,
    "logs": _logs,
    "invoke": _invoke,
    "fault": _fault,
    "engines": _engines,
    "web": _web,
    "reset": _reset,
    "fast-database": _fast_database,
}


def _drive(command: Coroutine[object, object, int]) -> int:
    import uvloop  # noqa: PLC0415 - as above

    return uvloop.run(command)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local",
        description="The local twin of the deployed stack.",
        epilog="What the environment may say is in docs/local-twin.md.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="start everything and serve it until Ctrl-C")
    commands.add_parser("status", help="say whether a stack runs, where everything is, and how it does")
    commands.add_parser("stop", help="end the stack that runs, in order")
    logs = commands.add_parser("logs", help="print what a function prints, until Ctrl-C")
    logs.add_argument("function", help="its name in the manifest")
    logs.add_argument("--once", action="store_true", help="end after the lines that are there")
    invoke = commands.add_parser("invoke", help="run one function on one event, against the stack that runs")
    invoke.add_argument("function", help="its name in the manifest")
    invoke.add_argument("event", type=Path, help="a JSON file")
    fault = commands.add_parser("fault", help="set, list and take back faults of the stack that runs")
    fault.add_argument(
        "words",
        nargs="*",
        metavar="WORD",
        help="list; remove N… or all; seed N; or a fault: kill, hold, posts, disconnects, redeliver, engine or sockets"
        " with name=value pairs (kill function=ws_send at=answer)",
    )
    engines = commands.add_parser("engines", help="start the engines alone, until standard input closes")
    engines.add_argument("--data", type=Path, help="the data folder (default: PARLEY_DATA or .parley)")
    engines.add_argument("--database", default="parley", help="the database's name (default: parley)")
    commands.add_parser("web", help="serve the site's sources with hot reload, against the stack that runs")
    commands.add_parser("reset", help="remove the data that runs keep")
    commands.add_parser("fast-database", help="build the database's fast server with cargo")
    return parser


if __name__ == "__main__":
    sys.exit(main())
