"""Files: who may upload one, which message has it, and when it goes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from parley.domain import ids, text
from parley.domain.errors import FieldProblem, InvalidRequestError, ParleyError, UnavailableError
from parley.domain.limits import CLAIM_TTL_S, UPLOAD_TTL_S
from parley.domain.models import Attachment, Identity, Upload, UploadForm
from parley.ports import AttachmentStore, Clock, FileStore, MessageStore

_log = logging.getLogger(__name__)

_UNKNOWN: Final = "It names what is no upload of yours."
_NOT_UPLOADED: Final = "It names a file that was not uploaded as it was announced."
_TAKEN: Final = "It names an attachment of another message."
_UPLOAD_LEASE: Final = timedelta(seconds=UPLOAD_TTL_S)
_CLAIM_LEASE: Final = timedelta(seconds=CLAIM_TTL_S)
_AGAIN_AFTER: Final = timedelta(hours=1)
_PAGE_COUNT: Final = 100
_PAGES_MAX_COUNT: Final = 50
_REFUSALS_MAX_COUNT: Final = 3

Claimed = tuple[Attachment, ...] | ParleyError


class Attachments:
    """Uploads on their way from who announced them into one message of theirs, and out of it again."""

    def __init__(
        self,
        *,
        uploads: AttachmentStore,
        files: FileStore,
        messages: MessageStore,
        clock: Clock,
        new_id: Callable[[], str] = ids.new_attachment_id,
    ) -> None:
        self._uploads = uploads
        self._files = files
        self._messages = messages
        self._clock = clock
        self._new_id = new_id

    def request_upload(
        self, identity: Identity, *, file_name: str, content_type: str, size: int
    ) -> tuple[Attachment, UploadForm]:
        """Lets the caller upload a file of this size and type within an hour, and send it within a day.

        Args:
            size: in bytes, 25 MB at most.

        Raises:
            InvalidRequestError: one of them breaks its rule.
            UnavailableError: it could not be noted.
        """
        findings = {
            "fileName": text.check_file_name(file_name),
            "contentType": text.check_content_type(content_type),
            "size": text.check_file_size(size),
        }
        problems = [FieldProblem(field, problem) for field, problem in findings.items() if problem]
        if problems:
            raise InvalidRequestError("The file cannot be uploaded.", problems)
        now = self._clock.now()
        attachment = Attachment(self._new_id(), file_name, content_type, size)
        self._uploads.insert_upload(Upload(attachment, identity.user_id, now, expires_at=now + _UPLOAD_LEASE))
        return attachment, self._files.presign_upload(attachment)

    def claim_uploads(self, identity: Identity, wanted: Mapping[str, Sequence[str]]) -> dict[str, Claimed]:
        """Gives each message the uploads that it names, which are its own from then on; idempotent.

        It has a fortnight to be stored: what never is loses them by `sweep`.

        Two database calls for all of them, or three where two messages want the same, and two requests to the files
        for each upload that is not claimed yet.

        Args:
            wanted: by message id, the ids of attachments.

        Returns:
            By message id its attachments in the order given, or why it cannot have them: InvalidRequestError where one
            is not the caller's, not uploaded, or another message's; UnavailableError where that could not be seen.
        """
        named = sorted({attachment_id for attachment_ids in wanted.values() for attachment_id in attachment_ids})
        uploads = self._uploads.find_uploads(named, self._clock.now())
        outcomes: dict[str, Claimed] = {}
        claims: dict[str, str] = {}
        for message_id, attachment_ids in wanted.items():
            refusal = self._check_claim(identity, message_id, attachment_ids, uploads, claims)
            if refusal is None:
                outcomes[message_id] = tuple(uploads[attachment_id].attachment for attachment_id in attachment_ids)
                claims |= dict.fromkeys(attachment_ids, message_id)
            else:
                outcomes[message_id] = refusal
        if claims:
            claimed = self._uploads.claim_uploads(claims, self._clock.now() + _CLAIM_LEASE)
            for message_id in {claims[attachment_id] for attachment_id in claims.keys() - claimed}:
                outcomes[message_id] = _refuse(_TAKEN)
        return outcomes

    def _check_claim(
        self,
        identity: Identity,
        message_id: str,
        attachment_ids: Sequence[str],
        uploads: Mapping[str, Upload],
        claims: Mapping[str, str],
    ) -> ParleyError | None:
        for attachment_id in attachment_ids:
            upload = uploads.get(attachment_id)
            if upload is None or upload.owner_id != identity.user_id:
                return _refuse(_UNKNOWN)
            if upload.message_id not in (None, message_id) or attachment_id in claims:
                return _refuse(_TAKEN)
        try:
            for attachment_id in attachment_ids:
                upload = uploads[attachment_id]
                if upload.message_id is None and not self._files.keep_file(upload.attachment):
                    return _refuse(_NOT_UPLOADED)
        except UnavailableError as error:
            return error
        return None

    def delete_attachments(self, message_ids: Sequence[str]) -> None:
        """Deletes the files of messages that were deleted, and what is known of them; idempotent.

        Where the files refuse, `sweep` does it later: neither the change that deleted the message nor those after it
        wait for them.

        Raises:
            UnavailableError: the database cannot be reached, and some may be there still.
        """
        found = sorted(self._uploads.find_claimed(message_ids))
        if not found:
            return
        try:
            self._files.delete_files(found)
        except UnavailableError:
            _log.warning("files are deleted later", extra={"file_count": len(found)})
            self._uploads.lapse_uploads(found, self._clock.now())
        else:
            self._uploads.forget_uploads(found)

    def sweep(self) -> int:
        """Deletes what no message has, a day after it was announced or a fortnight after it was claimed last, and what
        could not be deleted before.

        Returns:
            How many files are gone now.

        Raises:
            UnavailableError: there may be more, which cannot be deleted now.
        """
        count = 0
        for _ in range(_PAGES_MAX_COUNT):
            now = self._clock.now()
            lapsed = self._uploads.list_lapsed(now, _PAGE_COUNT)
            if lapsed:
                count += self._do_sweep(lapsed, now)
            if len(lapsed) < _PAGE_COUNT:
                break
        return count

    def _do_sweep(self, lapsed: Sequence[Upload], now: datetime) -> int:
        found = self._messages.find_messages(sorted({one.message_id for one in lapsed if one.message_id is not None}))
        stored = {message_id for message_id, message in found.items() if message.deleted_at is None}
        settled = [one.attachment.attachment_id for one in lapsed if one.message_id in stored]
        if settled:
            self._uploads.settle_uploads(settled)
        lost = [one.attachment.attachment_id for one in lapsed if one.message_id not in stored]
        return self._do_delete(self._uploads.withdraw_uploads(lost, now, now + _AGAIN_AFTER)) if lost else 0

    def _do_delete(self, withdrawn: frozenset[str]) -> int:
        """Deletes one file after the other, so that one that is refused is in the way of none; those come again."""
        deleted: list[str] = []
        refused = 0
        for attachment_id in sorted(withdrawn):
            try:
                self._files.delete_files([attachment_id])
                deleted.append(attachment_id)
            except UnavailableError:
                refused += 1
                if refused == _REFUSALS_MAX_COUNT:
                    break
        self._uploads.forget_uploads(deleted)
        if refused == _REFUSALS_MAX_COUNT:
            raise UnavailableError("The files cannot be deleted now.", retry_after_s=_AGAIN_AFTER.total_seconds())
        return len(deleted)


def _refuse(problem: str) -> InvalidRequestError:
    return InvalidRequestError("The message refers to what it cannot refer to.", [FieldProblem("attachments", problem)])
