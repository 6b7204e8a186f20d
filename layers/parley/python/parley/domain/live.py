"""What is told of people while it lasts, and kept nowhere: presence, rooms and typing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

TypingState = Literal["start", "stop"]


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether somebody has a socket open, and when they were last known to."""

    user_id: str
    online: bool
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class TypingChanged:
    """Somebody began or stopped to write."""

    conversation_id: str
    user_id: str
    state: TypingState


@dataclass(frozen=True, slots=True)
class UserJoined:
    """Somebody opened a conversation on the first of their devices."""

    conversation_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class UserLeft:
    """Somebody closed a conversation on the last of their devices."""

    conversation_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class SessionExpiring:
    """A socket is about to reach its longest life."""

    reconnect_by: datetime


LiveEvent = Presence | TypingChanged | UserJoined | UserLeft | SessionExpiring
