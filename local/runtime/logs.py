"""What workers print: read from a pipe without a thread, cut into lines, and kept for a while."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

CHUNK = 1 << 16
LONGEST_LINE = 1 << 18
"""Bytes after which a line is cut, as CloudWatch cuts an event."""

_NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"


class LogPipe:
    """The read end of a worker's standard output and error.

    `write_fd` is given to the process and must be closed here by `started` once the process has its own copy.
    """

    def __init__(self, emit: Callable[[str], None]) -> None:
        self._emit = emit
        self._rest = b""
        self._loop = asyncio.get_running_loop()
        self._read_fd, self.write_fd = os.pipe()
        os.set_blocking(self._read_fd, False)
        self._loop.add_reader(self._read_fd, self._read)

    def started(self) -> None:
        """Closes this process's copy of the write end, so that the pipe ends with the worker."""
        if self.write_fd >= 0:
            os.close(self.write_fd)
            self.write_fd = -1

    def close(self) -> None:
        """Tells what is still in the pipe, then closes it. May be called twice."""
        self.started()
        while self._read_fd >= 0 and self._read():
            pass
        self._end()

    def _read(self) -> bool:
        """Reads one chunk; false when there is nothing more for now."""
        try:
            chunk = os.read(self._read_fd, CHUNK)
        except BlockingIOError:
            return False
        except OSError:
            chunk = b""
        if not chunk:
            self._end()
            return False
        lines = (self._rest + chunk).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > LONGEST_LINE:
            lines.append(self._rest)
            self._rest = b""
        for line in lines:
            self._tell(line)
        return True

    def _tell(self, line: bytes) -> None:
        # The runtime client prints a stack trace as one line: carriage returns end its lines, no-break spaces indent.
        text = line.decode("utf-8", "replace").rstrip("\r")
        if "\r" in text:
            text = text.replace("\r", "\n").replace(_NO_BREAK_SPACE, " ")
        self._emit(text)

    def _end(self) -> None:
        if self._read_fd < 0:
            return
        if self._rest:
            rest, self._rest = self._rest, b""
            self._tell(rest)
        self._loop.remove_reader(self._read_fd)
        with contextlib.suppress(OSError):
            os.close(self._read_fd)
        self._read_fd = -1


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line that a function printed; `number` counts its function's lines from 1, `at` is seconds since 1970."""

    number: int
    at: float
    request_id: str
    text: str


class LogTail:
    """The last lines of one function, over all its environments."""

    def __init__(self, function: str, keep: int, tell: Callable[[str, str], None]) -> None:
        self._function = function
        self._tell = tell
        self._lines: deque[LogLine] = deque(maxlen=keep)
        self._count = 0

    def add(self, text: str, request_id: str) -> None:
        """Keeps a line and passes it on."""
        self._count += 1
        self._lines.append(LogLine(self._count, time.time(), request_id, text))
        self._tell(self._function, text)

    def lines(self) -> list[LogLine]:
        """What is kept, oldest first."""
        return list(self._lines)
