"""Sessions in the database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from pymongo import DESCENDING
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

    def list_sessions(self, user_id: str, *, before: tuple[datetime, str] | None, limit: int) -> list[Session]:
        """See SessionStore."""
        query: dict[str, Any] = {"userId": user_id, "expiresAt": {"$gt": datetime.now(UTC)}}
        if before is not None:
            created_at, session_id = before
            query["$or"] = [
                {"createdAt": {"$lt": created_at}},
                {"createdAt": created_at, "_id": {"$lt": session_id}},
            ]
        with database_call(_TIMEOUT_S):
            found = self._sessions.find(
                query, sort=[("createdAt", DESCENDING), ("_id", DESCENDING)], limit=limit, batch_size=limit + 1
            )
            return [decode_session(document) for document in found]

    def rotate_session(self, session: Session, *, expected_hash: str) -> bool:
        """See SessionStore."""
        document = encode_session(session)
        del document["_id"]
        with database_call(_TIMEOUT_S):
            outcome = self._sessions.update_one(
                {"_id": session.session_id, "refreshTokenHash": expected_hash, "expiresAt": {"$gt": datetime.now(UTC)}},
                {"$set": document},
            )
        return outcome.matched_count == 1

    def end_session(self, session_id: str) -> bool:
        """See SessionStore."""
        with database_call(_TIMEOUT_S):
            return self._sessions.delete_one({"_id": session_id}).deleted_count == 1

    def end_sessions(self, user_id: str, *, keep: str | None = None) -> None:
        """See SessionStore."""
        query: dict[str, Any] = {"userId": user_id}
        if keep is not None:
            query["_id"] = {"$ne": keep}
        with database_call(_TIMEOUT_S):
            self._sessions.delete_many(query)
