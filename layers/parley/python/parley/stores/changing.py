"""What changes of stored messages will write, worked out from what is stored: no input or output here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from pymongo import UpdateOne

from parley.domain.changes import add_deleted, apply_change
from parley.domain.errors import NotFoundError, ParleyError
from parley.domain.models import AcceptedChange, Message, Reactors
from parley.ports import Changed, NotChanged
from parley.stores.codecs import (
    Document,
    Raw,
    decode_message,
    decode_reactors,
    encode_message,
    encode_reactors,
    encode_words,
)
from parley.stores.grouped import Group
from parley.stores.heads import Head, move_head

ChangeOutcomes = dict[str, Changed | NotChanged]
"""By change id."""

_CHANGEABLE: Final = (
    "rev",
    "content",
    "mentions",
    "attachmentIds",
    "attachments",
    "reactions",
    "editedAt",
    "deletedAt",
)


@dataclass(frozen=True, slots=True)
class Target:
    """A stored message with everybody who reacted to it."""

    message: Message
    reactors: Reactors


@dataclass(frozen=True, slots=True)
class Log:
    """That a change was made before: with which rev, None where it made nothing different."""

    rev: int | None


@dataclass(slots=True)
class ChangePlan:
    """The writes of one transaction, and what they will have come to once it has committed."""

    outcomes: ChangeOutcomes = field(default_factory=dict)
    messages: list[UpdateOne] = field(default_factory=list)
    conversations: list[UpdateOne] = field(default_factory=list)
    logs: list[Document] = field(default_factory=list)


def decode_target(document: Raw) -> Target:
    return Target(decode_message(document), decode_reactors(document.get("reactors", [])))


def decode_log(document: Raw) -> Log:
    return Log(document.get("rev"))


def refuse_changes(group: Group[AcceptedChange], error: ParleyError) -> ChangeOutcomes:
    """The outcomes when none of them is made."""
    return {change.change_id: NotChanged(error) for change in group.items}


def plan_changes(
    groups: Sequence[Group[AcceptedChange]],
    heads: Mapping[str, Head],
    logs: Mapping[str, Log],
    targets: Mapping[str, Target],
    now: datetime,
) -> ChangePlan:
    """Gives the changes that were not made yet their revs.

    Args:
        groups: of different conversations.
        heads: by conversation id, those that exist.
        logs: by change id, those that were made before.
        targets: by message id, those that are stored.
        now: becomes the time of the changes.
    """
    plan = ChangePlan()
    for group in groups:
        head = heads.get(group.conversation_id)
        if head is None:
            plan.outcomes.update(refuse_changes(group, NotFoundError("The conversation does not exist.")))
        else:
            _GroupPlan(plan, group.conversation_id, head, targets).make(group.items, logs, now)
    return plan


class _GroupPlan:
    """One conversation's part of a plan."""

    def __init__(self, plan: ChangePlan, conversation_id: str, head: Head, stored: Mapping[str, Target]) -> None:
        self._plan = plan
        self._conversation_id = conversation_id
        self._head = head
        self._stored = stored
        self._rev = head.rev
        self._changed: dict[str, Target] = {}
        self._deleted: list[int] = []

    def make(self, changes: Sequence[AcceptedChange], logs: Mapping[str, Log], now: datetime) -> None:
        for change in changes:
            target = self._changed.get(change.message_id) or self._stored.get(change.message_id)
            if target is None or target.message.conversation_id != self._conversation_id:
                self._plan.outcomes[change.change_id] = NotChanged(NotFoundError("The message is not stored."))
            elif change.change_id in logs:
                rev = logs[change.change_id].rev
                self._plan.outcomes[change.change_id] = Changed(target.message, rev, self._head.members_rev)
            else:
                self._make_one(change, target, now)
        self._write(now)

    def _make_one(self, change: AcceptedChange, target: Target, now: datetime) -> None:
        result = apply_change(target.message, target.reactors, change, now)
        rev = None
        message = target.message
        if result is not None:
            self._rev = rev = self._rev + 1
            message = replace(result[0], rev=rev)
            self._changed[message.message_id] = Target(message, result[1])
            if change.kind == "delete":
                self._deleted.append(message.seq)
        self._plan.outcomes[change.change_id] = Changed(message, rev, self._head.members_rev)
        self._plan.logs.append({"_id": change.change_id, "rev": rev, "madeAt": now})

    def _write(self, now: datetime) -> None:
        if not self._changed:
            return
        moved: Document = {"rev": self._rev, "changedAt": now}
        if self._deleted:
            runs = add_deleted(self._head.deleted_runs, self._deleted)
            moved["deletedRuns"] = [list(run) for run in runs]
        for target in self._changed.values():
            self._plan.messages.append(_update(target, now))
            if target.message.seq == self._head.last_seq:
                moved["lastMessage"] = encode_message(target.message)
        self._plan.conversations.append(move_head(self._conversation_id, self._head, moved))


def _update(target: Target, now: datetime) -> UpdateOne:
    fields = encode_message(target.message)
    changed = {name: fields[name] for name in _CHANGEABLE} | {"words": encode_words(target.message)}
    return UpdateOne(
        {"_id": target.message.message_id},
        {"$set": {**changed, "reactors": encode_reactors(target.reactors), "changedAt": now}},
    )
