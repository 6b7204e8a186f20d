"""What is known of uploads, in the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from pymongo import UpdateOne
from pymongo.database import Database

from parley.domain.models import Upload
from parley.stores.codecs import Document, decode_upload, encode_upload
from parley.stores.errors import database_call

_TIMEOUT_S: Final = 2.5


class MongoAttachmentStore:
    """The port AttachmentStore; a TTL index deletes what has expired."""

    def __init__(self, database: Database[Document]) -> None:
        self._attachments = database["attachments"]

    def insert_upload(self, upload: Upload) -> None:
        """See AttachmentStore."""
        with database_call(_TIMEOUT_S):
            self._attachments.insert_one(encode_upload(upload))

    def find_uploads(self, attachment_ids: Sequence[str], now: datetime) -> dict[str, Upload]:
        """See AttachmentStore."""
        wanted = list(dict.fromkeys(attachment_ids))
        with database_call(_TIMEOUT_S):
            # A server deletes what has expired in its own time: up to a minute later, or hours where it is busy.
            found = list(self._attachments.find({"_id": {"$in": wanted}}, batch_size=len(wanted) + 1))
        return {
            document["_id"]: decode_upload(document)
            for document in found
            if "expiresAt" not in document or document["expiresAt"] > now
        }

    def claim_uploads(self, message_ids: Mapping[str, str]) -> frozenset[str]:
        """See AttachmentStore."""
        claims = [
            UpdateOne(
                {"_id": attachment_id, "messageId": {"$in": [None, message_id]}},
                {"$set": {"messageId": message_id}, "$unset": {"expiresAt": ""}},
            )
            for attachment_id, message_id in message_ids.items()
        ]
        with database_call(_TIMEOUT_S):
            outcome = self._attachments.bulk_write(claims, ordered=False)
            if outcome.matched_count == len(claims):
                return frozenset(message_ids)
            found = self._attachments.find(
                {"_id": {"$in": list(message_ids)}}, projection={"messageId": True}, batch_size=len(claims) + 1
            )
            return frozenset(
                document["_id"] for document in found if document["messageId"] == message_ids[document["_id"]]
            )

    def find_claimed(self, message_ids: Sequence[str]) -> frozenset[str]:
        """See AttachmentStore."""
        with database_call(_TIMEOUT_S):
            found = self._attachments.find({"messageId": {"$in": list(message_ids)}}, projection={"_id": True})
            return frozenset(document["_id"] for document in found)

    def forget_uploads(self, attachment_ids: Sequence[str]) -> None:
        """See AttachmentStore."""
        with database_call(_TIMEOUT_S):
            self._attachments.delete_many({"_id": {"$in": list(attachment_ids)}})
