"""Figures: what is measured, how several runs become one, and how it is told."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class MeasurementError(Exception):
    """A run did not do what it was to do (messages refused, lost, repeated, late): its figures are worth nothing."""


Sample = dict[str, float]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `key` is its name in a run's sample; `target` is told beside it and judges nothing."""

    key: str
    what: str
    unit: str
    target: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A row's values over all runs, in the order of the runs."""

    row: Row
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle value."""
        return statistics.median(self.values)

    def as_json(self) -> dict[str, Any]:
        """For the results' file."""
        return {
            "what": self.row.what,
            "unit": self.row.unit,
            "target": self.row.target,
            "median": self.median,
            "min": min(self.values),
            "max": max(self.values),
            "values": list(self.values),
        }


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of all values are at or below (nearest rank); NaN for none."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def figures(rows: Sequence[Row], samples: Sequence[Mapping[str, float]]) -> list[Figure]:
    """The figures of several runs; a row that no run measured is left out."""
    found = []
    for row in rows:
        values = tuple(sample[row.key] for sample in samples if row.key in sample)
        if values:
            found.append(Figure(row, values))
    return found


def number(value: float) -> str:
    """A number as a person reads it: three digits that matter, thousands with commas."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def table(found: Sequence[Figure]) -> str:
    """The figures as a Markdown table."""
    lines = ["| what | median | least to most | target |", "|---|---|---|---|"]
    for figure in found:
        spread = f"{number(min(figure.values))} to {number(max(figure.values))}"
        if len(figure.values) == 1:
            spread = "one run"
        lines.append(
            f"| {figure.row.what} | {number(figure.median)} {figure.row.unit} | {spread} | {figure.row.target} |"
        )
    return "\n".join(lines)
