"""AWS Signature Version 4 in the query of an S3 address, and in the fields of an upload form.

Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html and
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-UsingHTTPPOST.html. Tests hold it against botocore.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote, urlsplit

_ALGORITHM: Final = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class S3Credentials:
    """An access key, as the environment of a function has it; the secrets stay out of its text form."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


class Presigner:
    """Signs for one bucket.

    Args:
        url: the bucket's address without a slash at its end.
        region: the bucket's.
        credentials: whose permissions the signed requests have.
    """

    def __init__(self, url: str, *, bucket: str, region: str, credentials: S3Credentials) -> None:
        parts = urlsplit(url)
        self._url = url
        self._bucket = bucket
        self._host = parts.netloc
        self._path = parts.path
        self._region = region
        self._credentials = credentials
        self._day: tuple[str, bytes] | None = None

    def sign_url(
        self,
        method: str,
        key: str,
        now: datetime,
        *,
        expires_s: int,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> str:
        """An address whose holder may make this one request to an object.

        Args:
            key: the object's.
            expires_s: for so long from `now`, and no longer than the credentials.
            query: parameters that the address is to have.
            headers: by lower-case names, those that the request must have besides Host.
        """
        date = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        scope = self._scope(date)
        signed = {"host": self._host, **(headers or {})}
        names = ";".join(sorted(signed))
        parameters = {
            **(query or {}),
            "X-Amz-Algorithm": _ALGORITHM,
            "X-Amz-Credential": f"{self._credentials.access_key_id}/{scope}",
            "X-Amz-Date": date,
            "X-Amz-Expires": str(expires_s),
            "X-Amz-SignedHeaders": names,
        }
        if self._credentials.session_token:
            parameters["X-Amz-Security-Token"] = self._credentials.session_token
        path = f"/{quote(key, safe='/~')}"
        wire = "&".join(f"{_escape(name)}={_escape(value)}" for name, value in sorted(parameters.items()))
        lines = "".join(f"{name}:{signed[name].strip()}\n" for name in sorted(signed))
        canonical = f"{method}\n{self._path}{path}\n{wire}\n{lines}\n{names}\nUNSIGNED-PAYLOAD"
        to_sign = f"{_ALGORITHM}\n{date}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
        return f"{self._url}{path}?{wire}&X-Amz-Signature={self._sign(date, to_sign)}"

    def sign_form(
        self, key: str, now: datetime, *, expires_s: int, fields: Mapping[str, str], conditions: Sequence[Any]
    ) -> dict[str, str]:
        """The fields of a form that uploads one object.

        Args:
            fields: that the form must send as they are.
            conditions: what else must hold, in the policy's words.
        """
        date = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        sent = {
            **fields,
            "key": key,
            "x-amz-algorithm": _ALGORITHM,
            "x-amz-credential": f"{self._credentials.access_key_id}/{self._scope(date)}",
            "x-amz-date": date,
        }
        if self._credentials.session_token:
            sent["x-amz-security-token"] = self._credentials.session_token
        policy = {
            "expiration": (now.astimezone(UTC) + timedelta(seconds=expires_s)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "conditions": [{"bucket": self._bucket}, *({name: value} for name, value in sent.items()), *conditions],
        }
        encoded = base64.b64encode(json.dumps(policy).encode()).decode()
        return {**sent, "policy": encoded, "x-amz-signature": self._sign(date, encoded)}

    def _scope(self, date: str) -> str:
        return f"{date[:8]}/{self._region}/s3/aws4_request"

    def _sign(self, date: str, text: str) -> str:
        if self._day is None or self._day[0] != date[:8]:
            key = f"AWS4{self._credentials.secret_access_key}".encode()
            for part in (date[:8], self._region, "s3", "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._day = date[:8], key
        return hmac.digest(self._day[1], text.encode(), "sha256").hex()


def _escape(text: str) -> str:
    return quote(text, safe="-_.~")
