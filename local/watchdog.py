"""A small process that kills the twin's children, and what they started in their turn, when the twin has died.

It holds one end of a pipe, on which it is told of each child (`+pid`) and of its end (`-pid`). The pipe closes when the
twin dies, however it dies; whatever is left then is killed, a process group at a time.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterable


class Watchdog:
    """Starts the watching process at once; it ends by itself with this process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._waiting: set[asyncio.Task[None]] = set()
        atexit.register(self.close)

    @property
    def pid(self) -> int:
        """The watching process."""
        return self._process.pid

    def watch(self, process: asyncio.subprocess.Process) -> None:
        """Has `process`, the leader of its own group, killed if this process dies first."""
        self._tell(f"+{process.pid}")
        task = asyncio.create_task(self._forget_when_ended(process))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    def close(self) -> None:
        """Ends the watching process, which kills what it still watches."""
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait()

    async def _forget_when_ended(self, process: asyncio.subprocess.Process) -> None:
        await process.wait()
        self._tell(f"-{process.pid}")

    def _tell(self, line: str) -> None:
        pipe = self._process.stdin
        if pipe and not pipe.closed:
            with contextlib.suppress(BrokenPipeError):
                pipe.write(f"{line}\n".encode())
                pipe.flush()


def watch(lines: Iterable[str]) -> None:
    """Follows the children until `lines` ends, then kills those which are left."""
    watched: set[int] = set()
    for line in lines:
        pid = int(line[1:])
        if line.startswith("+"):
            watched.add(pid)
        else:
            watched.discard(pid)
    for pid in watched:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    watch(sys.stdin)
