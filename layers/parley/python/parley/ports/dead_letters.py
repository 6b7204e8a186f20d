"""Records that consumers gave up, and what became of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from parley.domain.records import DeadLetter

MarkName = Literal["replayed", "dropped"]


@dataclass(frozen=True, slots=True)
class BuriedLetter:
    """A dead letter at its place in its topic."""

    offset: int
    letter: DeadLetter


@dataclass(frozen=True, slots=True)
class Mark:
    """That somebody has dealt with a dead letter."""

    name: MarkName
    at: datetime


class DeadLetterLog(Protocol):
    """The dead-letter topics, as they are read and replayed by hand."""

    def read_letters(self, consumer: str) -> Iterator[BuriedLetter]:
        """Everything that a consumer gave up and its topic still keeps, oldest first, up to what is there now.

        Raises:
            UnavailableError: Kafka cannot be reached.
        """
        ...

    def replay(self, letter: DeadLetter) -> None:
        """Writes the record to its topic again, with its key and value as they were; durable when this returns.

        Raises:
            UnavailableError: it could not be written. It may have been: writing it again is harmless.
        """
        ...


class DeadLetterMarks(Protocol):
    """Which dead letters are done with, by the record that each stands for: buried twice, it is still one."""

    def find_marks(self, letters: Sequence[DeadLetter]) -> dict[DeadLetter, Mark]:
        """Those of the letters that are marked; one query."""
        ...

    def set_mark(self, letter: DeadLetter, mark: Mark) -> None:
        """Marks a letter; idempotent, and the last mark stays. It is kept longer than any topic keeps its records."""
        ...
