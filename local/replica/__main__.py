"""`python -m local.replica serve`, and `deploy` before the first: what containers run."""

from __future__ import annotations

import argparse
import sys

import uvloop

from local.cli.ending import Ending
from local.console import JsonConsole, LineWriter
from local.failures import StartError
from local.replica.replica import Replica, deploy
from local.replica.settings import ReplicaSettings


async def _serve(settings: ReplicaSettings, console: JsonConsole) -> None:
    """Runs a replica until SIGTERM."""
    replica = Replica(settings, console)
    ending = Ending()
    await replica.start()
    console.log("replica", f"serves as {settings.role}")
    try:
        console.log("replica", f"ends in order: {await ending.asked}")
    finally:
        await replica.stop()


async def _deploy(settings: ReplicaSettings, console: JsonConsole) -> None:
    for label, text in (await deploy(settings, console)).items():
        sys.stderr.write(f"{label}: {text}\n")


def main() -> int:
    """Runs one command; returns its exit status: 0 done, 1 failed with a sentence on standard error."""
    parser = argparse.ArgumentParser(prog="python -m local.replica", description="One of several twins.")
    parser.add_argument("command", choices=("serve", "deploy"))
    act = _serve if parser.parse_args().command == "serve" else _deploy
    writer = LineWriter(sys.stdout)
    try:
        uvloop.run(act(ReplicaSettings.read(), JsonConsole(writer.write)))
    except StartError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        writer.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
