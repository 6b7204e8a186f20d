"""Files: what is known of them, and where they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from parley.domain.models import Attachment, Upload, UploadForm


class AttachmentStore(Protocol):
    """What is known of uploads."""

    def insert_upload(self, upload: Upload) -> None:
        """Adds an upload, which lapses at its `expires_at`."""
        ...

    def find_uploads(self, attachment_ids: Sequence[str], now: datetime) -> dict[str, Upload]:
        """The uploads with these ids, in one query. Left out are ids of none, what was withdrawn, and what has lapsed
        and is no message's."""
        ...

    def claim_uploads(self, message_ids: Mapping[str, str], until: datetime) -> frozenset[str]:
        """Gives uploads to their messages, each to one for ever, and has them lapse at `until`. Idempotent.

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

    def list_lapsed(self, now: datetime, limit: int) -> list[Upload]:
        """What has lapsed by now, by an index, the longest ago first; what was withdrawn before is among them."""
        ...

    def settle_uploads(self, attachment_ids: Sequence[str]) -> None:
        """Has uploads never lapse: their message is stored. Idempotent."""
        ...

    def withdraw_uploads(self, attachment_ids: Sequence[str], now: datetime, until: datetime) -> frozenset[str]:
        """Takes lapsed uploads back: no message can claim them from then on. They lapse again at `until`.

        Returns:
            Those that are withdrawn; one that was claimed anew meanwhile has not lapsed, and is not among them.
        """
        ...

    def lapse_uploads(self, attachment_ids: Sequence[str], now: datetime) -> None:
        """Has uploads lapse now; idempotent."""
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
