"""Sessions in the database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from pymongo.database import Database

from parley.domain.models import Session
from parley.stores.codecs import Document, decode_session, encode_session
from parley.stores.errors import database_call

_TIMEOUT_S: Final = 2.5


class MongoSessionStore:
    """The port SessionStore. The TTL index removes what has expired some time later; until then reads leave it out."""

    def __init__(self, database: Database[Document]) -> None:
        self._sessions = database["sessions"]

    def insert_session(self, session: Session) -> None:
        """See SessionStore."""
        with database_call(_TIMEOUT_S):
            self._sessions.insert_one(encode_session(session))

    def find_session(self, session_id: str) -> Session | None:
        """See SessionStore."""
        with database_call(_TIMEOUT_S):
            document = self._sessions.find_one({"_id": session_id, "expiresAt": {"$gt": datetime.now(UTC)}})
        return None if document is None else decode_session(document)
