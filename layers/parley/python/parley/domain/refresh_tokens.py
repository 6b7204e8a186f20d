"""Refresh tokens: `<sessionId>.<32 bytes>`, of which 20 are secret and 12 mark them as this session's.

A token that is exchanged gives way to one that is derived from it and a nonce. Whoever repeats the exchange with the
same token gets the same successor, though neither of the two was ever stored: only the nonce, and their hashes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import Final

from parley.domain.ids import is_id

_SECRET_BYTES: Final = 20
_MARK_BYTES: Final = 12
_ENCODED_CHARS: Final = 43


def new_refresh_key() -> str:
    """What the marks of one session's tokens are made with: 256 random bits."""
    return secrets.token_urlsafe(32)


def new_nonce() -> str:
    """What goes into a successor besides its predecessor: 256 random bits."""
    return secrets.token_urlsafe(32)


def new_refresh_token(session_id: str, refresh_key: str) -> str:
    """A session's first token: 160 random bits and their mark."""
    return _write_token(session_id, secrets.token_bytes(_SECRET_BYTES), refresh_key)


def derive_refresh_token(refresh_token: str, nonce: str, refresh_key: str) -> str:
    """The token that follows this one; the same arguments give the same token.

    Raises:
        ValueError: this is no refresh token.
    """
    parts = _read_token(refresh_token)
    if parts is None:
        raise ValueError("not a refresh token")
    session_id, secret, _ = parts
    successor = hmac.digest(secret, b"next:" + nonce.encode(), "sha256")[:_SECRET_BYTES]
    return _write_token(session_id, successor, refresh_key)


def read_session_id(refresh_token: str) -> str | None:
    """The session that the token says it is of; None for what is no refresh token."""
    parts = _read_token(refresh_token)
    return None if parts is None else parts[0]


def was_issued(refresh_token: str, refresh_key: str) -> bool:
    """Whether the session with this key ever had this token. One that somebody made up is never taken for it."""
    parts = _read_token(refresh_token)
    return bool(refresh_key) and parts is not None and hmac.compare_digest(parts[2], _mark(parts[1], refresh_key))


def hash_refresh_token(refresh_token: str) -> str:
    """SHA-256 in hexadecimal. Enough for 160 random bits, which no list of guesses holds; a password needs argon2."""
    return hashlib.sha256(refresh_token.encode()).hexdigest()


def _mark(secret: bytes, refresh_key: str) -> bytes:
    return hmac.digest(refresh_key.encode(), b"mark:" + secret, "sha256")[:_MARK_BYTES]


def _write_token(session_id: str, secret: bytes, refresh_key: str) -> str:
    encoded = base64.urlsafe_b64encode(secret + _mark(secret, refresh_key)).decode("ascii").rstrip("=")
    return f"{session_id}.{encoded}"


def _read_token(refresh_token: str) -> tuple[str, bytes, bytes] | None:
    session_id, _, encoded = refresh_token.partition(".")
    if not is_id(session_id) or len(encoded) != _ENCODED_CHARS or not encoded.isascii():
        return None
    try:
        raw = base64.b64decode(f"{encoded}=", altchars=b"-_", validate=True)
    except binascii.Error:
        return None
    return session_id, raw[:_SECRET_BYTES], raw[_SECRET_BYTES:]
