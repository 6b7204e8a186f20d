"""What became of a message, as clients see it."""

from __future__ import annotations

from pydantic import Field

from parley.domain.trace import DeliveryOutcome, Trace
from parley.protocol.base import Outbound, Time


class DeliveryObject(Outbound):
    """What became of the message on one of the caller's connections."""

    connection_id: str
    at: Time
    outcome: DeliveryOutcome = Field(
        description="`pushed`: its gateway took it; `gone`: it was closed; `failed`: given up after a small budget."
    )


class TraceAnswer(Outbound):
    """A message's way; null for what has not happened, or was longer than a day ago and is no longer known."""

    message_id: str
    accepted_at: Time | None
    stored_at: Time | None
    published_at: Time | None
    deliveries: list[DeliveryObject]


def encode_trace(trace: Trace) -> TraceAnswer:
    """A message's way as a client gets it."""
    return TraceAnswer(
        message_id=trace.message_id,
        accepted_at=trace.accepted_at,
        stored_at=trace.stored_at,
        published_at=trace.published_at,
        deliveries=[
            DeliveryObject(connection_id=one.connection_id, at=one.at, outcome=one.outcome) for one in trace.deliveries
        ],
    )
