"""Files: who may upload one, which message has it, and when it goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final

from parley.domain import ids, text
from parley.domain.errors import FieldProblem, InvalidRequestError, ParleyError, UnavailableError
from parley.domain.limits import UPLOAD_TTL_S
from parley.domain.models import Attachment, Identity, Upload, UploadForm
from parley.ports import AttachmentStore, Clock, FileStore

_UNKNOWN: Final = "It names what is no upload of yours."
_NOT_UPLOADED: Final = "It names a file that was not uploaded as it was announced."
_TAKEN: Final = "It names an attachment of another message."

Claimed = tuple[Attachment, ...] | ParleyError


class Attachments:
    """Uploads on their way from who announced them into one message of theirs."""

    def __init__(
        self,
        *,
        uploads: AttachmentStore,
        files: FileStore,
        clock: Clock,
        new_id: Callable[[], str] = ids.new_attachment_id,
    ) -> None:
        self._uploads = uploads
        self._files = files
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
        self._uploads.insert_upload(
            Upload(attachment, identity.user_id, now, expires_at=now + timedelta(seconds=UPLOAD_TTL_S))
        )
        return attachment, self._files.presign_upload(attachment)

    def claim_uploads(self, identity: Identity, wanted: Mapping[str, Sequence[str]]) -> dict[str, Claimed]:
        """Gives each message the uploads that it names, which are its own from then on; idempotent.

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
            claimed = self._uploads.claim_uploads(claims)
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

        Raises:
            UnavailableError: some may be there still.
        """
        found = sorted(self._uploads.find_claimed(message_ids))
        if found:
            self._files.delete_files(found)
            self._uploads.forget_uploads(found)


def _refuse(problem: str) -> InvalidRequestError:
    return InvalidRequestError("The message refers to what it cannot refer to.", [FieldProblem("attachments", problem)])
