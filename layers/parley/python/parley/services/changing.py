"""Making the changes that were accepted, and telling of what is changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from parley.domain.errors import ParleyError, UnavailableError
from parley.domain.models import AcceptedChange
from parley.domain.records import MessageChanged
from parley.ports import Changed, Clock, MessageStore, NotChanged, Publisher


class Changing:
    """The consumer of `chat.edit`, `chat.delete` and `chat.react`: makes changes, and emits them after that.

    Args:
        delete_attachments: deletes the files of messages, by their ids: see Attachments.
    """

    def __init__(
        self,
        *,
        messages: MessageStore,
        publisher: Publisher,
        delete_attachments: Callable[[Sequence[str]], None],
        clock: Clock,
    ) -> None:
        self._messages = messages
        self._publisher = publisher
        self._delete_attachments = delete_attachments
        self._clock = clock

    def apply_changes(self, batch: Sequence[AcceptedChange]) -> list[ParleyError | None]:
        """Makes a batch of changes, then emits each that made something different, by this call or an earlier one.

        A redelivered batch changes nothing and emits the same revs again: whether they were emitted before is not
        known. Every rev is emitted, so that no client waits for one that is missing. The files of deleted messages go
        after that, or are noted to go later; until they are, the delete counts as not made and comes again.

        Returns:
            For each of the batch None when it is made and emitted, else why not: a retryable error means that the
            whole may be given again, any other that this change never can be made.
        """
        if not batch:
            return []
        try:
            outcomes = self._messages.apply_changes(batch, self._clock.now())
        except UnavailableError as error:
            return [error] * len(batch)
        failures = self._notify_changed(batch, outcomes) | self._do_delete_attachments(batch, outcomes)
        return [
            outcome.error if isinstance(outcome, NotChanged) else failures.get(change.change_id)
            for change, outcome in zip(batch, outcomes, strict=True)
        ]

    def _do_delete_attachments(
        self, batch: Sequence[AcceptedChange], outcomes: Sequence[Changed | NotChanged]
    ) -> dict[str, ParleyError]:
        deletes = {
            change.change_id: change.message_id
            for change, outcome in zip(batch, outcomes, strict=True)
            if change.kind == "delete" and isinstance(outcome, Changed)
        }
        try:
            if deletes:
                self._delete_attachments(list(deletes.values()))
        except UnavailableError as error:
            return dict.fromkeys(deletes, error)
        return {}

    def _notify_changed(
        self, batch: Sequence[AcceptedChange], outcomes: Sequence[Changed | NotChanged]
    ) -> dict[str, ParleyError]:
        """Emits each change once, a conversation's by rev; those that could not be emitted, with why."""
        events = {
            change.change_id: MessageChanged(
                outcome.message, change.kind, change.change_id, outcome.rev, outcome.members_rev
            )
            for change, outcome in zip(batch, outcomes, strict=True)
            if isinstance(outcome, Changed) and outcome.rev is not None
        }
        ordered = sorted(events.values(), key=lambda event: event.rev)
        if not ordered:
            return {}
        try:
            failures = self._publisher.publish(ordered)
        except UnavailableError as error:
            return dict.fromkeys(events, error)
        return {
            event.change_id: failure for event, failure in zip(ordered, failures, strict=True) if failure is not None
        }
