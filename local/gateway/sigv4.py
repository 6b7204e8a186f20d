"""Checks AWS Signature Version 4, as "Create a signed AWS API request" in AWS's IAM guide describes it.

As for every service but S3, each segment of the path is percent-encoded once more than it is on the wire, so that the
`%3D` of a connection id is signed as `%253D`. Signatures in the query string are not taken: no SDK sends them here.
"""

from __future__ import annotations

import hmac
import re
import time
from calendar import timegm
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from urllib.parse import quote, unquote

from local.gateway.http_message import HttpRequest

ALGORITHM = "AWS4-HMAC-SHA256"

_AUTHORIZATION = re.compile(
    rf"{ALGORITHM}\s+Credential=([^/,\s]+)/(\d{{8}})/([^/,\s]+)/([^/,\s]+)/aws4_request\s*,"
    r"\s*SignedHeaders=([^,\s]+)\s*,\s*Signature=([0-9a-f]{64})\s*"
)
_AMZ_DATE = re.compile(r"\d{8}T\d{6}Z")


class SignatureError(Exception):
    """A request is not signed as it must be; `error_type` is AWS's name for how."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.message = message


class SignatureVerifier:
    """Checks that requests were signed with one key pair, for one region and service.

    Args:
        skew_s: how far the request's time may be from `clock`, in seconds.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        access_key_id: str,
        secret_access_key: str,
        *,
        region: str,
        service: str,
        skew_s: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._access_key_id = access_key_id
        self._secret_access_key = secret_access_key
        self._region = region
        self._service = service
        self._skew_s = skew_s
        self._clock = clock
        self._signing_keys: dict[str, bytes] = {}

    def check(self, request: HttpRequest) -> None:
        """Returns if the signature is right.

        Raises:
            SignatureError: it is missing, malformed, of another key, out of time, or wrong.
        """
        authorization = request.header("authorization")
        if not authorization:
            raise SignatureError("MissingAuthenticationTokenException", "Missing Authentication Token")
        match = _AUTHORIZATION.fullmatch(authorization)
        if match is None:
            raise SignatureError(
                "IncompleteSignatureException",
                "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters.",
            )
        key_id, day, region, service, signed, signature = match.groups()
        if key_id != self._access_key_id:
            raise SignatureError(
                "UnrecognizedClientException", "The security token included in the request is invalid."
            )
        self._check_scope(region, service)
        stamp = self._check_time(request, day)
        names = _signed_names(signed)
        _check_signed(request, names)
        text = f"{ALGORITHM}\n{stamp}\n{day}/{region}/{service}/aws4_request\n{_digest(request, names, signed)}"
        expected = hmac.digest(self._signing_key(day), text.encode("ascii"), "sha256").hex()
        if not hmac.compare_digest(expected, signature):
            raise SignatureError(
                "InvalidSignatureException",
                "The request signature we calculated does not match the signature you provided. "
                "Check your AWS Secret Access Key and signing method.",
            )

    def _check_scope(self, region: str, service: str) -> None:
        for what, got, wanted in (("region", region, self._region), ("service", service, self._service)):
            if got != wanted:
                raise SignatureError(
                    "InvalidSignatureException", f"Credential should be scoped to a valid {what}: '{wanted}'."
                )

    def _check_time(self, request: HttpRequest, day: str) -> str:
        stamp = request.header("x-amz-date")
        if not _AMZ_DATE.fullmatch(stamp):
            raise SignatureError(
                "IncompleteSignatureException", "Authorization header requires existence of an 'X-Amz-Date' header."
            )
        if not stamp.startswith(day):
            raise SignatureError(
                "InvalidSignatureException", "Date in Credential scope does not match the date of the request."
            )
        try:
            signed_at = _epoch(stamp)
        except ValueError as error:
            raise SignatureError("IncompleteSignatureException", "X-Amz-Date is no date.") from error
        if abs(self._clock() - signed_at) > self._skew_s:
            raise SignatureError(
                "InvalidSignatureException", f"Signature expired or not yet current: {stamp} is out of time."
            )
        return stamp

    def _signing_key(self, day: str) -> bytes:
        """The derived key of a day, kept: deriving it costs more than the rest of the check."""
        key = self._signing_keys.get(day)
        if key is None:
            key = f"AWS4{self._secret_access_key}".encode()
            for part in (day, self._region, self._service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            # Only days within the clock's skew come here, so what is thrown away is never needed again.
            if len(self._signing_keys) >= 2:
                self._signing_keys.clear()
            self._signing_keys[day] = key
        return key


@lru_cache(maxsize=64)
def _signed_names(signed: str) -> tuple[str, ...]:
    names = tuple(signed.split(";"))
    if names != tuple(sorted(names)) or "host" not in names:
        raise SignatureError("InvalidSignatureException", "SignedHeaders must be sorted, and 'host' one of them.")
    return names


def _check_signed(request: HttpRequest, names: tuple[str, ...]) -> None:
    for name in request.by_name:
        if name.startswith("x-amz-") and name not in names:
            raise SignatureError("InvalidSignatureException", f"'{name}' must be a signed header.")


def _digest(request: HttpRequest, names: tuple[str, ...], signed: str) -> str:
    """The hash of the canonical request."""
    headers = "".join(f"{name}:{' '.join(request.header(name).split())}\n" for name in names)
    body = sha256(request.body).hexdigest()
    path, query = _canonical_path(request.path), _canonical_query(request.query)
    canonical = f"{request.method}\n{path}\n{query}\n{headers}\n{signed}\n{body}"
    return sha256(canonical.encode("utf-8")).hexdigest()


@lru_cache(maxsize=1024)
def _canonical_path(path: str) -> str:
    segments: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del segments[-1:]
        elif segment not in ("", "."):
            segments.append(segment)
    normal = "/" + "/".join(segments)
    if path.endswith(("/", "/.", "/..")) and segments:
        normal += "/"
    return quote(normal, safe="/-_.~", encoding="latin-1")


def _canonical_query(query: str) -> str:
    if not query:
        return ""
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    encoded = sorted(
        (quote(unquote(name), safe="-_.~"), quote(unquote(value), safe="-_.~")) for name, _, value in pairs
    )
    return "&".join(f"{name}={value}" for name, value in encoded)


@lru_cache(maxsize=8)
def _epoch(stamp: str) -> int:
    return timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ"))
