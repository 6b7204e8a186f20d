"""`python -m local engines`: the engines alone, for tests and for whoever brings their own client."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import sys
from pathlib import Path

from local.engines import DataFolder, Engines
from local.observer import NullObserver
from local.settings import Settings


async def run_engines(settings: Settings, *, database: str, data: Path) -> int:
    """Starts the engines, prints one JSON line of their addresses and process ids, and runs until standard input, if
    it is a pipe, closes, or SIGTERM or SIGINT comes. An engine that ends by itself ends the command with status 1.

    Raises:
        StartError: an engine cannot be started, or the data folder is another's.
    """
    serving = asyncio.create_task(_serve(settings, database, data))
    ended = _end_of_input_or_signal()
    ended.add_done_callback(lambda _: serving.cancel())
    try:
        return await serving
    except asyncio.CancelledError:
        return 0


async def _serve(settings: Settings, database: str, data: Path) -> int:
    with DataFolder(data) as folder:
        engines = Engines(folder, cache=settings.cache, observer=NullObserver(), database=database)
        await engines.start()
        try:
            facts = {**engines.addresses, "pids": {engine.name: engine.pid for engine in engines.all}}
            sys.stdout.write(json.dumps(facts) + "\n")
            sys.stdout.flush()
            deaths = [asyncio.create_task(engine.wait()) for engine in engines.all]
            await asyncio.wait(deaths, return_when=asyncio.FIRST_COMPLETED)
            return 1
        finally:
            await engines.stop()


def _end_of_input_or_signal() -> asyncio.Future[None]:
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()

    def end() -> None:
        if not ended.done():
            ended.set_result(None)

    def read() -> None:
        if not os.read(sys.stdin.fileno(), 4096):
            loop.remove_reader(sys.stdin)
            end()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    if stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
        loop.add_reader(sys.stdin, read)
    return ended
