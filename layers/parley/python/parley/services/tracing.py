"""Noting what becomes of messages, and telling it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Final

from parley.domain.errors import NotFoundError, UnavailableError
from parley.domain.models import AcceptedMessage, Identity
from parley.domain.trace import Trace
from parley.ports import Clock, ConversationStore, MessageStore, Push, Pushes, PushOutcome, TraceStore
from parley.services.access import access_message
from parley.services.chunks import part_of

_log = logging.getLogger(__name__)

_REST_S: Final = 1.0


class Tracing:
    """Notes what becomes of messages. It never fails and never holds anything up for long: the notes are only told.

    While Valkey is away it is asked again after a second, so that one call a second waits for it and not every one.

    Args:
        now_s: a clock that never steps back, in seconds.
    """

    def __init__(self, *, traces: TraceStore, clock: Clock, now_s: Callable[[], float] = time.monotonic) -> None:
        self._traces = traces
        self._clock = clock
        self._now_s = now_s
        self._away_until_s = float("-inf")

    def note_accepted(self, messages: Sequence[AcceptedMessage]) -> None:
        """Notes that messages were handed over."""
        if messages:
            self._note(lambda: self._traces.note_accepted(messages))

    def note_published(self, message_ids: Sequence[str]) -> None:
        """Notes that messages were emitted just now."""
        if message_ids:
            self._note(lambda: self._traces.note_published(message_ids, self._clock.now()))

    def note_pushes(
        self, message_ids: Sequence[tuple[str, int | None]], pushes: Sequence[Push], outcomes: Sequence[PushOutcome]
    ) -> None:
        """Notes what just became of the pushes of messages; see Pushes."""
        if message_ids and pushes:
            self._note(lambda: self._traces.note_pushes(Pushes(message_ids, pushes, outcomes, self._clock.now())))

    def _note(self, write: Callable[[], None]) -> None:
        if self._now_s() < self._away_until_s:
            return
        try:
            write()
        except UnavailableError:
            self._away_until_s = self._now_s() + _REST_S
            _log.warning("what became of messages could not be noted")


class Traces:
    """Tells what became of a message."""

    def __init__(self, *, traces: TraceStore, messages: MessageStore, conversations: ConversationStore) -> None:
        self._traces = traces
        self._messages = messages
        self._conversations = conversations

    def get_trace(self, identity: Identity, message_id: str) -> Trace:
        """A message's way, with the deliveries to the caller's own connections alone, for a day after it was sent.

        A message that is accepted and not stored yet is told to its sender.

        Raises:
            NotFoundError: there is none, or it is not the caller's to see.
            UnavailableError: it cannot be known now.
        """
        try:
            message, membership = access_message(self._conversations, self._messages, identity, message_id)
        except NotFoundError:
            tracks = self._traces.find_tracks(message_id, identity.user_id, part_of(identity.user_id))
            if tracks.sender_id != identity.user_id:
                raise
            if not self._messages.find_messages([message_id]):
                return Trace(message_id, tracks.accepted_at, None, None, ())
            # It was stored meanwhile, or is the sender's to see no longer.
            message, membership = access_message(self._conversations, self._messages, identity, message_id)
        tracks = self._traces.find_tracks(message_id, identity.user_id, part_of(identity.user_id))
        return Trace(
            message_id,
            accepted_at=self._messages.find_accepted_at(message_id) or tracks.accepted_at,
            stored_at=message.created_at,
            published_at=tracks.published_at,
            # Who came later may have been pushed something else together with it.
            deliveries=tuple(one for one in tracks.deliveries if one.at >= membership.joined_at),
        )
