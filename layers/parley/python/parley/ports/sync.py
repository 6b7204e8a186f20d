"""What sync reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from parley.domain.models import (
    Conversation,
    Membership,
    Message,
)
from parley.domain.sync import Known


@dataclass(frozen=True, slots=True)
class Place:
    """A user's membership, with the conversation's `rev` at which they joined.

    `earlier` is from when until when they were in it before, the latest last; where that was often, some are joined.
    """

    membership: Membership
    joined_rev: int
    earlier: tuple[tuple[datetime, datetime], ...] = ()


@dataclass(frozen=True, slots=True)
class Stamp:
    """How far a conversation is, and when it last changed in any way, receipts included."""

    known: Known
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class MessageSpan:
    """The messages of a conversation that last changed at or after `since`, with a `rev` above `after_rev`.

    Where `position` is given, only those after it by `(changed_at, rev)`.
    """

    conversation_id: str
    since: datetime
    after_rev: int
    position: tuple[datetime, int] | None = None


@dataclass(frozen=True, slots=True)
class MemberState:
    """A membership, or in `left` who has left, with how far the conversation was at their last change."""

    user_id: str
    conversation_id: str
    membership: Membership | None
    known: Known


class SyncReader(Protocol):
    """Everything as it was at one moment. A method is one query or two, for messages so many a conversation."""

    def list_places(self, user_id: str) -> dict[str, Place]:
        """All conversations that the user is a member of, by id."""
        ...

    def list_left(self, user_id: str, since: datetime) -> dict[str, datetime]:
        """The conversations that the user left at or after `since` and is not in, with when."""
        ...

    def list_stamps(self, conversation_ids: Sequence[str], since: datetime | None) -> dict[str, Stamp]:
        """Those of the conversations that changed at or after `since`, receipts included; all of them for None."""
        ...

    def find_conversations(self, conversation_ids: Sequence[str]) -> dict[str, Conversation]:
        """The conversations, by id."""
        ...

    def list_changed_messages(self, spans: Sequence[MessageSpan], limit: int) -> list[tuple[datetime, Message]]:
        """Messages with when they changed, by `(conversation_id, changed_at, rev)`, at most `limit`, by an index."""
        ...

    def list_tails(self, after: Mapping[str, int], limit: int) -> list[Message]:
        """The messages of each conversation with a greater seq, by `(conversation_id, seq)`, at most `limit`."""
        ...

    def list_changed_members(
        self, conversation_ids: Sequence[str], since: datetime | None, everybody: Sequence[str]
    ) -> dict[str, list[MemberState]]:
        """Who joined, left, or changed in role or receipts, by conversation and there by user id.

        Args:
            since: changes at or after this, those who left included; None for no changes.
            everybody: those of the conversations of which all members are given, changed or not.
        """
        ...


class SyncStore(Protocol):
    """What sync reads."""

    def read(self) -> AbstractContextManager[SyncReader]:
        """A view of one moment: what is committed later is not in it, nor a part of anything."""
        ...
