"""Uploads and files in memory."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from parley.domain.models import Attachment, Upload, UploadForm
from tests.fakes.outside import Outside


class FakeAttachmentStore(Outside):
    """The port AttachmentStore."""

    def __init__(self) -> None:
        super().__init__(threading.RLock())
        self._uploads: dict[str, Upload] = {}

    def insert_upload(self, upload: Upload) -> None:
        self._reach("insert_upload")
        with self._lock:
            self._uploads[upload.attachment.attachment_id] = upload

    def find_uploads(self, attachment_ids: Sequence[str], now: datetime) -> dict[str, Upload]:
        self._reach("find_uploads")
        with self._lock:
            found = {name: self._uploads[name] for name in attachment_ids if name in self._uploads}
        return {name: upload for name, upload in found.items() if upload.message_id or upload.expires_at > now}

    def claim_uploads(self, message_ids: Mapping[str, str]) -> frozenset[str]:
        self._reach("claim_uploads")
        claimed = set()
        with self._lock:
            for name, message_id in message_ids.items():
                upload = self._uploads.get(name)
                if upload is not None and upload.message_id in (None, message_id):
                    self._uploads[name] = replace(upload, message_id=message_id)
                    claimed.add(name)
        return frozenset(claimed)

    def find_claimed(self, message_ids: Sequence[str]) -> frozenset[str]:
        self._reach("find_claimed")
        with self._lock:
            return frozenset(name for name, upload in self._uploads.items() if upload.message_id in message_ids)

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
    """The port FileStore; `uploads` is what browsers sent, `kept` what messages show."""

    def __init__(self) -> None:
        super().__init__(threading.RLock())
        self.uploads: dict[str, StoredFile] = {}
        self.kept: dict[str, StoredFile] = {}

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
        for name in attachment_ids:
            self.kept.pop(name, None)
