"""Publishing what was written together with a change: right after it, or later by the relay."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from parley.domain.errors import ParleyError, UnavailableError
from parley.domain.models import Conversation
from parley.domain.records import Record
from parley.ports import Clock, OutboxRow, OutboxStore, Publisher, outbox_row_id

_log = logging.getLogger(__name__)

_GRACE: Final = timedelta(seconds=5)
_PAGE_COUNT: Final = 50
_PAGES_MAX_COUNT: Final = 100


class Outbox:
    """Sees to it that every record of a committed change is published, at least once."""

    def __init__(self, *, rows: OutboxStore, publisher: Publisher, clock: Clock) -> None:
        self._rows = rows
        self._publisher = publisher
        self._clock = clock

    def notify_changed(self, conversation: Conversation, records: Sequence[Record]) -> None:
        """Publishes the records of the change that made the conversation what it is.

        The change stands, so a failure is not its caller's: the row stays, and the relay publishes it.
        """
        if records and not self._publish(OutboxRow(outbox_row_id(conversation), tuple(records))):
            _log.warning("a change is told of later", extra={"record_count": len(records)})

    def relay(self) -> int:
        """Publishes what was left behind 5 s ago or earlier; how many rows that was.

        Raises:
            UnavailableError: there may be more, which cannot be published now.
        """
        count = 0
        for _ in range(_PAGES_MAX_COUNT):
            rows = self._rows.list_rows(self._clock.now() - _GRACE, _PAGE_COUNT)
            for row in rows:
                if not self._publish(row):
                    raise UnavailableError("The outbox cannot be emptied now.", retry_after_s=60.0)
                count += 1
            if len(rows) < _PAGE_COUNT:
                break
        return count

    def _publish(self, row: OutboxRow) -> bool:
        try:
            outcomes: Sequence[ParleyError | None] = self._publisher.publish(row.records)
            if any(outcome is not None for outcome in outcomes):
                return False
            self._rows.remove_row(row.row_id)
        except UnavailableError:
            return False
        return True
