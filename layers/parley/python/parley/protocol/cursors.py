"""Cursors: where a list goes on. Opaque to clients; what was tampered with is refused, not trusted."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Literal, TypeVar

from pydantic import ValidationError

from parley.domain.errors import FieldProblem, InvalidRequestError
from parley.domain.models import FoundPlace
from parley.protocol.base import Outbound, Time

_CURSOR_MAX_CHARS = 512


class ConversationCursor(Outbound):
    """After which conversation the sidebar goes on."""

    updated_at: Time
    conversation_id: str

    @property
    def key(self) -> tuple[datetime, str]:
        """As the service takes it."""
        return self.updated_at, self.conversation_id


class MemberCursor(Outbound):
    """After which member the list goes on."""

    user_id: str


class SessionCursor(Outbound):
    """After which session the list goes on."""

    created_at: Time
    session_id: str

    @property
    def key(self) -> tuple[datetime, str]:
        """As the service takes it."""
        return self.created_at, self.session_id


class UserSearchCursor(Outbound):
    """After which user the found ones go on."""

    username: str


class HistoryCursor(Outbound):
    """Before or after which seq the history goes on, in the direction it went so far."""

    direction: Literal["before", "after"]
    seq: int


class SearchCursor(Outbound):
    """After which message the found ones go on."""

    created_at: Time
    seq: int
    message_id: str

    @property
    def place(self) -> FoundPlace:
        """As the service takes it."""
        return self.created_at, self.seq, self.message_id


Cursor = ConversationCursor | MemberCursor | SessionCursor | UserSearchCursor | HistoryCursor | SearchCursor
CursorT = TypeVar(
    "CursorT", ConversationCursor, MemberCursor, SessionCursor, UserSearchCursor, HistoryCursor, SearchCursor
)


def encode_cursor(cursor: Cursor) -> str:
    """The text that a client hands back."""
    return base64.urlsafe_b64encode(cursor.to_json()).decode("ascii").rstrip("=")


def decode_cursor(kind: type[CursorT], text: str) -> CursorT:
    """Reads what `encode_cursor` wrote for this kind of list.

    Raises:
        InvalidRequestError: it is not one.
    """
    try:
        if len(text) > _CURSOR_MAX_CHARS:
            raise ValueError("too long")
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return kind.model_validate_json(raw, strict=True)
    except (ValueError, ValidationError, binascii.Error) as error:
        problem = FieldProblem("cursor", "It is not a cursor of this list.")
        raise InvalidRequestError("The cursor cannot be used.", [problem]) from error
