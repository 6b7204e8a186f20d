"""Users in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from parley.domain.errors import ConflictError
from parley.domain.models import Credentials, User
from parley.stores.codecs import Document, decode_credentials, decode_user, email_key, encode_user
from parley.stores.errors import database_call

_TIMEOUT_S: Final = 2.5


class MongoUserStore:
    """The port UserStore; unique indexes decide between concurrent registrations."""

    def __init__(self, database: Database[Document]) -> None:
        self._users = database["users"]

    def insert_user(self, user: User, password_hash: str) -> None:
        """See UserStore."""
        with database_call(_TIMEOUT_S):
            try:
                self._users.insert_one(encode_user(user, password_hash))
            except DuplicateKeyError as error:
                raise self._conflict(user) from error

    def find_users(self, user_ids: Sequence[str]) -> dict[str, User]:
        """See UserStore."""
        with database_call(_TIMEOUT_S):
            wanted = list(dict.fromkeys(user_ids))
            found = self._users.find(
                {"_id": {"$in": wanted}}, projection={"passwordHash": False}, batch_size=len(wanted) + 1
            )
            return {document["_id"]: decode_user(document) for document in found}

    def record_last_seen(self, user_id: str, seen_at: datetime) -> None:
        """See UserStore."""
        with database_call(_TIMEOUT_S):
            self._users.update_one({"_id": user_id}, {"$max": {"lastSeenAt": seen_at}})

    def find_last_seen(self, user_ids: Sequence[str]) -> dict[str, datetime]:
        """See UserStore."""
        wanted = list(dict.fromkeys(user_ids))
        with database_call(_TIMEOUT_S):
            found = self._users.find(
                {"_id": {"$in": wanted}}, projection={"lastSeenAt": True}, batch_size=len(wanted) + 1
            )
            return {document["_id"]: document["lastSeenAt"] for document in found if document.get("lastSeenAt")}

    def find_credentials(self, login: str) -> Credentials | None:
        """See UserStore."""
        key = login.lower()
        with database_call(_TIMEOUT_S):
            # Usernames hold no @ and emails do, so at most one user has this login.
            document = self._users.find_one({"emailKey": email_key(key)} if "@" in key else {"username": key})
        return None if document is None else decode_credentials(document)

    def _conflict(self, user: User) -> ConflictError:
        """Which of the two is taken: asked of the collection, as servers word the duplicate's message differently."""
        taken = self._users.find_one({"username": user.username.lower()}, projection={"_id": True})
        return ConflictError("The username is taken." if taken else "The email is taken.")
