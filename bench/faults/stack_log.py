"""What a stack said of itself during a run: what its functions did not foresee."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PACKAGE = "/parley/"


class StackLog:
    """The part of a stack's log that is written from now on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._start = path.stat().st_size

    def text(self) -> str:
        """As it is."""
        with self._path.open("rb") as file:
            file.seek(self._start)
            return file.read().decode("utf-8", "replace")

    def unexpected(self) -> Counter[str]:
        """The exceptions that nobody foresaw, by function, type, and where in the project's own code they came up."""
        found: Counter[str] = Counter()
        for line in self._lines():
            if isinstance(line.get("stack"), str):
                place = _place_of(line["stack"])
                found[f"{line.get('function_name', '?')}: {line.get('error_type', '?')} in {place}"] += 1
        return found

    def _lines(self) -> Iterator[dict[str, Any]]:
        for text in self.text().splitlines():
            try:
                line = json.loads(text)
            except ValueError:
                continue
            if isinstance(line, dict):
                yield line


def _place_of(stack: str) -> str:
    own = [line.rpartition(" in ")[2] for line in stack.partition("\ncaused by ")[0].splitlines() if PACKAGE in line]
    return own[-1] if own else "?"
