"""What became of dead letters, in the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pymongo.database import Database

from parley.domain.records import DeadLetter
from parley.ports import Mark
from parley.stores.codecs import Document
from parley.stores.errors import database_call

_TIMEOUT_S: Final = 2.5


class MongoDeadLetterMarks:
    """The port DeadLetterMarks."""

    def __init__(self, database: Database[Document]) -> None:
        self._marks = database["deadLetterMarks"]

    def find_marks(self, letters: Sequence[DeadLetter]) -> dict[DeadLetter, Mark]:
        """See DeadLetterMarks."""
        keys = {letter: _key(letter) for letter in letters}
        with database_call(_TIMEOUT_S):
            found = self._marks.find({"_id": {"$in": sorted(set(keys.values()))}}, batch_size=len(keys) + 1)
            marks = {document["_id"]: Mark(document["name"], document["at"]) for document in found}
        return {letter: marks[key] for letter, key in keys.items() if key in marks}

    def set_mark(self, letter: DeadLetter, mark: Mark) -> None:
        """See DeadLetterMarks."""
        with database_call(_TIMEOUT_S):
            self._marks.update_one({"_id": _key(letter)}, {"$set": {"name": mark.name, "at": mark.at}}, upsert=True)


def _key(letter: DeadLetter) -> str:
    return f"{letter.consumer}:{letter.source_topic}:{letter.source_partition}:{letter.source_offset}"
