"""Uploads and files in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from parley.domain.errors import UnavailableError
from parley.domain.models import Attachment, Upload, UploadForm
from tests.fakes.outside import Outside


class FakeAttachmentStore(Outside):
    """The port AttachmentStore."""

    def __init__(self) -> None:
        super().__init__(threading.RLock())
        self._uploads: dict[str, Upload] = {}
        self._settled: set[str] = set()
        self._withdrawn: set[str] = set()

    def insert_upload(self, upload: Upload) -> None:
        self._reach("insert_upload")
        with self._lock:
            self._uploads[upload.attachment.attachment_id] = upload

    def find_uploads(self, attachment_ids: Sequence[str], now: datetime) -> dict[str, Upload]:
        self._reach("find_uploads")
        with self._lock:
            found = {name: self._uploads[name] for name in self._there(attachment_ids)}
        return {name: upload for name, upload in found.items() if upload.message_id or upload.expires_at > now}

    def claim_uploads(self, message_ids: Mapping[str, str], until: datetime) -> frozenset[str]:
        self._reach("claim_uploads")
        claimed = set()
        with self._lock:
            for name in self._there(message_ids):
                upload = self._uploads[name]
                if upload.message_id in (None, message_ids[name]):
                    self._uploads[name] = replace(upload, message_id=message_ids[name], expires_at=until)
                    self._settled.discard(name)
                    claimed.add(name)
        return frozenset(claimed)

    def find_claimed(self, message_ids: Sequence[str]) -> frozenset[str]:
        self._reach("find_claimed")
        with self._lock:
            return frozenset(name for name, upload in self._uploads.items() if upload.message_id in message_ids)

    def list_lapsed(self, now: datetime, limit: int) -> list[Upload]:
        self._reach("list_lapsed")
        with self._lock:
            lapsed = [one for name, one in self._uploads.items() if name not in self._settled and one.expires_at <= now]
        return sorted(lapsed, key=lambda one: one.expires_at)[:limit]

    def settle_uploads(self, attachment_ids: Sequence[str]) -> None:
        self._reach("settle_uploads")
        with self._lock:
            self._settled.update(attachment_ids)

    def withdraw_uploads(self, attachment_ids: Sequence[str], now: datetime, until: datetime) -> frozenset[str]:
        self._reach("withdraw_uploads")
        with self._lock:
            for name in attachment_ids:
                upload = self._uploads.get(name)
                if upload is not None and name not in self._settled and upload.expires_at <= now:
                    self._uploads[name] = replace(upload, expires_at=until)
                    self._withdrawn.add(name)
            return frozenset(name for name in attachment_ids if name in self._withdrawn and name in self._uploads)

    def lapse_uploads(self, attachment_ids: Sequence[str], now: datetime) -> None:
        self._reach("lapse_uploads")
        with self._lock:
            for name in attachment_ids:
                if name in self._uploads:
                    self._uploads[name] = replace(self._uploads[name], expires_at=now)
                    self._settled.discard(name)

    def _there(self, attachment_ids: Iterable[str]) -> list[str]:
        return [name for name in attachment_ids if name in self._uploads and name not in self._withdrawn]

    def forget_uploads(self, attachment_ids: Sequence[str]) -> None:
        self._reach("forget_uploads")
        with self._lock:
            for name in attachment_ids:
                self._uploads.pop(name, None)


@dataclass(frozen=True)
class StoredFile:
    """What lies in the bucket."""

    size: int
    content_type: str


class FakeFileStore(Outside):
    """The port FileStore; `uploads` is what browsers sent, `kept` what messages show, `refused` what none deletes."""

    def __init__(self) -> None:
        super().__init__(threading.RLock())
        self.uploads: dict[str, StoredFile] = {}
        self.kept: dict[str, StoredFile] = {}
        self.refused: set[str] = set()

    def upload(self, attachment_id: str, content_type: str, size: int) -> None:
        """What a browser does with the form."""
        self.uploads[attachment_id] = StoredFile(size, content_type)

    def presign_upload(self, attachment: Attachment) -> UploadForm:
        return UploadForm("https://files.test", (("key", attachment.attachment_id),))

    def presign_download(self, attachment: Attachment) -> str:
        return f"https://files.test/{attachment.attachment_id}"

    def keep_file(self, attachment: Attachment) -> bool:
        self._reach("keep_file")
        found = self.uploads.get(attachment.attachment_id)
        if found != StoredFile(attachment.size, attachment.content_type):
            return False
        self.kept[attachment.attachment_id] = found
        return True

    def delete_files(self, attachment_ids: Sequence[str]) -> None:
        self._reach("delete_files")
        if self.refused.intersection(attachment_ids):
            raise UnavailableError("The files answer with 403.")
        for name in attachment_ids:
            self.kept.pop(name, None)
