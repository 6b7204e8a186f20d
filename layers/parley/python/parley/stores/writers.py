"""Who writes in transactions, so that what a killed writer left open does not hold up the others.

A server keeps the transaction of a process that died, and with it the locks on what it wrote, until the transaction's
lifetime has run out: a minute, on MongoDB and DocumentDB alike. Ending the dead process's session frees them at once.
"""

from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime
from typing import Final

from bson.binary import UUID_SUBTYPE, Binary
from pymongo import DESCENDING, MongoClient
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import OperationFailure

from parley.stores.codecs import Document

WRITERS: Final = "writers"
NOTE_LIFE_S: Final = 3600
_NOTE_AGAIN_S: Final = 600.0
_MOST_AT_ONCE: Final = 500


class Writers:
    """The sessions whose transactions may hold locks, those of all processes."""

    def __init__(self, client: MongoClient[Document], database: Database[Document]) -> None:
        self._client = client
        self._notes = database[WRITERS]
        self._own: dict[bytes, float] = {}

    def note(self, session: ClientSession) -> None:
        """Makes a session known, before its transaction begins; one write for each session in ten minutes."""
        key = bytes(session.session_id["id"])
        now = time.monotonic()
        if now - self._own.get(key, -_NOTE_AGAIN_S) < _NOTE_AGAIN_S:
            return
        self._notes.update_one(
            {"_id": Binary(key, UUID_SUBTYPE)}, {"$set": {"notedAt": datetime.now(UTC)}}, upsert=True
        )
        self._own[key] = now

    def end_others(self) -> None:
        """Ends the sessions of all other processes, and with them the transactions that they have open.

        One that is alive finds its transaction aborted and tries it again; one that is dead is out of the way. A server
        without this command is left to end the dead one's transaction in its own time.
        """
        found = self._notes.find(
            {},
            projection={"_id": True},
            sort=[("notedAt", DESCENDING)],
            limit=_MOST_AT_ONCE,
            batch_size=_MOST_AT_ONCE + 1,
        )
        others = [{"id": note["_id"]} for note in found if bytes(note["_id"]) not in self._own]
        if others:
            with contextlib.suppress(OperationFailure):
                self._client.admin.command("killSessions", others)
