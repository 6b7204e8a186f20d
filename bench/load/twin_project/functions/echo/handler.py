"""The trivial function of the twin's measurements: posts what came back to where it came from.

It signs and posts by hand and keeps its connection, for what is measured is the twin and not an SDK.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import json
import os
import socket
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

SERVICE = "execute-api"
SIGNED_HEADERS = "host;x-amz-date"


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Serves both routes; see the manifest."""
    where = event["requestContext"]
    host, stage, connection_id = where["domainName"], where["stage"], where["connectionId"]
    signer = _signer()
    if where["routeKey"] == "whoami":
        told = {"key": signer.key, "secret": signer.secret, "region": signer.region}
        return {"statusCode": 200, "body": json.dumps(told | {"host": host, "stage": stage, "id": connection_id})}
    # Under other emulators @connections is at an address that the event does not tell, without the stage.
    elsewhere = os.environ.get("CALLBACK_HOST")
    host, prefix = (elsewhere, "") if elsewhere else (host, f"/{stage}")
    path = f"{prefix}/@connections/{_quoted(connection_id, '')}"
    body = event["body"].encode()
    status = _wire(host).post(path, body, signer.sign(host, path, body))
    if status >= 300:
        raise RuntimeError(f"@connections answered {status}")
    return {"statusCode": 200}


class Wire:
    """HTTP as bare as it goes, over a connection that is kept, and opened anew where it was closed while idle."""

    def __init__(self, host: str) -> None:
        name, _, port = host.rpartition(":")
        self._at = (name, int(port))
        self._socket: socket.socket | None = None

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> int:
        """Posts, and returns the answer's status."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        request = f"POST {path} HTTP/1.1\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body
        kept = self._socket is not None
        try:
            return self._exchange(request)
        except ConnectionError:
            self._socket = None
            if not kept:
                raise
            return self._exchange(request)

    def _exchange(self, request: bytes) -> int:
        if self._socket is None:
            self._socket = socket.create_connection(self._at, timeout=5)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(request)
        answer = b""
        while not _is_whole(answer):
            piece = self._socket.recv(4096)
            if not piece:
                raise ConnectionResetError("closed before the answer")
            answer += piece
        return int(answer[9:12])


def _is_whole(answer: bytes) -> bool:
    head, found, body = answer.partition(b"\r\n\r\n")
    if not found:
        return False
    _, named, rest = head.lower().partition(b"\r\ncontent-length:")
    return len(body) >= (int(rest.partition(b"\r\n")[0]) if named else 0)


class Signer:
    """Signs POST requests by SigV4 (AWS General Reference, "Create a signed AWS API request")."""

    def __init__(self, key: str, secret: str, region: str) -> None:
        self.key, self.secret, self.region = key, secret, region

    def sign(self, host: str, path: str, body: bytes) -> dict[str, str]:
        """The headers that make a POST a signed one.

        Args:
            host: the Host header.
            path: as it goes over the wire, percent-encoded; SigV4 encodes it once more for every service but S3.
            body: what is posted.
        """
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{moment[:8]}/{self.region}/{SERVICE}/aws4_request"
        headers = f"host:{host}\nx-amz-date:{moment}\n"
        digest = hashlib.sha256(body).hexdigest()
        canonical = f"POST\n{_quoted(path, '/-_.~')}\n\n{headers}\n{SIGNED_HEADERS}\n{digest}"
        text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.digest(_signing_key(self.secret, moment[:8], self.region), text.encode(), "sha256").hex()
        credential = f"Credential={self.key}/{scope}"
        return {
            "Host": host,
            "X-Amz-Date": moment,
            "Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={SIGNED_HEADERS}, Signature={signature}",
        }


@functools.lru_cache(maxsize=1024)
def _quoted(text: str, safe: str) -> str:
    return quote(text, safe=safe)


@functools.lru_cache(maxsize=8)
def _signing_key(secret: str, day: str, region: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, SERVICE, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


@functools.lru_cache(maxsize=1)
def _signer() -> Signer:
    return Signer(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"], os.environ["AWS_REGION"])


@functools.lru_cache(maxsize=1)
def _wire(host: str) -> Wire:
    return Wire(host)
