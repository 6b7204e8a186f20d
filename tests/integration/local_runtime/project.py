"""Another project's running functions, and what they told."""

from __future__ import annotations

import asyncio
import json
import textwrap
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from local.observer import NullObserver
from local.runtime import Invocation, Runtime


@dataclass
class Recorder(NullObserver):
    """Keeps what the runtime tells."""

    lines: list[tuple[str, str]] = field(default_factory=list)
    invocations: list[tuple[str, str]] = field(default_factory=list)
    environments: list[tuple[str, str, str]] = field(default_factory=list)

    def log(self, function: str, line: str) -> None:
        self.lines.append((function, line))

    def invocation(self, function: str, invocation: Invocation) -> None:
        self.invocations.append((function, invocation.outcome))

    def environment(self, function: str, pid: int, change: Literal["started", "ended"], reason: str) -> None:
        self.environments.append((function, change, reason))


@dataclass
class Stack:
    """A running runtime and its project's folder."""

    root: Path
    runtime: Runtime
    told: Recorder

    async def run(self, function: str, event: Any = None) -> Invocation:
        return await self.runtime.invoke(function, json.dumps(event).encode())

    def write(self, path: str, code: str) -> None:
        write(self.root / path, code)

    def logs(self, function: str) -> list[str]:
        return [line.text for line in self.runtime.logs(function)]

    def pids(self, function: str) -> list[int]:
        return [status.pid for status in self.runtime.environments(function)]


StartStack = Callable[..., AbstractAsyncContextManager[Stack]]


async def until(holds: Callable[[], object], deadline_s: float = 10.0) -> None:
    """Waits for a condition.

    Raises:
        TimeoutError: it did not come true in time.
    """
    async with asyncio.timeout(deadline_s):
        while not holds():  # noqa: ASYNC110 - what is waited for is another process's doing
            await asyncio.sleep(0.01)


def write(path: Path, code: str) -> None:
    """Writes a source file, its text indented as it may be in a test."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(code), encoding="utf-8")
