"""What is known of messages on their way, for a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from parley.domain.models import AcceptedMessage
from parley.domain.trace import Delivery
from parley.ports.push import Push, PushOutcome


@dataclass(frozen=True, slots=True)
class Pushes:
    """Pushes that were made together, and what became of each.

    Whoever is among their users and was to get one of the messages got it with the push. `message_ids` come with the
    part of a large group whose members the pushes were for, and None where they were for all.
    """

    message_ids: Sequence[tuple[str, int | None]]
    pushes: Sequence[Push]
    outcomes: Sequence[PushOutcome]
    at: datetime


@dataclass(frozen=True, slots=True)
class Tracks:
    """What was noted of one message; None for what was not, or has been forgotten."""

    sender_id: str | None
    accepted_at: datetime | None
    published_at: datetime | None
    deliveries: tuple[Delivery, ...]


class TraceStore(Protocol):
    """Notes of messages, each kept for a day. A hint that may be lost: nothing but what is told of them hangs on it."""

    def note_accepted(self, messages: Sequence[AcceptedMessage]) -> None:
        """Notes who had messages accepted, and when; of one accepted again the first stays. One round trip."""
        ...

    def note_published(self, message_ids: Sequence[str], at: datetime) -> None:
        """Notes that messages were emitted; of one emitted again the last stays. One round trip."""
        ...

    def note_pushes(self, pushes: Pushes) -> None:
        """Notes what became of pushes; of a message pushed again to the same part the last stays. One round trip.

        The cost is one note for each message and each user, not for each of both together.
        """
        ...

    def find_tracks(self, message_id: str, user_id: str, part: int) -> Tracks:
        """What is known of a message, with the deliveries to this user's own connections, by connection id.

        Args:
            part: that the user is in, of every large group.
        """
        ...
