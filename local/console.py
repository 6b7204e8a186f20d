"""What the twin does, line by line: coloured for a person at a terminal, JSON for anything else that reads.

Lines are written by a thread of their own, so that a reader that is slow or has stopped never holds up the twin;
what it is too slow for is left out and counted.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import IO, TYPE_CHECKING, Any, Literal

import orjson

from local.observer import BatchOutcome, ConnectionChange, EngineState

if TYPE_CHECKING:
    from local.runtime.invocation import Invocation

MAX_WAITING_LINES = 20_000
LINGER_S = 0.02

RED, GREEN, YELLOW, BLUE, DIM = "31", "32", "33", "34", "2"


class LineWriter:
    """Writes lines to a stream from its own thread until `close`."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._lines: deque[str] = deque()
        self._dropped = 0
        self._wake = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="console", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Hands a line over; never waits."""
        if len(self._lines) >= MAX_WAITING_LINES:
            self._dropped += 1
            return
        self._lines.append(line)
        self._wake.set()

    def close(self, deadline_s: float = 2.0) -> None:
        """Writes what waits, for `deadline_s` seconds at most, and ends."""
        self._closing = True
        self._wake.set()
        self._thread.join(deadline_s)

    def _run(self) -> None:
        while not self._closing or self._lines:
            self._wake.wait()
            self._wake.clear()
            if not self._closing:
                time.sleep(LINGER_S)  # many lines a write, when there are many
            if not self._flush():
                return

    def _flush(self) -> bool:
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        dropped, self._dropped = self._dropped, 0
        if dropped:
            lines.append(f"({dropped} lines were left out: their reader is too slow)")
        try:
            self._stream.write("".join(f"{line}\n" for line in lines))
            self._stream.flush()
        except (OSError, ValueError):  # nobody reads any more
            return False
        return True


class JsonConsole:
    """An observer that tells everything as one JSON object a line. A function's own JSON lines go as they are."""

    def __init__(self, write: Callable[[str], None]) -> None:
        """
        Args:
            write: takes a line without its end.
        """
        self._write = write
        self._last_engine: tuple[str, str, str] | None = None

    def request(self, method: str, path: str, status: int, ms: float, size: int) -> None:
        """See `Observer`."""
        self._tell("request", method=method, path=path, status=status, ms=round(ms, 2), bytes=size)

    def frame(self, connection_id: str, route: str, size: int, ms: float) -> None:
        """See `Observer`."""
        self._tell("frame", connectionId=connection_id, route=route, bytes=size, ms=round(ms, 2))

    def connection(self, connection_id: str, change: ConnectionChange, code: int, reason: str) -> None:
        """See `Observer`."""
        self._tell("connection", connectionId=connection_id, change=change, code=code, reason=reason)

    def post(self, connection_id: str, status: int, size: int) -> None:
        """See `Observer`."""
        self._tell("post", connectionId=connection_id, status=status, bytes=size)

    def invocation(self, function: str, invocation: Invocation) -> None:
        """See `Observer`."""
        self._tell(
            "invocation",
            function=function,
            requestId=invocation.request_id,
            outcome=invocation.outcome,
            ms=round(invocation.duration_ms, 2),
            cold=invocation.cold,
            **_failure_of(invocation),
        )

    def environment(self, function: str, pid: int, change: Literal["started", "ended"], reason: str) -> None:
        """See `Observer`."""
        self._tell("environment", function=function, pid=pid, change=change, reason=reason)

    def batch(
        self, function: str, topic: str, *, partitions: int, records: int, ms: float, outcome: BatchOutcome
    ) -> None:
        """See `Observer`."""
        self._tell(
            "batch",
            function=function,
            topic=topic,
            partitions=partitions,
            records=records,
            ms=round(ms, 2),
            outcome=outcome,
        )

    def lag(self, function: str, topic: str, lags: Mapping[int, int]) -> None:
        """Not a line: it is told all the time. It is in the metrics."""

    def log(self, function: str, line: str) -> None:
        """See `Observer`."""
        if line.startswith("{") and line.endswith("}"):
            self._write(line)
        else:
            self._tell("log", function=function, line=line)

    def engine(self, name: str, state: EngineState, detail: str = "", progress: float | None = None) -> None:  # noqa: ARG002
        """See `Observer`. How far it has come is no line; what it is at is."""
        if (name, state, detail) != self._last_engine:
            self._last_engine = (name, state, detail)
            self._tell("engine", name=name, state=state, detail=detail)

    def fault(self, words: str) -> None:
        """See `Observer`."""
        self._tell("fault", words=words)

    def _tell(self, kind: str, **facts: Any) -> None:
        now = round(time.time(), 3)
        self._write(orjson.dumps({"time": now, "kind": kind, **facts}).decode())


