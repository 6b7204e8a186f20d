"""Receipts, as both transports write them."""

from __future__ import annotations

from pydantic import Field

from parley.domain.models import Membership, ReceiptStatus
from parley.protocol.base import Inbound, Outbound


class SeenData(Inbound):
    """How far the caller received or read a conversation."""

    conversation_id: str
    seq: int = Field(ge=0, description="One beyond the last message is taken for the last.")
    status: ReceiptStatus = "read"


class StatusBody(Inbound):
    """The same over REST, where it says which of the two."""

    conversation_id: str
    status: ReceiptStatus
    seq: int = Field(ge=0, description="One beyond the last message is taken for the last.")


class PointersAnswer(Outbound):
    """The caller's pointers as they are stored. They only move forward; read implies delivered."""

    conversation_id: str
    last_delivered_seq: int
    last_read_seq: int


def encode_pointers(membership: Membership) -> PointersAnswer:
    """The pointers of a membership."""
    return PointersAnswer(
        conversation_id=membership.conversation_id,
        last_delivered_seq=membership.last_delivered_seq,
        last_read_seq=membership.last_read_seq,
    )
