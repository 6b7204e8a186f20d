"""That members left, and when they were there: how it looks as BSON, and back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from parley.stores.codecs import Document, Raw

STAYS_MAX_COUNT: Final = 8
"""Of one member in one conversation: of who comes and goes more often the earliest are joined."""


def encode_departure(membership: Raw, *, rev: int, changed_at: datetime) -> Document:
    """That a member left, for sync. It goes with their membership's end and is deleted when they join again.

    Args:
        membership: the document of what ends.
        rev: the conversation's, at which they left.
        changed_at: when.
    """
    return {
        "_id": membership["_id"],
        "conversationId": membership["conversationId"],
        "userId": membership["userId"],
        "rev": rev,
        "changedAt": changed_at,
        "stays": add_stay(membership.get("stays") or (), [membership["joinedAt"], changed_at]),
    }


def add_stay(earlier: Sequence[Sequence[datetime]], stay: Sequence[datetime]) -> list[list[datetime]]:
    """A member's stays with one more: at most `STAYS_MAX_COUNT`, beyond which the earliest two become one."""
    stays = [list(one) for one in (*earlier, stay)]
    if len(stays) > STAYS_MAX_COUNT:
        stays[:2] = [[stays[0][0], stays[1][1]]]
    return stays


def decode_stays(stays: Sequence[Sequence[datetime]] | None) -> tuple[tuple[datetime, datetime], ...]:
    return tuple((began, ended) for began, ended in stays or ())