class TerminalConsole:
    """An observer that tells everything as one line for a person. A function's own lines go as they are."""

    def __init__(self, write: Callable[[str], None], *, colours: bool) -> None:
        """
        Args:
            write: takes a line without its end.
            colours: whether to use ANSI colours.
        """
        self._write = write
        self._colours = colours

    def request(self, method: str, path: str, status: int, ms: float, size: int) -> None:
        """See `Observer`."""
        code = self._paint(str(status), _colour_of(status))
        self._line("request", f"{method} {path} {code} {self._ms(ms)} {self._dim(_bytes(size))}")

    def frame(self, connection_id: str, route: str, size: int, ms: float) -> None:
        """See `Observer`."""
        self._line("frame", f"{connection_id} {route} {self._ms(ms)} {self._dim(_bytes(size))}")

    def connection(self, connection_id: str, change: ConnectionChange, code: int, reason: str) -> None:
        """See `Observer`."""
        self._line("socket", f"{connection_id} {change} {self._dim(f'{code} {reason}'.strip())}")

    def post(self, connection_id: str, status: int, size: int) -> None:
        """See `Observer`."""
        code = self._paint(str(status), _colour_of(status))
        self._line("post", f"{connection_id} {code} {self._dim(_bytes(size))}")

    def invocation(self, function: str, invocation: Invocation) -> None:
        """See `Observer`. The stack trace of a failed one is among its function's own lines."""
        good = invocation.outcome == "success"
        outcome = self._paint(invocation.outcome, GREEN if good else RED)
        cold = self._paint(" cold", BLUE) if invocation.cold else ""
        why = "".join(f" {text}" for text in _failure_of(invocation).values())
        self._line("function", f"{function} {outcome} {self._ms(invocation.duration_ms)}{cold}{why}")

    def environment(self, function: str, pid: int, change: Literal["started", "ended"], reason: str) -> None:
        """See `Observer`."""
        self._line("process", self._dim(f"{function} {change} (pid {pid}) {reason}".rstrip()))

    def batch(
        self, function: str, topic: str, *, partitions: int, records: int, ms: float, outcome: BatchOutcome
    ) -> None:
        """See `Observer`."""
        told = self._paint(outcome, GREEN if outcome == "success" else RED)
        what = f"{_count(records, 'record')} of {topic}, {_count(partitions, 'partition')}"
        self._line("batch", f"{function} {told} {self._ms(ms)} {self._dim(what)}")

    def lag(self, function: str, topic: str, lags: Mapping[int, int]) -> None:
        """Not a line: it is told all the time. It is in the metrics."""

    def log(self, function: str, line: str) -> None:  # noqa: ARG002 - the line says all
        """See `Observer`."""
        self._write(line)

    def engine(self, name: str, state: EngineState, detail: str = "", progress: float | None = None) -> None:
        """See `Observer`. Only what a person should look at: the start has its own display."""
        if progress is None:
            told = self._paint(state, RED if state == "failed" else GREEN if state == "ready" else DIM)
            self._line("engine", f"{name} {told}{self._dim(f' {detail}' if detail else '')}")

    def fault(self, words: str) -> None:
        """See `Observer`."""
        self._line("fault", self._paint(words, YELLOW))

    def _line(self, kind: str, text: str) -> None:
        now = time.time()
        stamp = f"{time.strftime('%H:%M:%S', time.localtime(now))}.{int(now % 1 * 1000):03d}"
        self._write(f"{self._dim(stamp)} {kind:<8} {text}")

    def _ms(self, ms: float) -> str:
        return self._paint(f"{ms:.1f} ms", YELLOW if ms >= 1000 else "")

    def _dim(self, text: str) -> str:
        return self._paint(text, DIM)

    def _paint(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colours and colour and text else text


def _failure_of(invocation: Invocation) -> dict[str, str]:
    if invocation.outcome == "success":
        return {}
    try:
        failure = orjson.loads(invocation.payload)
        return {"error": f"{failure['errorType']}: {failure['errorMessage']}"}
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return {"error": invocation.payload.decode(errors="replace")}


def _colour_of(status: int) -> str:
    if status >= 500:
        return RED
    return YELLOW if status >= 400 else GREEN


def _bytes(size: int) -> str:
    return f"{size} B" if size < 10_000 else f"{size / 1024:.0f} KiB"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
