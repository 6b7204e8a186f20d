"""The bucket of attachments: `uploads/` is what browsers may write to, `kept/` what messages show.

A form can be sent again as long as it holds, so a file that a message has stands where no form leads.
"""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote, urlsplit

from parley.domain.errors import UnavailableError
from parley.domain.limits import ATTACHMENT_URL_TTL_S, UPLOAD_FORM_TTL_S
from parley.domain.models import Attachment, UploadForm
from parley.files.presigning import Presigner, S3Credentials
from parley.ports import Clock

_TIMEOUT_S: Final = 3.0
_OWN_REQUEST_TTL_S: Final = 60
# What a browser shows is shown; whatever could run in it is saved.
_SHOWN: Final = ("image/", "audio/", "video/")
_SAVED: Final = frozenset({"image/svg+xml"})
_NONE_THERE: Final = frozenset({403, 404})
"""S3 says 403 instead of 404 to who may not list the bucket, which no function may."""


class S3Files:
    """The port FileStore, over one connection that is opened at its first use; for one thread at a time.

    Args:
        url: the bucket's address, for browsers and for this process alike.
    """

    def __init__(self, url: str, *, bucket: str, region: str, credentials: S3Credentials, clock: Clock) -> None:
        self._url = url.rstrip("/")
        self._bucket = bucket
        self._clock = clock
        self._presigner = Presigner(self._url, bucket=bucket, region=region, credentials=credentials)
        parts = urlsplit(self._url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.netloc, timeout=_TIMEOUT_S)

    def presign_upload(self, attachment: Attachment) -> UploadForm:
        """See FileStore."""
        fields = self._presigner.sign_form(
            _upload_key(attachment.attachment_id),
            self._clock.now(),
            expires_s=UPLOAD_FORM_TTL_S,
            fields={"Content-Type": attachment.content_type},
            conditions=[["content-length-range", attachment.size, attachment.size]],
        )
        return UploadForm(self._url, tuple(fields.items()))

    def presign_download(self, attachment: Attachment) -> str:
        """See FileStore."""
        query = {
            "response-content-disposition": _disposition(attachment),
            "response-content-type": attachment.content_type,
        }
        key = _kept_key(attachment.attachment_id)
        return self._presigner.sign_url("GET", key, self._clock.now(), expires_s=ATTACHMENT_URL_TTL_S, query=query)

    def keep_file(self, attachment: Attachment) -> bool:
        """See FileStore."""
        key = _upload_key(attachment.attachment_id)
        status, headers, _ = self._request("HEAD", key)
        if status in _NONE_THERE:
            return False
        _check(status, 200)
        found = headers.get("content-length"), headers.get("content-type"), headers.get("etag", "")
        if found[:2] != (str(attachment.size), attachment.content_type):
            return False
        # What was looked at is what is kept: an upload in between makes it another file.
        status, _, body = self._request(
            "PUT",
            _kept_key(attachment.attachment_id),
            {"x-amz-copy-source": f"/{self._bucket}/{key}", "x-amz-copy-source-if-match": found[2]},
        )
        if status == 412:  # RFC 9110, 15.5.13: it was not the same any more
            return False
        # S3, "CopyObject": an error may come after the status was sent, in the body.
        if status == 200 and b"<CopyObjectResult" not in body:
            raise UnavailableError("The file could not be kept.", retry_after_s=1.0)
        _check(status, 200)
        return True

    def delete_files(self, attachment_ids: Sequence[str]) -> None:
        """See FileStore."""
        for attachment_id in attachment_ids:
            status, _, _ = self._request("DELETE", _kept_key(attachment_id))
            _check(status, 204)

    def _request(
        self, method: str, key: str, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """One request; a kept connection that has been closed meanwhile is opened anew, once."""
        url = urlsplit(
            self._presigner.sign_url(method, key, self._clock.now(), expires_s=_OWN_REQUEST_TTL_S, headers=headers)
        )
        for attempt in (1, 2):
            try:
                self._connection.request(method, f"{url.path}?{url.query}", headers=dict(headers or {}))
                answer = self._connection.getresponse()
                return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()
            except (OSError, http.client.HTTPException) as error:
                with contextlib.suppress(OSError):
                    self._connection.close()
                if attempt == 2 or isinstance(error, TimeoutError):
                    raise UnavailableError("The files cannot be reached.", retry_after_s=1.0) from error
        raise AssertionError("unreachable")


def _check(status: int, expected: int) -> None:
    """Every request here is allowed and well formed, so any other answer is one of a service that cannot serve now."""
    if status != expected:
        raise UnavailableError(f"The files answer with {status}.", retry_after_s=1.0)


def _upload_key(attachment_id: str) -> str:
    return f"uploads/{attachment_id}"


def _kept_key(attachment_id: str) -> str:
    return f"kept/{attachment_id}"


def _disposition(attachment: Attachment) -> str:
    """RFC 6266, 4.3 and its appendix D: the name in UTF-8 is all that today's browsers need."""
    media = attachment.content_type.lower()
    kind = "inline" if media.startswith(_SHOWN) and media not in _SAVED else "attachment"
    return f"{kind}; filename*=UTF-8''{quote(attachment.file_name, safe='')}"
