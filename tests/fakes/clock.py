"""A clock that stands until it is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Gives `moment` until `advance` moves it, forwards or back."""

    def __init__(self, moment: datetime = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def advance(self, seconds: float) -> datetime:
        """Moves the clock by so many seconds and gives the new time."""
        self.moment += timedelta(seconds=seconds)
        return self.moment
