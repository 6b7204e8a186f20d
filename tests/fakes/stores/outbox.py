"""The outbox in memory."""

from __future__ import annotations

from datetime import datetime

from parley.ports import (
    OutboxRow,
)
from tests.fakes.database import FakeDatabase
from tests.fakes.outside import Outside


class FakeOutboxStore(Outside):
    """The rows of a FakeDatabase."""

    def __init__(self, database: FakeDatabase) -> None:
        super().__init__(database.lock)
        self._database = database

    def list_rows(self, before: datetime, limit: int) -> list[OutboxRow]:
        self._reach("list_rows")
        with self._lock:
            rows = sorted(self._database.outbox.values(), key=lambda row: (row[0], int(row[1].row_id.split(":")[1])))
        return [row for written_at, row in rows if written_at < before][:limit]

    def remove_row(self, row_id: str) -> None:
        self._reach("remove_row")
        with self._lock:
            self._database.outbox.pop(row_id, None)
