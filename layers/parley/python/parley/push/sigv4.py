"""AWS Signature Version 4 for requests that carry their signature in a header.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html. Written for many small requests to
the same host: what stays the same between two of them is worked out once.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final
from urllib.parse import quote

_ALGORITHM: Final = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class AwsCredentials:
    """An access key, as the environment of a function has it; the secrets stay out of its text form."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _Day:
    """What a signature takes from the date and the credentials alone."""

    date: str
    credentials: AwsCredentials
    scope: str
    signing_key: bytes


class RequestSigner:
    """Signs requests to one service in one region.

    Args:
        credentials: asked for at every signature, so that they may change.
        region: such as `eu-central-1`.
        service: the name that the service signs under, such as `execute-api`.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        credentials: Callable[[], AwsCredentials],
        *,
        region: str,
        service: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._credentials = credentials
        self._region = region
        self._service = service
        self._clock = clock
        self._day: _Day | None = None
        self._second = (0, "")

    def sign(self, method: str, host: str, path: str, body: bytes) -> str:
        """The header lines that sign a request without a query, each ended by CRLF, `Host` among them.

        Args:
            method: in upper case.
            host: as in the `Host` header.
            path: as on the wire, percent-encoded. Services other than S3 sign it encoded once more.
            body: all of it.
        """
        credentials = self._credentials()
        amz_date = self._amz_date()
        day = self._day_of(amz_date[:8], credentials)
        token = credentials.session_token
        token_line = f"x-amz-security-token:{token}\n" if token else ""
        signed = "host;x-amz-date;x-amz-security-token" if token else "host;x-amz-date"
        canonical = (
            f"{method}\n{quote(path, safe='/~')}\n\nhost:{host}\nx-amz-date:{amz_date}\n{token_line}\n"
            f"{signed}\n{sha256(body).hexdigest()}"
        )
        to_sign = f"{_ALGORITHM}\n{amz_date}\n{day.scope}\n{sha256(canonical.encode()).hexdigest()}"
        signature = hmac.digest(day.signing_key, to_sign.encode(), "sha256").hex()
        token_header = f"X-Amz-Security-Token: {token}\r\n" if token else ""
        return (
            f"Host: {host}\r\nX-Amz-Date: {amz_date}\r\n{token_header}"
            f"Authorization: {_ALGORITHM} Credential={credentials.access_key_id}/{day.scope}, "
            f"SignedHeaders={signed}, Signature={signature}\r\n"
        )

    def _amz_date(self) -> str:
        second = int(self._clock())
        if self._second[0] != second:
            self._second = (second, time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second)))
        return self._second[1]

    def _day_of(self, date: str, credentials: AwsCredentials) -> _Day:
        day = self._day
        if day is None or day.date != date or day.credentials != credentials:
            key = f"AWS4{credentials.secret_access_key}".encode()
            for part in (date, self._region, self._service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            scope = f"{date}/{self._region}/{self._service}/aws4_request"
            day = self._day = _Day(date, credentials, scope, key)
        return day
