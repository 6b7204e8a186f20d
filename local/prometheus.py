"""Counters and histograms in Prometheus' text format, of which the twin needs little enough to do without a library."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Literal

Labels = tuple[str, ...]


class Counter:
    """A number for each combination of labels. As a gauge it may go down."""

    def __init__(
        self, name: str, words: str, labels: Labels = (), *, kind: Literal["counter", "gauge"] = "counter"
    ) -> None:
        self._name = name
        self._words = words
        self._labels = labels
        self._kind = kind
        self._values: dict[Labels, float] = {}

    def add(self, *labels: str, by: float = 1) -> None:
        """Adds to one combination."""
        self._values[labels] = self._values.get(labels, 0) + by

    def put(self, *labels: str, value: float) -> None:
        """Sets one combination."""
        self._values[labels] = value

    def lines(self) -> Iterator[str]:
        """The exposition, with a zero where nothing was counted and there are no labels."""
        yield from _head(self._name, self._words, self._kind)
        values = self._values or ({(): 0.0} if not self._labels else {})
        for labels, value in values.items():
            yield f"{self._name}{_braces(self._labels, labels)} {value:g}"


class Histogram:
    """Buckets, a sum and a count for each combination of labels."""

    def __init__(self, name: str, words: str, labels: Labels, bounds: Sequence[float]) -> None:
        self._name = name
        self._words = words
        self._labels = labels
        self._bounds = bounds
        self._counts: dict[Labels, list[int]] = {}
        self._sums: dict[Labels, float] = {}

    def observe(self, value: float, *labels: str) -> None:
        """Counts one value."""
        counts = self._counts.get(labels)
        if counts is None:
            counts = self._counts[labels] = [0] * (len(self._bounds) + 1)
            self._sums[labels] = 0.0
        counts[bisect_left(self._bounds, value)] += 1
        self._sums[labels] += value

    def lines(self) -> Iterator[str]:
        """The exposition."""
        yield from _head(self._name, self._words, "histogram")
        names = (*self._labels, "le")
        for labels, counts in self._counts.items():
            total = 0
            for bound, count in zip((*(f"{bound:g}" for bound in self._bounds), "+Inf"), counts, strict=True):
                total += count
                yield f"{self._name}_bucket{_braces(names, (*labels, bound))} {total}"
            yield f"{self._name}_sum{_braces(self._labels, labels)} {self._sums[labels]:g}"
            yield f"{self._name}_count{_braces(self._labels, labels)} {total}"


def _head(name: str, words: str, kind: str) -> Iterator[str]:
    yield f"# HELP {name} {words}"
    yield f"# TYPE {name} {kind}"


def _braces(names: Labels, values: Labels) -> str:
    if not names:
        return ""
    pairs = ",".join(f'{name}="{_escape(value)}"' for name, value in zip(names, values, strict=True))
    return f"{{{pairs}}}"


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
