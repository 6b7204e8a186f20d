"""Files: what is known of them, and where they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from parley.domain.models import Attachment, Upload, UploadForm


class AttachmentStore(Protocol):
    """What is known of uploads."""

    def insert_upload(self, upload: Upload) -> None:
        """Adds an upload, to be gone some time after its `expires_at` unless a message claims it before."""
        ...

    def find_uploads(self, attachment_ids: Sequence[str], now: datetime) -> dict[str, Upload]:
        """The uploads with these ids, in one query; those that have expired are left out, as are ids of none."""
        ...

    def claim_uploads(self, message_ids: Mapping[str, str]) -> frozenset[str]:
        """Gives uploads to their messages, each to one for ever: it expires no more. Idempotent.

        Of concurrent calls that give one upload to two messages exactly one succeeds.

        Args:
            message_ids: by attachment id.

        Returns:
            The attachment ids that are now their message's, by this call or an earlier one.
        """
        ...

    def find_claimed(self, message_ids: Sequence[str]) -> frozenset[str]:
        """The ids of the attachments that these messages claimed, by an index."""
        ...

    def forget_uploads(self, attachment_ids: Sequence[str]) -> None:
        """Removes uploads; idempotent."""
        ...


class FileStore(Protocol):
    """The files themselves. Presigning is done without asking anybody, and holds as long as its credentials do."""

    def presign_upload(self, attachment: Attachment) -> UploadForm:
        """A form that lets a browser upload this file within an hour: one of exactly this size and type."""
        ...

    def presign_download(self, attachment: Attachment) -> str:
        """An address that gives the kept file to whoever has it, for 15 minutes, under its own name and type."""
        ...

    def keep_file(self, attachment: Attachment) -> bool:
        """Puts what was uploaded where no upload reaches it any more, if it is of the size and type that it should be.

        Idempotent, as long as the upload itself is there.

        Returns:
            False where nothing was uploaded, or something else.
        """
        ...

    def delete_files(self, attachment_ids: Sequence[str]) -> None:
        """Deletes kept files; idempotent."""
        ...
