"""Users in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from pymongo import ASCENDING, MongoClient, ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from parley.domain.errors import ConflictError
from parley.domain.limits import SEARCH_PREFIX_MAX_CHARS
from parley.domain.models import Credentials, ProfileChanges, Unchanged, User
from parley.stores.codecs import Document, decode_credentials, decode_user, email_key, encode_search_keys, encode_user
from parley.stores.errors import database_call
from parley.stores.retrying import retry_transaction
from parley.stores.writers import Writers

_TIMEOUT_S: Final = 2.5
_WRITE_TIMEOUT_S: Final = 4.0
_NOT_ERASED: Final = {"erasedAt": None}
_PROFILE: Final = {"passwordHash": False, "searchKeys": False, "searchPrefixes": False}


class MongoUserStore:
    """The port UserStore; unique indexes decide between concurrent registrations."""

    def __init__(self, client: MongoClient[Document], database: Database[Document], writers: Writers) -> None:
        self._client = client
        self._writers = writers
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
                {"_id": {"$in": wanted}, **_NOT_ERASED}, projection=_PROFILE, batch_size=len(wanted) + 1
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

    def find_user_credentials(self, user_id: str) -> Credentials | None:
        """See UserStore."""
        with database_call(_TIMEOUT_S):
            document = self._users.find_one({"_id": user_id, **_NOT_ERASED})
        return None if document is None else decode_credentials(document)

    def replace_password(self, user_id: str, *, old_hash: str, new_hash: str) -> bool:
        """See UserStore."""
        with database_call(_TIMEOUT_S):
            outcome = self._users.update_one(
                {"_id": user_id, "passwordHash": old_hash, **_NOT_ERASED}, {"$set": {"passwordHash": new_hash}}
            )
        return outcome.matched_count == 1

    def update_user(self, user_id: str, changes: ProfileChanges) -> User | None:
        """See UserStore."""
        wanted = {
            "displayName": changes.display_name,
            "avatarUrl": changes.avatar_url,
            "about": changes.about,
        }
        fields: dict[str, Any] = {name: value for name, value in wanted.items() if value is not Unchanged.UNCHANGED}
        with database_call(_TIMEOUT_S):
            if "displayName" in fields:
                # A username never changes, so the keys made of it here hold whatever else is written meanwhile.
                known = self._users.find_one({"_id": user_id, **_NOT_ERASED}, projection={"username": True})
                if known is None:
                    return None
                fields |= encode_search_keys(known["username"], fields["displayName"])
            query = {"_id": user_id, **_NOT_ERASED}
            document = (
                self._users.find_one_and_update(
                    query, {"$set": fields}, projection=_PROFILE, return_document=ReturnDocument.AFTER
                )
                if fields
                else self._users.find_one(query, projection=_PROFILE)
            )
        return None if document is None else decode_user(document)

    def search_users(self, prefix: str, *, after: str | None, limit: int) -> list[User]:
        """See UserStore.

        The index gives those whose names begin so by username, and no more are read than are shown. What a search has
        beyond the longest beginning that is looked up by only narrows down what was found.
        """
        query: dict[str, Any] = {"searchPrefixes": prefix[:SEARCH_PREFIX_MAX_CHARS]}
        if len(prefix) > SEARCH_PREFIX_MAX_CHARS:
            query["searchKeys"] = {"$elemMatch": {"$gte": prefix, "$lt": f"{prefix}\U0010ffff"}}
        if after is not None:
            query["username"] = {"$gt": after}
        with database_call(_TIMEOUT_S):
            found = self._users.find(
                query, projection=_PROFILE, sort=[("username", ASCENDING)], limit=limit, batch_size=limit + 1
            )
            return [decode_user(document) for document in found]

    def begin_erasure(self, user_id: str, now: datetime) -> None:
        """See UserStore."""
        # No name that a person may have begins so; these two hold the places in the unique indexes.
        nobody = f"~{user_id}"
        nothing: Document = {
            "username": nobody,
            "email": "",
            "emailKey": nobody,
            "displayName": "",
            "avatarUrl": None,
            "about": None,
            "passwordHash": "",
            "searchKeys": [],
            "searchPrefixes": [],
            "erasedAt": now,
        }

        def write(session: ClientSession) -> None:
            known = self._users.find_one({"_id": user_id, **_NOT_ERASED}, session=session)
            if known is not None:
                # In place of an update: SecantusDB's fast server keeps a unique key taken that an update has changed.
                self._users.delete_one({"_id": user_id}, session=session)
                self._users.insert_one({**known, **nothing}, session=session)

        retry_transaction(self._client, write, writers=self._writers, timeout_s=_WRITE_TIMEOUT_S)

    def list_erasures(self, before: datetime, limit: int) -> list[str]:
        """See UserStore."""
        with database_call(_TIMEOUT_S):
            found = self._users.find(
                {"erasedAt": {"$lt": before}},
                projection={"_id": True},
                sort=[("erasedAt", ASCENDING)],
                limit=limit,
                batch_size=limit + 1,
            )
            return [document["_id"] for document in found]

    def finish_erasure(self, user_id: str) -> None:
        """See UserStore."""
        with database_call(_TIMEOUT_S):
            self._users.delete_one({"_id": user_id, "erasedAt": {"$ne": None}})

    def _conflict(self, user: User) -> ConflictError:
        """Which of the two is taken: asked of the collection, as servers word the duplicate's message differently."""
        taken = self._users.find_one({"username": user.username.lower()}, projection={"_id": True})
        return ConflictError("The username is taken." if taken else "The email is taken.")
