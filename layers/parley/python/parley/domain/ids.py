"""Ids: random for what is made once, derived for what a retry must find again. To clients they are opaque.

The first letters say what an id is of (`u_` user, `s_` session, `c_` group, `d_` direct conversation, `m_` message,
`f_` file), so that one pasted into the wrong place is seen at once.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from typing import Final

from parley.domain.limits import ID_MAX_CHARS

_RANDOM_CHARS: Final = 20
_DERIVED_BYTES: Final = 20
_ID = re.compile(rf"[A-Za-z0-9_-]{{1,{ID_MAX_CHARS}}}")


def new_user_id() -> str:
    """A user's id: 100 random bits."""
    return _new_id("u")


def new_session_id() -> str:
    """A session's id: 100 random bits."""
    return _new_id("s")


def new_group_id() -> str:
    """A group conversation's id: 100 random bits."""
    return _new_id("c")


def new_change_id() -> str:
    """A requested change's id: 100 random bits."""
    return _new_id("x")


def new_attachment_id() -> str:
    """An attachment's id: 100 random bits."""
    return _new_id("f")


def derive_direct_id(one_user_id: str, other_user_id: str) -> str:
    """The id of the only direct conversation that these two users can have, whichever is named first."""
    return _derive_id("d", *sorted((one_user_id, other_user_id)))


def derive_message_id(conversation_id: str, sender_id: str, client_message_id: str) -> str:
    """The id of the only message that this sender can make in this conversation with this id of their own."""
    return _derive_id("m", conversation_id, sender_id, client_message_id)


def derive_change_id(purpose: str, message_id: str) -> str:
    """The id of the only change of a message that is made for this purpose, however often it is asked for."""
    return _derive_id("e", purpose, message_id)


def is_id(text: str) -> bool:
    """Whether the text may be an id at all. What may not is nobody's, and never worth asking a database for."""
    return _ID.fullmatch(text) is not None


def _new_id(prefix: str) -> str:
    return f"{prefix}_{_encode(secrets.token_bytes(13))[:_RANDOM_CHARS]}"


def _derive_id(prefix: str, *parts: str) -> str:
    """Hashes the parts with their lengths before them, so that no two lists of parts run into the same text."""
    encoded = [part.encode() for part in (prefix, *parts)]
    digest = hashlib.sha256(b"".join([len(part).to_bytes(4) + part for part in encoded])).digest()
    return f"{prefix}_{_encode(digest[:_DERIVED_BYTES])}"


def _encode(data: bytes) -> str:
    return base64.b32encode(data).decode("ascii").rstrip("=").lower()
