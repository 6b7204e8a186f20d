"""Notes of messages in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from parley.domain.models import AcceptedMessage
from parley.domain.trace import TRACE_TTL, Delivery
from parley.ports import Clock, Pushes, Tracks
from tests.fakes.outside import Outside


class FakeTraceStore(Outside):
    """The port TraceStore. Only pushes lapse here, a day after they were made."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._accepted: dict[str, AcceptedMessage] = {}
        self._published: dict[str, datetime] = {}
        self._pushed: dict[tuple[str, int | None], Pushes] = {}

    def note_accepted(self, messages: Sequence[AcceptedMessage]) -> None:
        self._reach("note_accepted")
        with self._lock:
            for message in messages:
                self._accepted.setdefault(message.message_id, message)

    def note_published(self, message_ids: Sequence[str], at: datetime) -> None:
        self._reach("note_published")
        with self._lock:
            self._published.update(dict.fromkeys(message_ids, at))

    def note_pushes(self, pushes: Pushes) -> None:
        self._reach("note_pushes")
        with self._lock:
            if pushes.pushes:
                self._pushed.update(dict.fromkeys(pushes.message_ids, pushes))

    def find_tracks(self, message_id: str, user_id: str, part: int) -> Tracks:
        self._reach("find_tracks")
        with self._lock:
            accepted = self._accepted.get(message_id)
            made = [self._pushed.get((message_id, place)) for place in (None, part)]
            deliveries = [
                Delivery(push.connection.connection_id, pushes.at, outcome)
                for pushes in made
                if pushes is not None and self._clock.now() - pushes.at < TRACE_TTL
                for push, outcome in zip(pushes.pushes, pushes.outcomes, strict=True)
                if push.connection.user_id == user_id
            ]
            return Tracks(
                sender_id=accepted.sender_id if accepted else None,
                accepted_at=accepted.accepted_at if accepted else None,
                published_at=self._published.get(message_id),
                deliveries=tuple(sorted(deliveries, key=lambda one: one.connection_id)),
            )
