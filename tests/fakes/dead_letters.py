"""Dead letters in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parley.domain.records import DeadLetter
from parley.ports import BuriedLetter, Mark
from tests.fakes.outside import Outside

_Place = tuple[str, str, int, int]


class FakeDeadLetterLog(Outside):
    """The port DeadLetterLog: `letters` in the order that they were buried, `replayed` in the order written."""

    def __init__(self) -> None:
        super().__init__()
        self.letters: list[DeadLetter] = []
        self.replayed: list[DeadLetter] = []
        self.replays_left: int | None = None

    def read_letters(self, consumer: str) -> Iterator[BuriedLetter]:
        self._reach("read_letters")
        own = [letter for letter in self.letters if letter.consumer == consumer]
        yield from (BuriedLetter(offset, letter) for offset, letter in enumerate(own))

    def replay(self, letter: DeadLetter) -> None:
        if self.replays_left is not None:
            self.reachable = self.replays_left > 0
            self.replays_left -= 1
        self._reach("replay")
        self.replayed.append(letter)


class FakeDeadLetterMarks(Outside):
    """The port DeadLetterMarks."""

    def __init__(self) -> None:
        super().__init__()
        self._marks: dict[_Place, Mark] = {}

    def find_marks(self, letters: Sequence[DeadLetter]) -> dict[DeadLetter, Mark]:
        self._reach("find_marks")
        return {letter: self._marks[_place(letter)] for letter in letters if _place(letter) in self._marks}

    def set_mark(self, letter: DeadLetter, mark: Mark) -> None:
        self._reach("set_mark")
        self._marks[_place(letter)] = mark


def _place(letter: DeadLetter) -> _Place:
    return letter.consumer, letter.source_topic, letter.source_partition, letter.source_offset
