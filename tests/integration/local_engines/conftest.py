"""Commands of the twin as processes of their own, which never outlive their test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest

ROOT = Path(__file__).parents[3]
START_DEADLINE_S = 60


class Command:
    """`python -m local …` with pipes for its input and output."""

    def __init__(self, *arguments: str, **variables: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "local", *arguments],
            cwd=ROOT,
            env={**os.environ, **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def facts(self) -> dict[str, Any]:
        """The JSON line that `engines` prints when they serve."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, self.process.communicate(timeout=START_DEADLINE_S)[1]
        return dict(json.loads(line))

    def family(self) -> list[psutil.Process]:
        """What it started, and what those started."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def close_input(self) -> int:
        """Closes its input and waits for its end; its exit status."""
        assert self.process.stdin
        self.process.stdin.close()
        return self.process.wait(START_DEADLINE_S)

    def end(self) -> None:
        """Kills it if it runs, and closes the pipes."""
        self.process.kill()
        self.process.wait(START_DEADLINE_S)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()


StartCommand = Callable[..., Command]


@pytest.fixture
def command() -> Iterator[StartCommand]:
    """Starts `python -m local` with arguments and environment variables."""
    with ExitStack() as started:

        def start(*arguments: str, **variables: str) -> Command:
            command = Command(*arguments, **variables)
            started.callback(command.end)
            return command

        yield start


@pytest.fixture(params=[pytest.param(("asyncio", {"use_uvloop": True}), id="uvloop")])
def anyio_backend(request: pytest.FixtureRequest) -> object:
    """Asynchronous tests run under uvloop, as the twin runs."""
    return request.param
