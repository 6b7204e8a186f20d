"""What appending messages will write, worked out from what is stored: no input or output here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pymongo import InsertOne, UpdateOne

from parley.domain.errors import NotFoundError, ParleyError
from parley.domain.models import AcceptedMessage, Message
from parley.ports import Appended, NotAppended
from parley.stores.codecs import Document, encode_message, membership_key

Outcomes = dict[str, Appended | NotAppended]
"""By message id."""


@dataclass(frozen=True, slots=True)
class Group:
    """The messages of one call for one conversation, in order, each once: they are stored together or not at all."""

    conversation_id: str
    messages: tuple[AcceptedMessage, ...]

    def refuse(self, error: ParleyError) -> Outcomes:
        """The outcomes when none of them is stored."""
        return {message.message_id: NotAppended(error) for message in self.messages}


@dataclass(frozen=True, slots=True)
class Head:
    """Where a conversation stands: what a group's messages are numbered from."""

    last_seq: int
    rev: int
    members_rev: int


@dataclass(slots=True)
class AppendPlan:
    """The writes of one transaction, and what they will have come to once it has committed."""

    outcomes: Outcomes = field(default_factory=dict)
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


def group_messages(messages: Sequence[AcceptedMessage]) -> list[Group]:
    """The messages by conversation, in the order given, repeats left out."""
    by_conversation: dict[str, dict[str, AcceptedMessage]] = {}
    for message in messages:
        by_conversation.setdefault(message.conversation_id, {}).setdefault(message.message_id, message)
    return [Group(conversation_id, tuple(group.values())) for conversation_id, group in by_conversation.items()]


def plan_append(
    groups: Sequence[Group], heads: Mapping[str, Head], stored: Mapping[str, Message], now: datetime
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
            plan.outcomes.update(group.refuse(NotFoundError("The conversation does not exist.")))
        else:
            _plan_group(plan, group, head, stored, now)
    return plan


def _plan_group(plan: AppendPlan, group: Group, head: Head, stored: Mapping[str, Message], now: datetime) -> None:
    seq, rev = head.last_seq, head.rev
    last_seqs: dict[str, int] = {}
    last: Document | None = None
    for accepted in group.messages:
        known = stored.get(accepted.message_id)
        if known is not None:
            plan.outcomes[accepted.message_id] = Appended(known, head.members_rev, fresh=False)
            continue
        seq, rev = seq + 1, rev + 1
        message = _number(accepted, seq, rev, now)
        last = encode_message(message)
        plan.messages.append(InsertOne(last))
        plan.outcomes[message.message_id] = Appended(message, head.members_rev, fresh=True)
        last_seqs[message.sender_id] = seq
    if last is not None:
        plan.conversations.append(_advance(group.conversation_id, head, last, now))
        plan.pointers += [_move_pointers(group.conversation_id, *item) for item in last_seqs.items()]


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
        reactions=(),
        created_at=now,
    )


def _advance(conversation_id: str, head: Head, last: Mapping[str, Any], now: datetime) -> UpdateOne:
    """Moves the conversation on, unless somebody else did since its head was read."""
    return UpdateOne(
        {"_id": conversation_id, "lastSeq": head.last_seq, "rev": head.rev},
        {"$set": {"lastSeq": last["seq"], "rev": last["rev"], "lastMessage": last, "updatedAt": now}},
    )


def _move_pointers(conversation_id: str, sender_id: str, seq: int) -> UpdateOne:
    """Whoever writes has read and received what they wrote; who has left meanwhile has no pointers to move."""
    return UpdateOne(
        {"_id": membership_key(conversation_id, sender_id)},
        {"$max": {"lastReadSeq": seq, "lastDeliveredSeq": seq}},
    )
