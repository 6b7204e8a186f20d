"""What receipts will write, worked out from what is stored: no input or output here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pymongo import InsertOne, UpdateOne

from parley.domain.errors import NotFoundError, ParleyError
from parley.domain.models import AcceptedReceipt, Membership
from parley.domain.receipts import move_pointers
from parley.ports import Moved, NotMoved
from parley.stores.codecs import Document, membership_key
from parley.stores.grouped import Group
from parley.stores.heads import Head

PointerOutcomes = dict[int, Moved | NotMoved]
"""By the receipt's place in the call."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """A receipt with its place in the call, as two may be alike."""

    place: int
    receipt: AcceptedReceipt


@dataclass(slots=True)
class PointerPlan:
    """The writes of one transaction, and what they will have come to once it has committed."""

    outcomes: PointerOutcomes = field(default_factory=dict)
    members: list[UpdateOne] = field(default_factory=list)
    counters: list[InsertOne[Document] | UpdateOne] = field(default_factory=list)


def refuse_receipts(group: Group[Numbered], error: ParleyError) -> PointerOutcomes:
    """The outcomes when none of them is stored."""
    return {item.place: NotMoved(error) for item in group.items}


def plan_pointers(
    groups: Sequence[Group[Numbered]],
    heads: Mapping[str, Head],
    members: Mapping[str, Membership],
    counters: Mapping[str, int],
    now: datetime,
) -> PointerPlan:
    """Moves pointers forward, one write for each member.

    Args:
        groups: of different conversations.
        heads: by conversation id, those that exist.
        members: by the key of the membership, those that exist.
        counters: by conversation id, how often its receipts moved so far, where they ever did.
        now: when they move.
    """
    plan = PointerPlan()
    for group in groups:
        head = heads.get(group.conversation_id)
        moved: dict[str, Membership] = {}
        for item in group.items:
            key = membership_key(group.conversation_id, item.receipt.user_id)
            before = moved.get(key) or members.get(key)
            if head is None or before is None:
                plan.outcomes[item.place] = NotMoved(NotFoundError("They are no member."))
                continue
            after = move_pointers(before, item.receipt.status, item.receipt.seq, head.last_seq)
            if after != before:
                moved[key] = after
            plan.outcomes[item.place] = Moved(after, head.members_rev)
        if moved:
            _write(plan, group.conversation_id, moved, counters.get(group.conversation_id), now)
    return plan


def _write(
    plan: PointerPlan, conversation_id: str, moved: Mapping[str, Membership], counter: int | None, now: datetime
) -> None:
    number = (counter or 0) + 1
    if counter is None:
        plan.counters.append(InsertOne({"_id": conversation_id, "rev": number, "changedAt": now}))
    else:
        state = {"rev": number, "changedAt": now}
        plan.counters.append(UpdateOne({"_id": conversation_id, "rev": counter}, {"$set": state}))
    for key, membership in moved.items():
        pointers = {"lastDeliveredSeq": membership.last_delivered_seq, "lastReadSeq": membership.last_read_seq}
        stamp = {"receiptRev": number, "changedAt": now}
        plan.members.append(UpdateOne({"_id": key}, {"$max": pointers, "$set": stamp}))
