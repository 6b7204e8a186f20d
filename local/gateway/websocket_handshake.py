"""The server's half of the opening handshake (RFC 6455, section 4.2)."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Sequence
from hashlib import sha1

from local.gateway.http_message import HttpRequest, HttpResponse, message_response

_MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def refuse_handshake(request: HttpRequest) -> HttpResponse | None:
    """The answer to an upgrade request that is not a right one; None if it is."""
    if not request.wants_websocket:
        # What AWS answers to a plain request at a WebSocket API's address is unverified.
        return message_response(426, "Upgrade Required", ("upgrade", "websocket"), close=True)
    if request.header("sec-websocket-version") != "13":
        return message_response(426, "Upgrade Required", ("sec-websocket-version", "13"), close=True)
    try:
        key = b64decode(request.header("sec-websocket-key"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 16 or request.version != "1.1":
        return message_response(400, "Bad Request", close=True)
    return None


def accept_handshake(request: HttpRequest, headers: Sequence[tuple[str, str]]) -> bytes:
    """The 101 answer. Extensions are not negotiated, as AWS negotiates none."""
    key = request.header("sec-websocket-key") + _MAGIC
    accept = b64encode(sha1(key.encode("latin-1"), usedforsecurity=False).digest()).decode("ascii")
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "upgrade: websocket",
        "connection: Upgrade",
        f"sec-websocket-accept: {accept}",
        *(f"{name}: {value}" for name, value in headers),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
