"""Blocks in the database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from pymongo import ASCENDING, MongoClient
from pymongo.client_session import ClientSession
from pymongo.database import Database

from parley.domain.ids import derive_direct_id
from parley.stores.codecs import Document, block_key, membership_key
from parley.stores.errors import database_call
from parley.stores.retrying import retry_transaction
from parley.stores.writers import Writers

_TIMEOUT_S: Final = 2.5
_WRITE_TIMEOUT_S: Final = 4.0


class MongoBlockStore:
    """The port BlockStore."""

    def __init__(self, client: MongoClient[Document], database: Database[Document], writers: Writers) -> None:
        self._client = client
        self._writers = writers
        self._blocks = database["blocks"]
        self._memberships = database["memberships"]

    def block_user(self, blocker_id: str, blocked_id: str, now: datetime) -> None:
        """See BlockStore."""
        block = {"blockerId": blocker_id, "blockedId": blocked_id, "createdAt": now}

        def write(session: ClientSession) -> None:
            self._blocks.update_one(
                {"_id": block_key(blocker_id, blocked_id)}, {"$setOnInsert": block}, upsert=True, session=session
            )
            self._mark(session, blocker_id, blocked_id, {"$addToSet": {"blockedBy": blocker_id}})

        self._write(write)

    def unblock_user(self, blocker_id: str, blocked_id: str, now: datetime) -> None:  # noqa: ARG002  # the port's
        """See BlockStore."""

        def write(session: ClientSession) -> None:
            self._blocks.delete_one({"_id": block_key(blocker_id, blocked_id)}, session=session)
            self._mark(session, blocker_id, blocked_id, {"$pull": {"blockedBy": blocker_id}})

        self._write(write)

    def find_blockers(self, one_user_id: str, other_user_id: str) -> frozenset[str]:
        """See BlockStore."""
        keys = [block_key(one_user_id, other_user_id), block_key(other_user_id, one_user_id)]
        with database_call(_TIMEOUT_S):
            return frozenset(document["blockerId"] for document in self._blocks.find({"_id": {"$in": keys}}))

    def list_blocks(self, blocker_id: str, *, after: str | None, limit: int) -> list[str]:
        """See BlockStore."""
        query: dict[str, Any] = {"blockerId": blocker_id}
        if after is not None:
            query["blockedId"] = {"$gt": after}
        with database_call(_TIMEOUT_S):
            found = self._blocks.find(query, sort=[("blockedId", ASCENDING)], limit=limit, batch_size=limit + 1)
            return [document["blockedId"] for document in found]

    def forget_blocks(self, user_id: str) -> None:
        """See BlockStore."""
        with database_call(_WRITE_TIMEOUT_S):
            self._blocks.delete_many({"blockerId": user_id})
            self._blocks.delete_many({"blockedId": user_id})

    def _mark(self, session: ClientSession, one_user_id: str, other_user_id: str, change: Document) -> None:
        direct_id = derive_direct_id(one_user_id, other_user_id)
        keys = [membership_key(direct_id, user_id) for user_id in (one_user_id, other_user_id)]
        self._memberships.update_many({"_id": {"$in": keys}}, change, session=session)

    def _write(self, write: Callable[[ClientSession], None]) -> None:
        retry_transaction(self._client, write, writers=self._writers, timeout_s=_WRITE_TIMEOUT_S)
