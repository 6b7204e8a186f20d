"""What `run` shows: one way for a person at a terminal, another for a program that reads."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO

from rich.console import Console

from local.cli.addresses import print_addresses
from local.cli.start_display import StartDisplay
from local.console import JsonConsole, LineWriter, TerminalConsole
from local.observer import EngineState


class TerminalScreen(TerminalConsole):
    """Rows with bars while the stack starts, the table of addresses, then a coloured line for everything."""

    def __init__(self, writer: LineWriter, *, colours: bool) -> None:
        super().__init__(self._print, colours=colours)
        self._writer = writer
        self._terminal = Console(no_color=not colours, highlight=False)
        self._display = StartDisplay(self._terminal)

    @contextmanager
    def starting(self) -> Iterator[None]:
        """While it is entered, the stack starts."""
        with self._display:
            yield

    def ready(self, addresses: Mapping[str, str], seconds: float) -> None:
        """The stack serves."""
        print_addresses(addresses, self._terminal)
        self._terminal.print(f"Ready after {seconds:.1f} s. Ctrl-C ends everything and keeps the data.")

    def stopping(self, why: str) -> None:
        """The stack ends."""
        self._print(f"Ending everything in order ({why}); once more ends it at once.")

    def engine(self, name: str, state: EngineState, detail: str = "", progress: float | None = None) -> None:
        """See `Observer`."""
        if self._display.shown:
            self._display.engine(name, state, detail, progress)
        else:
            super().engine(name, state, detail, progress)

    def _print(self, line: str) -> None:
        if self._display.shown:
            self._display.print(line)
        else:
            self._writer.write(line)


class JsonScreen(JsonConsole):
    """A JSON object a line on standard output, and the table of addresses, once, on standard error."""

    def __init__(self, writer: LineWriter, errors: IO[str] | None = None) -> None:
        super().__init__(writer.write)
        self._errors = errors or sys.stderr

    @contextmanager
    def starting(self) -> Iterator[None]:
        """While it is entered, the stack starts."""
        yield

    def ready(self, addresses: Mapping[str, str], seconds: float) -> None:
        """The stack serves."""
        print_addresses(addresses, Console(file=self._errors, width=200))
        self._tell("ready", addresses=dict(addresses), seconds=round(seconds, 2))

    def stopping(self, why: str) -> None:
        """The stack ends."""
        self._tell("stopping", why=why)
