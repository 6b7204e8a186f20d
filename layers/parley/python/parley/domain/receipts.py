"""How receipts move a member's pointers."""

from __future__ import annotations

from dataclasses import replace

from parley.domain.models import Membership, ReceiptStatus


def move_pointers(membership: Membership, status: ReceiptStatus, seq: int, last_seq: int) -> Membership:
    """The membership after its user received or read everything up to `seq`.

    Pointers only move forward, and not past `last_seq`; read implies delivered.
    """
    reached = min(seq, last_seq)
    return replace(
        membership,
        last_delivered_seq=max(membership.last_delivered_seq, reached),
        last_read_seq=max(membership.last_read_seq, reached) if status == "read" else membership.last_read_seq,
    )
