"""Every index there is. `_id` serves the look-ups by id, so those need none here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne
from pymongo.collection import Collection
from pymongo.database import Database

from parley.domain.search import make_search_prefixes
from parley.stores.codecs import Document
from parley.stores.writers import NOTE_LIFE_S, WRITERS

USERNAME: Final = "username"
EMAIL: Final = "email"
SEARCH: Final = "search_prefix"
_FILL_COUNT: Final = 500

INDEXES: Final[Mapping[str, Sequence[IndexModel]]] = {
    "users": [
        IndexModel([("username", ASCENDING)], name=USERNAME, unique=True),
        IndexModel([("emailKey", ASCENDING)], name=EMAIL, unique=True),
        IndexModel([("searchPrefixes", ASCENDING), ("username", ASCENDING)], name=SEARCH),
        IndexModel([("erasedAt", ASCENDING)], name="erasure"),
    ],
    "blocks": [
        IndexModel([("blockerId", ASCENDING), ("blockedId", ASCENDING)], name="blocker_blocked", unique=True),
        IndexModel([("blockedId", ASCENDING)], name="blocked"),
    ],
    "sessions": [
        IndexModel([("expiresAt", ASCENDING)], name="expiry", expireAfterSeconds=0),
        IndexModel([("userId", ASCENDING)], name="user"),
    ],
    "conversations": [],
    WRITERS: [IndexModel([("notedAt", ASCENDING)], name="expiry", expireAfterSeconds=NOTE_LIFE_S)],
    "memberships": [
        IndexModel([("userId", ASCENDING), ("conversationId", ASCENDING)], name="user_conversation"),
        IndexModel([("conversationId", ASCENDING), ("userId", ASCENDING)], name="conversation_user", unique=True),
        IndexModel([("conversationId", ASCENDING), ("changedAt", ASCENDING)], name="conversation_changed"),
    ],
    "outbox": [IndexModel([("createdAt", ASCENDING), ("rev", ASCENDING)], name="created_rev")],
    "messages": [
        IndexModel([("conversationId", ASCENDING), ("seq", DESCENDING)], name="conversation_seq", unique=True),
        IndexModel(
            [("conversationId", ASCENDING), ("senderId", ASCENDING), ("clientMessageId", ASCENDING)],
            name="conversation_sender_client_id",
            unique=True,
        ),
        IndexModel(
            [("conversationId", ASCENDING), ("changedAt", ASCENDING), ("rev", ASCENDING)], name="conversation_changed"
        ),
        IndexModel(
            [("conversationId", ASCENDING), ("words", ASCENDING), ("createdAt", DESCENDING), ("seq", DESCENDING)],
            name="conversation_words",
        ),
    ],
    "attachments": [
        IndexModel([("lapsesAt", ASCENDING)], name="lapse"),
        IndexModel([("messageId", ASCENDING)], name="message"),
    ],
    "deadLetterMarks": [IndexModel([("at", ASCENDING)], name="expiry", expireAfterSeconds=90 * 24 * 60 * 60)],
    "receipts": [],
    "departures": [
        IndexModel([("userId", ASCENDING), ("changedAt", ASCENDING)], name="user_changed"),
        IndexModel([("userId", ASCENDING), ("conversationId", ASCENDING)], name="user_conversation"),
        IndexModel([("conversationId", ASCENDING), ("changedAt", ASCENDING)], name="conversation_changed"),
    ],
    # Longer than any topic keeps its records: what is delivered again later than that is nowhere to be delivered from.
    "changes": [IndexModel([("madeAt", ASCENDING)], name="expiry", expireAfterSeconds=14 * 24 * 60 * 60)],
}


def create_indexes(database: Database[Document]) -> None:
    """Creates the collections and indexes that are missing; repeating it changes nothing.

    Collections are created too because DocumentDB refuses to create one inside a transaction.
    """
    existing = set(database.list_collection_names())
    for name, indexes in INDEXES.items():
        if name not in existing:
            database.create_collection(name, check_exists=False)
        if indexes:
            database[name].create_indexes(list(indexes))
    _fill_search_prefixes(database["users"])


def _fill_search_prefixes(users: Collection[Document]) -> None:
    """Gives those their beginnings who were registered by a release that knew of none.

    A release goes on registering people after the next one's indexes were created, until it is replaced. So they are
    looked for each time: one find, by the index, where there are none.
    """
    lacking = {"searchPrefixes": None}
    while found := list(users.find(lacking, projection={"searchKeys": True}, limit=_FILL_COUNT)):
        users.bulk_write(
            [
                UpdateOne(
                    {"_id": user["_id"], **lacking},
                    {"$set": {"searchPrefixes": list(make_search_prefixes(user.get("searchKeys") or ()))}},
                )
                for user in found
            ],
            ordered=False,
        )
