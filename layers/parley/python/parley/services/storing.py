"""Storing what was accepted, and telling of what is stored."""

from __future__ import annotations

from collections.abc import Sequence

from parley.domain.errors import ParleyError, UnavailableError
from parley.domain.models import AcceptedMessage
from parley.domain.records import MessageStored
from parley.ports import Appended, Clock, MessageStore, Publisher
from parley.services.tracing import Tracing


class Storing:
    """The consumer of `chat.send`: gives messages their seq, stores them, and emits them after that."""

    def __init__(self, *, messages: MessageStore, publisher: Publisher, tracing: Tracing, clock: Clock) -> None:
        self._messages = messages
        self._publisher = publisher
        self._tracing = tracing
        self._clock = clock

    def store_messages(self, batch: Sequence[AcceptedMessage]) -> list[ParleyError | None]:
        """Stores a batch, then emits every message of it that is stored, whether this call stored it or an earlier one.

        A redelivered batch changes nothing and emits the same events again: whether they were emitted before is not
        known. Another request with the same clientMessageId emits nothing: the record that the message was stored from
        stands before it in its partition, and is not done with before its event is emitted.

        Of one conversation either all messages are stored or none, and none is emitted while one is not stored.

        Returns:
            For each of the batch None when it is stored and emitted, else why not: a retryable error means that the
            whole may be given again, any other that this message never can be stored.
        """
        if not batch:
            return []
        try:
            outcomes = self._messages.append_messages(batch, self._clock.now())
        except UnavailableError as error:
            return [error] * len(batch)
        failures = self._notify_stored(
            [
                outcome
                for accepted, outcome in zip(batch, outcomes, strict=True)
                if isinstance(outcome, Appended) and _is_its_own(accepted, outcome)
            ]
        )
        return [
            failures.get(outcome.message.message_id) if isinstance(outcome, Appended) else outcome.error
            for outcome in outcomes
        ]

    def _notify_stored(self, stored: Sequence[Appended]) -> dict[str, ParleyError]:
        """Emits each message once, a conversation's by seq; those that could not be emitted, with why."""
        # What was found may be older than what was stored before it in this batch: events go out in seq order.
        once = {appended.message.message_id: appended for appended in stored}
        ordered = sorted(once.values(), key=lambda appended: appended.message.seq)
        events = [MessageStored(appended.message, appended.members_rev) for appended in ordered]
        if not events:
            return {}
        try:
            outcomes = self._publisher.publish(events)
        except UnavailableError as error:
            return {event.message.message_id: error for event in events}
        failures = {
            event.message.message_id: error for event, error in zip(events, outcomes, strict=True) if error is not None
        }
        self._tracing.note_published([message_id for message_id in once if message_id not in failures])
        return failures


def _is_its_own(accepted: AcceptedMessage, appended: Appended) -> bool:
    """Whether this is the request that the message was stored from, rather than a later one with the same id."""
    return appended.fresh or appended.accepted_at is None or appended.accepted_at == accepted.accepted_at
