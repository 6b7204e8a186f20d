"""The table of statements that the kit prints."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import pytest

WHY_CHARS = 160


@dataclass(frozen=True)
class Line:
    """One statement, from the docstring of its test, and what came of it."""

    part: str
    statement: str
    outcome: str
    why: str

    @classmethod
    def read(cls, item: pytest.Function, report: pytest.TestReport) -> Self:
        """What a test's report says of its statement."""
        part = " ".join((inspect.getdoc(item.module) or item.module.__name__).splitlines()[:1]).rstrip(".")
        said = " ".join((inspect.getdoc(item.obj) or item.name).split())
        case = item.callspec.id if hasattr(item, "callspec") else ""
        why = ""
        if report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            why = " ".join(str(crash.message if crash else report.longrepr).split())[:WHY_CHARS]
        elif report.skipped and isinstance(report.longrepr, tuple):
            why = str(report.longrepr[2]).removeprefix("Skipped: ")
        return cls(part, f"{said} [{case}]" if case else said, report.outcome, why)


def make_table(found: Sequence[Line]) -> list[str]:
    """The statements by parts of the contract, each with pass or FAIL and why, and how many of each there are."""
    words = {"passed": "pass", "failed": "FAIL", "skipped": "skip"}
    width = max(len(line.statement) for line in found)
    rows: list[str] = []
    part = ""
    for line in found:
        if line.part != part:
            part = line.part
            rows += ["", part]
        rows.append(f"  {words[line.outcome]}  {line.statement:<{width}}  {line.why}".rstrip())
    counts = Counter(words[line.outcome] for line in found)
    told = ", ".join(f"{count} {word}" for word, count in sorted(counts.items()))
    return [*rows, "", f"{len(found)} statements: {told}"]
