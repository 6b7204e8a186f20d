"""What became of a message on its way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

TRACE_TTL: Final = timedelta(days=1)

DeliveryOutcome = Literal["pushed", "gone", "failed"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a message on one connection, the last time that it was pushed there."""

    connection_id: str
    at: datetime
    outcome: DeliveryOutcome


@dataclass(frozen=True, slots=True)
class Trace:
    """A message's way as one of its conversation's members may see it; None for what has not happened."""

    message_id: str
    accepted_at: datetime | None
    stored_at: datetime | None
    published_at: datetime | None
    deliveries: tuple[Delivery, ...]
