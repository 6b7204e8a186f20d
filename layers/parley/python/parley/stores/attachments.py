"""What is known of uploads, in the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from pymongo import ASCENDING, UpdateOne
from pymongo.database import Database

from parley.domain.models import Upload
from parley.stores.codecs import Document, decode_upload, encode_upload
from parley.stores.errors import database_call

_TIMEOUT_S: Final = 2.5
_THERE: Final = {"isWithdrawn": None}


class MongoAttachmentStore:
    """The port AttachmentStore. A sweep deletes what has lapsed, and no TTL index: there is a file to go first."""

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
            found = list(self._attachments.find({"_id": {"$in": wanted}, **_THERE}, batch_size=len(wanted) + 1))
        uploads = (decode_upload(document) for document in found)
        return {
            upload.attachment.attachment_id: upload
            for upload in uploads
            if upload.message_id is not None or upload.expires_at > now
        }

    def claim_uploads(self, message_ids: Mapping[str, str], until: datetime) -> frozenset[str]:
        """See AttachmentStore."""
        claims = [
            UpdateOne(
                {"_id": attachment_id, "messageId": {"$in": [None, message_id]}, **_THERE},
                {"$set": {"messageId": message_id, "lapsesAt": until}, "$unset": {"expiresAt": ""}},
            )
            for attachment_id, message_id in message_ids.items()
        ]
        with database_call(_TIMEOUT_S):
            outcome = self._attachments.bulk_write(claims, ordered=False)
            if outcome.matched_count == len(claims):
                return frozenset(message_ids)
            found = self._attachments.find(
                {"_id": {"$in": list(message_ids)}, **_THERE},
                projection={"messageId": True},
                batch_size=len(claims) + 1,
            )
            return frozenset(
                document["_id"] for document in found if document["messageId"] == message_ids[document["_id"]]
            )

    def find_claimed(self, message_ids: Sequence[str]) -> frozenset[str]:
        """See AttachmentStore."""
        with database_call(_TIMEOUT_S):
            found = self._attachments.find({"messageId": {"$in": list(message_ids)}}, projection={"_id": True})
            return frozenset(document["_id"] for document in found)

    def list_lapsed(self, now: datetime, limit: int) -> list[Upload]:
        """See AttachmentStore."""
        with database_call(_TIMEOUT_S):
            found = self._attachments.find(
                {"lapsesAt": {"$lte": now}}, sort=[("lapsesAt", ASCENDING)], limit=limit, batch_size=limit + 1
            )
            return [decode_upload(document) for document in found]

    def settle_uploads(self, attachment_ids: Sequence[str]) -> None:
        """See AttachmentStore."""
        with database_call(_TIMEOUT_S):
            self._attachments.update_many({"_id": {"$in": list(attachment_ids)}}, {"$unset": {"lapsesAt": ""}})

    def withdraw_uploads(self, attachment_ids: Sequence[str], now: datetime, until: datetime) -> frozenset[str]:
        """See AttachmentStore."""
        wanted = {"_id": {"$in": list(attachment_ids)}}
        with database_call(_TIMEOUT_S):
            self._attachments.update_many(
                {**wanted, "lapsesAt": {"$lte": now}}, {"$set": {"isWithdrawn": True, "lapsesAt": until}}
            )
            found = self._attachments.find({**wanted, "isWithdrawn": True}, projection={"_id": True})
            return frozenset(document["_id"] for document in found)

    def lapse_uploads(self, attachment_ids: Sequence[str], now: datetime) -> None:
        """See AttachmentStore."""
        with database_call(_TIMEOUT_S):
            self._attachments.update_many({"_id": {"$in": list(attachment_ids)}}, {"$set": {"lapsesAt": now}})

    def forget_uploads(self, attachment_ids: Sequence[str]) -> None:
        """See AttachmentStore."""
        with database_call(_TIMEOUT_S):
            self._attachments.delete_many({"_id": {"$in": list(attachment_ids)}})
