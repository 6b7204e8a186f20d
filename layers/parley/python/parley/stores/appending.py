"""What appending messages will write, worked out from what is stored: no input or output here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pymongo import InsertOne, UpdateOne

from parley.domain.errors import NotFoundError, ParleyError
from parley.domain.models import AcceptedMessage, Message
from parley.ports import Appended, NotAppended
from parley.stores.codecs import Document, encode_message, encode_words, membership_key
from parley.stores.grouped import Group
from parley.stores.heads import Head, move_head

AppendOutcomes = dict[str, Appended | NotAppended]
"""By message id."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A message that an earlier call stored, and when its request was accepted."""

    message: Message
    accepted_at: datetime | None


@dataclass(slots=True)
class AppendPlan:
    """The writes of one transaction, and what they will have come to once it has committed."""

    outcomes: AppendOutcomes = field(default_factory=dict)
    messages: list[InsertOne[Document]] = field(default_factory=list)
    conversations: list[UpdateOne] = field(default_factory=list)
    pointers: list[UpdateOne] = field(default_factory=list)


def is_text(content: str) -> bool:
    """Whether it can be written as UTF-8, which a lone surrogate cannot."""
    try:
        content.encode()
    except UnicodeEncodeError:
        return False
    return True


def refuse_append(group: Group[AcceptedMessage], error: ParleyError) -> AppendOutcomes:
    """The outcomes when none of them is stored."""
    return {message.message_id: NotAppended(error) for message in group.items}


def plan_append(
    groups: Sequence[Group[AcceptedMessage]], heads: Mapping[str, Head], stored: Mapping[str, Stored], now: datetime
) -> AppendPlan:
    """Numbers the messages that are not stored yet.

    Args:
        groups: of different conversations.
        heads: by conversation id, those that exist.
        stored: by message id, those that an earlier call stored.
        now: becomes `created_at`.
    """
    plan = AppendPlan()
    for group in groups:
        head = heads.get(group.conversation_id)
        if head is None:
            plan.outcomes.update(refuse_append(group, NotFoundError("The conversation does not exist.")))
        else:
            _plan_group(plan, group, head, stored, now)
    return plan


def _plan_group(
    plan: AppendPlan, group: Group[AcceptedMessage], head: Head, stored: Mapping[str, Stored], now: datetime
) -> None:
    seq, rev = head.last_seq, head.rev
    last_seqs: dict[str, int] = {}
    last: Document | None = None
    for accepted in group.items:
        known = stored.get(accepted.message_id)
        if known is not None:
            plan.outcomes[accepted.message_id] = Appended(
                known.message, head.members_rev, fresh=False, accepted_at=known.accepted_at
            )
            continue
        seq, rev = seq + 1, rev + 1
        message = _number(accepted, seq, rev, now)
        last = encode_message(message)
        plan.messages.append(
            InsertOne({**last, "words": encode_words(message), "changedAt": now, "acceptedAt": accepted.accepted_at})
        )
        plan.outcomes[message.message_id] = Appended(
            message, head.members_rev, fresh=True, accepted_at=accepted.accepted_at
        )
        last_seqs[message.sender_id] = seq
    if last is not None:
        plan.conversations.append(
            move_head(
                group.conversation_id,
                head,
                {"lastSeq": seq, "rev": rev, "lastMessage": last, "updatedAt": now, "changedAt": now},
            )
        )
        plan.pointers += [_move_pointers(group.conversation_id, *item, rev, now) for item in last_seqs.items()]


def _number(accepted: AcceptedMessage, seq: int, rev: int, now: datetime) -> Message:
    return Message(
        message_id=accepted.message_id,
        conversation_id=accepted.conversation_id,
        seq=seq,
        rev=rev,
        sender_id=accepted.sender_id,
        client_message_id=accepted.client_message_id,
        type=accepted.type,
        content=accepted.content,
        reply_to=accepted.reply_to,
        mentions=accepted.mentions,
        attachment_ids=accepted.attachment_ids,
        attachments=accepted.attachments,
        reactions=(),
        created_at=now,
    )


def _move_pointers(conversation_id: str, sender_id: str, seq: int, rev: int, now: datetime) -> UpdateOne:
    """Whoever writes has read and received what they wrote; who has left meanwhile has no pointers to move."""
    return UpdateOne(
        {"_id": membership_key(conversation_id, sender_id)},
        {"$max": {"lastReadSeq": seq, "lastDeliveredSeq": seq}, "$set": {"rev": rev, "changedAt": now}},
    )
