"""The outbox: what is to be published of changes that are made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

from pymongo import ASCENDING
from pymongo.client_session import ClientSession
from pymongo.database import Database

from parley.domain.models import Conversation
from parley.domain.records import Record
from parley.ports import OutboxRow, outbox_row_id
from parley.stores.codecs import Document
from parley.stores.errors import database_call

_TIMEOUT_S: Final = 2.5


class RecordCodec(Protocol):
    """How a record is written, as it will stand in Kafka."""

    def encode(self, record: Record) -> bytes:
        """The bytes of a record."""
        ...

    def decode(self, value: bytes) -> Record:
        """The record of these bytes."""
        ...


class MongoOutboxStore:
    """The port OutboxStore, and what puts rows in for the other stores, within their transactions."""

    def __init__(self, database: Database[Document], codec: RecordCodec | None) -> None:
        self._outbox = database["outbox"]
        self._codec = codec

    def insert_row(
        self, session: ClientSession, conversation: Conversation, records: Sequence[Record], now: datetime
    ) -> None:
        """Adds the records of a conversation's change, in its transaction."""
        if not records:
            return
        row = {
            "_id": outbox_row_id(conversation),
            "rev": conversation.rev,
            "records": [self._require_codec().encode(record) for record in records],
            "createdAt": now,
        }
        self._outbox.insert_one(row, session=session)

    def list_rows(self, before: datetime, limit: int) -> list[OutboxRow]:
        """See OutboxStore."""
        with database_call(_TIMEOUT_S):
            found = self._outbox.find(
                {"createdAt": {"$lt": before}},
                sort=[("createdAt", ASCENDING), ("rev", ASCENDING)],
                limit=limit,
                batch_size=limit + 1,
            )
            return [OutboxRow(row["_id"], tuple(map(self._require_codec().decode, row["records"]))) for row in found]

    def remove_row(self, row_id: str) -> None:
        """See OutboxStore."""
        with database_call(_TIMEOUT_S):
            self._outbox.delete_one({"_id": row_id})

    def _require_codec(self) -> RecordCodec:
        if self._codec is None:
            raise RuntimeError("these stores were made without a codec for records")
        return self._codec
