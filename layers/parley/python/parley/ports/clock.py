"""The time."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """The current time: UTC, whole milliseconds. It may step back; nothing orders by it."""
        ...
