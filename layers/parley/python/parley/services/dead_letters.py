"""Dealing with dead letters by hand: looking at them, giving their records again, and letting them be."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from parley.domain.errors import InvalidRequestError
from parley.ports import BuriedLetter, Clock, DeadLetterLog, DeadLetterMarks, Mark

_log = logging.getLogger(__name__)

LIMIT_MAX_COUNT: Final = 1_000

Action = Literal["list", "show", "replay", "drop"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A dead letter, and what became of it: None for one that waits."""

    buried: BuriedLetter
    mark: Mark | None


class DeadLetters:
    """The dead letters of the consumers.

    A topic is a log, out of which nothing can be taken; what is done with is marked in the database, under the record
    that the letter stands for.
    """

    def __init__(self, *, log: DeadLetterLog, marks: DeadLetterMarks, clock: Clock) -> None:
        self._log = log
        self._marks = marks
        self._clock = clock

    def find_letters(
        self, consumer: str, *, offsets: Collection[int] | None = None, everything: bool = False, limit: int
    ) -> list[Finding]:
        """A consumer's dead letters that wait, oldest first.

        Args:
            offsets: only those at these places of its dead-letter topic, done with or not.
            everything: those that are done with too.
            limit: how many at most.
        """
        found: list[Finding] = []
        letters = self._log.read_letters(consumer)
        while len(found) < limit and (some := list(itertools.islice(letters, 500))):
            wanted = [one for one in some if offsets is None or one.offset in offsets]
            marks = self._marks.find_marks([one.letter for one in wanted]) if wanted else {}
            found += [
                Finding(one, marks.get(one.letter))
                for one in wanted
                if everything or offsets is not None or one.letter not in marks
            ]
        return found[:limit]

    def replay(self, consumer: str, *, offsets: Collection[int] | None = None, limit: int) -> list[Finding]:
        """Writes waiting records to their topics again, each under its key and in the order that they were given up.

        One is marked after it was written: cut short in between, the next replay writes it once more, which its
        consumer takes as any record that is delivered twice. What was replayed or dropped is left alone.

        Returns:
            Those that were replayed; fewer than were asked for where one has no value that was kept.

        Raises:
            UnavailableError: Kafka or the database cannot be reached; those that are marked were replayed.
        """
        done: list[Finding] = []
        seen: set[tuple[str, int, int]] = set()
        for finding in self._waiting(consumer, offsets, limit):
            letter = finding.buried.letter
            place = letter.source_topic, letter.source_partition, letter.source_offset
            if letter.source_value is None or place in seen:
                continue
            seen.add(place)
            self._log.replay(letter)
            done.append(self._set_mark(finding.buried, Mark("replayed", self._clock.now())))
        return done

    def drop(self, consumer: str, *, offsets: Collection[int], limit: int) -> list[Finding]:
        """Marks waiting letters as not to be replayed; those that were.

        Raises:
            InvalidRequestError: none is named: what is dropped is somebody's message, and nobody drops them unseen.
        """
        if not offsets:
            raise InvalidRequestError("Name the offsets that are to be dropped.")
        mark = Mark("dropped", self._clock.now())
        return [self._set_mark(one.buried, mark) for one in self._waiting(consumer, offsets, limit)]

    def _waiting(self, consumer: str, offsets: Collection[int] | None, limit: int) -> Sequence[Finding]:
        return [one for one in self.find_letters(consumer, offsets=offsets, limit=limit) if one.mark is None]

    def _set_mark(self, buried: BuriedLetter, mark: Mark) -> Finding:
        self._marks.set_mark(buried.letter, mark)
        _log.warning(
            "a dead letter was dealt with",
            extra={"consumer": buried.letter.consumer, "offset": buried.offset, "mark": mark.name},
        )
        return Finding(buried, mark)
