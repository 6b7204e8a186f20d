"""Stored messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from parley.domain.errors import ParleyError
from parley.domain.models import (
    AcceptedChange,
    AcceptedMessage,
    FoundPlace,
    Message,
)


@dataclass(frozen=True, slots=True)
class Appended:
    """A message is stored. `fresh` is False where an earlier call had stored it already.

    `accepted_at` is that of the request that it was stored from, so that another one with the same id is told apart
    from the same one given again; None for what an older version stored.
    """

    message: Message
    members_rev: int
    fresh: bool
    accepted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NotAppended:
    """A message is not stored. A retryable `error` means later; any other means never."""

    error: ParleyError


@dataclass(frozen=True, slots=True)
class Changed:
    """A change was made, by this call or an earlier one. `rev` is the one it took, None where nothing was different.

    `message` is as the change left it, or as it stands by now where an earlier call had made the change.
    """

    message: Message
    rev: int | None
    members_rev: int


@dataclass(frozen=True, slots=True)
class NotChanged:
    """A change was not made. A retryable `error` means later; any other means never."""

    error: ParleyError


class MessageStore(Protocol):
    """Stored messages."""

    def append_messages(self, messages: Sequence[AcceptedMessage], now: datetime) -> list[Appended | NotAppended]:
        """Stores messages with the next `seq` and `rev` of their conversations, in the order given.

        Atomic per conversation: of one conversation either all its messages in this call become visible together, with
        the conversation's `last_seq`, `rev`, `last_message`, `updated_at` and each sender's own pointers, or none does.
        `seq` and `rev` have no holes whatever happens, and changes become visible in `rev` order. Idempotent by
        `message_id`, within one call too: a message already stored, even with another content, is given as it is
        stored and takes no new seq. The number of database calls does not depend on the number of messages.

        Args:
            messages: of any number of conversations.
            now: becomes `created_at`.

        Returns:
            One outcome for each of `messages`, in their order. A conversation that does not exist: NotFoundError;
            a database that could not take this conversation's messages now: UnavailableError.
        """
        ...

    def find_accepted_at(self, message_id: str) -> datetime | None:
        """When the request was accepted that a stored message came from; None where there is none, or it is unknown."""
        ...

    def apply_changes(self, changes: Sequence[AcceptedChange], now: datetime) -> list[Changed | NotChanged]:
        """Makes changes of stored messages, in the order given, each taking the next `rev` of its conversation.

        Atomic per conversation as `append_messages` is, with the conversation's `rev`, `deleted_runs`, and
        `last_message` where that is the one that changes; `updated_at` stays. A change that would make nothing
        different takes no rev. Idempotent by `change_id` for a week at least: one that was made, or found to make
        nothing different, is not made again, whatever came after it. The number of database calls does not depend on
        the number of changes.

        Args:
            changes: of any number of messages and conversations.
            now: becomes `edited_at` and `deleted_at`.

        Returns:
            One outcome for each of `changes`, in their order. A message that is not stored: NotFoundError; a database
            that could not take this conversation's changes now: UnavailableError.
        """
        ...

    def search_messages(
        self, conversation_ids: Sequence[str], words: Sequence[str], *, before: FoundPlace | None, limit: int
    ) -> list[Message]:
        """Messages of these conversations in which all the words occur, newest first by their `found_place`.

        Deleted messages have no words. The queries are few, and by an index, however many conversations there are and
        however many messages hold the words.

        Args:
            conversation_ids: none finds nothing.
            words: as `split_words` makes them, at least one.
            before: only messages of a smaller place; None starts at the newest.
            limit: at most so many.
        """
        ...

    def find_messages(self, message_ids: Sequence[str]) -> dict[str, Message]:
        """The messages with these ids, in one query; ids of none are left out."""
        ...

    def list_sent(self, sender_id: str, conversation_id: str, *, after: str | None, limit: int) -> list[Message]:
        """What a user wrote in a conversation, by clientMessageId ascending, deleted messages included; by an index.

        Args:
            after: the clientMessageId of the last one already had.
            limit: at most so many.
        """
        ...

    def list_messages(
        self, conversation_id: str, *, before: int | None = None, after: int | None = None, limit: int
    ) -> list[Message]:
        """A page by seq, served by an index whatever the conversation's length.

        Args:
            before: seqs smaller than it, newest first.
            after: seqs greater than it, oldest first. Neither: the newest, newest first. Never both.
            limit: at most so many.
        """
        ...
