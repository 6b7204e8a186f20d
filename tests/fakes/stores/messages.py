"""Messages in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from parley.domain.changes import add_deleted, apply_change
from parley.domain.errors import NotFoundError, UnavailableError
from parley.domain.models import (
    AcceptedChange,
    AcceptedMessage,
    Conversation,
    FoundPlace,
    Message,
    found_place,
)
from parley.domain.search import split_words
from parley.ports import (
    Appended,
    Changed,
    NotAppended,
    NotChanged,
)
from tests.fakes.database import FakeDatabase
from tests.fakes.outside import Outside


class FakeMessageStore(Outside):
    """Messages of a FakeDatabase. `failing` names conversations that cannot be written now."""

    def __init__(self, database: FakeDatabase) -> None:
        super().__init__(database.lock)
        self._database = database
        self.failing: set[str] = set()

    def append_messages(self, messages: Sequence[AcceptedMessage], now: datetime) -> list[Appended | NotAppended]:
        self._reach("append_messages")
        with self._lock:
            return [self._append(message, now) for message in messages]

    def apply_changes(self, changes: Sequence[AcceptedChange], now: datetime) -> list[Changed | NotChanged]:
        self._reach("apply_changes")
        with self._lock:
            return [self._apply(change, now) for change in changes]

    def find_messages(self, message_ids: Sequence[str]) -> dict[str, Message]:
        self._reach("find_messages")
        with self._lock:
            held = self._database.messages
            return {key: held[key] for key in message_ids if key in held}

    def search_messages(
        self, conversation_ids: Sequence[str], words: Sequence[str], *, before: FoundPlace | None, limit: int
    ) -> list[Message]:
        self._reach("search_messages")
        with self._lock:
            held = [one for one in self._database.messages.values() if one.conversation_id in conversation_ids]
        found = [one for one in held if set(words) <= set(split_words(one.content or ""))]
        found.sort(key=found_place, reverse=True)
        return [one for one in found if before is None or found_place(one) < before][:limit]

    def find_accepted_at(self, message_id: str) -> datetime | None:
        self._reach("find_accepted_at")
        with self._lock:
            return self._database.accepted_at.get(message_id)

    def list_messages(
        self, conversation_id: str, *, before: int | None = None, after: int | None = None, limit: int
    ) -> list[Message]:
        self._reach("list_messages")
        with self._lock:
            history = [self._database.messages[key] for key in self._database.histories.get(conversation_id, ())]
        if after is not None:
            return [message for message in history if message.seq > after][:limit]
        return [message for message in reversed(history) if before is None or message.seq < before][:limit]

    def list_sent(self, sender_id: str, conversation_id: str, *, after: str | None, limit: int) -> list[Message]:
        self._reach("list_sent")
        with self._lock:
            own = [
                message
                for message in self._database.messages.values()
                if (message.sender_id, message.conversation_id) == (sender_id, conversation_id)
            ]
        own.sort(key=lambda message: message.client_message_id)
        return [message for message in own if after is None or message.client_message_id > after][:limit]

    def replace_message(self, message: Message) -> None:
        """What an edit or delete does, without its rev; not counted as a call."""
        with self._lock:
            self._database.messages[message.message_id] = message

    def _append(self, accepted: AcceptedMessage, now: datetime) -> Appended | NotAppended:
        conversation = self._database.conversations.get(accepted.conversation_id)
        if conversation is None:
            return NotAppended(NotFoundError("There is no such conversation."))
        if accepted.conversation_id in self.failing:
            return NotAppended(UnavailableError("The conversation cannot be written now."))
        stored = self._database.messages.get(accepted.message_id)
        if stored is not None:
            accepted_at = self._database.accepted_at.get(accepted.message_id)
            return Appended(stored, conversation.members_rev, fresh=False, accepted_at=accepted_at)
        message = _make_message(accepted, conversation, now)
        self._database.messages[message.message_id] = message
        self._database.histories.setdefault(message.conversation_id, []).append(message.message_id)
        self._database.conversations[message.conversation_id] = replace(
            conversation, rev=message.rev, last_seq=message.seq, last_message=message, updated_at=now
        )
        self._stamp(message, now)
        self._move_pointers(message, now)
        self._database.accepted_at[message.message_id] = accepted.accepted_at
        return Appended(message, conversation.members_rev, fresh=True, accepted_at=accepted.accepted_at)

    def _apply(self, change: AcceptedChange, now: datetime) -> Changed | NotChanged:
        if change.conversation_id in self.failing:
            return NotChanged(UnavailableError("The conversation cannot be written now."))
        message = self._database.messages.get(change.message_id)
        if message is None or message.conversation_id != change.conversation_id:
            return NotChanged(NotFoundError("The message is not stored."))
        conversation = self._database.conversations[message.conversation_id]
        made = self._database.changes
        if change.change_id in made:
            return Changed(message, made[change.change_id], conversation.members_rev)
        result = apply_change(message, self._database.reactors.get(message.message_id, ()), change, now)
        if result is None:
            made[change.change_id] = None
            return Changed(message, None, conversation.members_rev)
        rev = made[change.change_id] = conversation.rev + 1
        message = replace(result[0], rev=rev)
        self._database.messages[message.message_id], self._database.reactors[message.message_id] = message, result[1]
        deleted = [message.seq] if change.kind == "delete" else []
        self._database.conversations[message.conversation_id] = replace(
            conversation,
            rev=rev,
            last_message=message if message.seq == conversation.last_seq else conversation.last_message,
            deleted_runs=add_deleted(conversation.deleted_runs, deleted),
        )
        self._stamp(message, now)
        return Changed(message, rev, conversation.members_rev)

    def _stamp(self, message: Message, now: datetime) -> None:
        self._database.stamps.messages[message.message_id] = now
        self._database.stamps.conversations[message.conversation_id] = now

    def _move_pointers(self, message: Message, now: datetime) -> None:
        key = message.conversation_id, message.sender_id
        membership = self._database.memberships.get(key)
        if membership is not None:
            self._database.memberships[key] = replace(
                membership,
                last_delivered_seq=max(membership.last_delivered_seq, message.seq),
                last_read_seq=max(membership.last_read_seq, message.seq),
            )
            receipts = self._database.stamps.members[key][0][1]
            self._database.stamps.members[key] = (message.rev, receipts), now


def _make_message(accepted: AcceptedMessage, conversation: Conversation, now: datetime) -> Message:
    return Message(
        message_id=accepted.message_id,
        conversation_id=accepted.conversation_id,
        seq=conversation.last_seq + 1,
        rev=conversation.rev + 1,
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
