"""Sync tokens: what a client has, signed, so that nobody but us says so."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import zlib
from datetime import datetime
from typing import Any, Final

from parley.domain.errors import SyncTokenInvalidError
from parley.domain.sync import SyncPosition, SyncState
from parley.domain.times import from_epoch_ms, to_epoch_ms

_VERSION: Final = 1
_MAC_BYTES: Final = 16
_MAX_CHARS: Final = 32 * 1024
_MAX_BYTES: Final = 256 * 1024
_CONTEXT: Final = b"parley sync token"


class HmacSyncTokenCodec:
    """The port SyncTokenCodec: HMAC-SHA256 (RFC 2104), cut to 128 bits, over compressed JSON. Tokens never expire.

    Args:
        key: a secret text of 32 characters or more.

    Raises:
        ValueError: the key is too short.
    """

    def __init__(self, key: str) -> None:
        if len(key) < 32:
            raise ValueError("the key that signs sync tokens must be 32 characters or longer")
        self._key = hmac.digest(key.encode(), _CONTEXT, hashlib.sha256)

    def encode_token(self, state: SyncState) -> str:
        """See SyncTokenCodec."""
        body = zlib.compress(json.dumps(_pack(state), separators=(",", ":")).encode(), level=6)
        return base64.urlsafe_b64encode(self._mac(body) + body).decode("ascii").rstrip("=")

    def decode_token(self, token: str, user_id: str) -> SyncState:
        """See SyncTokenCodec."""
        try:
            if len(token) > _MAX_CHARS:
                raise ValueError("too long")
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
            if not hmac.compare_digest(mac, self._mac(body)):
                raise ValueError("not signed here")
            state = _unpack(json.loads(zlib.decompressobj().decompress(body, _MAX_BYTES)))
        except (ValueError, KeyError, TypeError, binascii.Error, zlib.error) as error:
            raise SyncTokenInvalidError("The sync token does not hold: start without one.") from error
        if state.user_id != user_id:
            raise SyncTokenInvalidError("The sync token does not hold: start without one.")
        return state

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, hashlib.sha256)[:_MAC_BYTES]


def _pack(state: SyncState) -> dict[str, Any]:
    position = state.position
    return {
        "v": _VERSION,
        "u": state.user_id,
        "s": _ms(state.since),
        "b": _ms(state.started_at),
        "a": state.after,
        "m": state.mark,
        "p": None
        if position is None
        else [
            position.conversation_id,
            *position.known,
            _ms(position.changed_at),
            position.rev,
            position.seq,
            position.user_id,
        ],
        "r": {key: list(known) for key, known in state.recent.items()},
    }


def _unpack(packed: dict[str, Any]) -> SyncState:
    if packed["v"] != _VERSION:
        raise ValueError("of another version")
    position = None
    if packed["p"] is not None:
        conversation_id, known_rev, known_receipts, changed_at, rev, seq, user_id = packed["p"]
        position = SyncPosition(
            conversation_id, (known_rev, known_receipts), _moment(changed_at), rev=rev, seq=seq, user_id=user_id
        )
    return SyncState(
        packed["u"],
        since=_moment(packed["s"]),
        started_at=_moment(packed["b"]),
        after=packed["a"],
        position=position,
        mark=packed["m"],
        recent={key: (rev, receipts) for key, (rev, receipts) in packed["r"].items()},
    )


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else to_epoch_ms(moment)


def _moment(epoch_ms: int | None) -> datetime | None:
    return None if epoch_ms is None else from_epoch_ms(epoch_ms)
