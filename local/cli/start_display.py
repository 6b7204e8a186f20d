"""The start as a person at a terminal sees it: a row for each engine, with a bar where its length is known."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from local.observer import EngineState, NullObserver


class StartDisplay(NullObserver):
    """An observer that shows engines while it is entered. Other lines go above it by `print`."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description:<9}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("{task.fields[detail]}"),
            console=console,
        )
        self._tasks: dict[str, TaskID] = {}
        self.shown = False

    def __enter__(self) -> Self:
        self._progress.start()
        self.shown = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shown = False
        self._progress.stop()

    def print(self, line: str) -> None:
        """Prints a line above the rows."""
        self._progress.console.print(Text.from_ansi(line), soft_wrap=True)

    def engine(self, name: str, state: EngineState, detail: str = "", progress: float | None = None) -> None:
        """Moves the engine's row."""
        if not self.shown:
            return
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=None, detail="")
        task = self._tasks[name]
        if state == "ready":
            self._progress.update(task, total=1.0, completed=1.0, detail=detail)
        else:
            total = None if progress is None else 1.0
            self._progress.update(task, total=total, completed=progress or 0.0, detail=detail or state)
