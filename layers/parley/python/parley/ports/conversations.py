"""Conversations, their members, and the records that go out with their changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from parley.domain.errors import ParleyError
from parley.domain.models import (
    AcceptedReceipt,
    Conversation,
    Membership,
)
from parley.domain.records import Record


@dataclass(frozen=True, slots=True)
class MemberIds:
    """Who is in a conversation: a list at least as new as `members_rev`, and the most that they have ever been."""

    members_rev: int
    user_ids: tuple[str, ...]
    peak_count: int


class ConversationReader(Protocol):
    """A conversation as the transaction that is to change it finds it."""

    @property
    def conversation(self) -> Conversation:
        """The conversation; its next rev is one more than its own."""
        ...

    def find_memberships(self, user_ids: Sequence[str]) -> dict[str, Membership]:
        """Those of the users who are members, by user id, in one query."""
        ...

    def find_heir(self) -> Membership | None:
        """The longest-standing admin, else the longest-standing member; None when the owner is alone."""
        ...

    def read_member_ids(self) -> tuple[str, ...]:
        """The ids of all members."""
        ...


@dataclass(frozen=True, slots=True)
class ConversationChange:
    """What becomes of a conversation. `conversation` is the whole of it afterwards, with its next `rev`.

    `is_deleted` removes all members, whatever the others say. `records` go out once it is so.
    """

    conversation: Conversation
    added: tuple[Membership, ...] = ()
    changed: tuple[Membership, ...] = ()
    removed: tuple[str, ...] = ()
    is_deleted: bool = False
    records: tuple[Record, ...] = ()


Decision = Callable[[ConversationReader], ConversationChange | None]


@dataclass(frozen=True, slots=True)
class Moved:
    """A receipt is stored: the membership as it left it, whether or not its pointers were there before."""

    membership: Membership
    members_rev: int


@dataclass(frozen=True, slots=True)
class NotMoved:
    """A receipt is not stored. A retryable `error` means later; any other means never."""

    error: ParleyError


class ConversationStore(Protocol):
    """Conversations and their memberships."""

    def create_conversation(
        self, conversation: Conversation, members: Sequence[Membership], records: Sequence[Record] = ()
    ) -> tuple[Conversation, bool]:
        """Adds a conversation with its members in one transaction; idempotent by its id.

        The records of the call that makes it are put into the outbox with it, as one row (`outbox_row_id`).

        Returns:
            The conversation as it is stored, and whether this call made it. Of concurrent calls exactly one makes it.
        """
        ...

    def change_conversation(self, conversation_id: str, decide: Decision, now: datetime) -> ConversationChange | None:
        """Changes a conversation and its members in one transaction, with the records for the outbox as one row.

        `decide` sees the conversation as it stands and says what is to become of it; None changes nothing. When other
        writers are in the way it is asked again, so no update is lost. What it raises ends the call with nothing done.
        The number of database calls does not depend on the number of members.

        Args:
            decide: must have no effects of its own.
            now: when this happens.

        Returns:
            What was decided at last.

        Raises:
            NotFoundError: there is no such conversation.
        """
        ...

    def set_muted(self, user_id: str, conversation_id: str, *, muted: bool, now: datetime) -> Membership | None:
        """Sets the member's own setting; the membership as it is then, None for no member.

        Takes no rev; sync counts the conversation as changed, as it does for a receipt.
        """
        ...

    def find_conversation(self, conversation_id: str) -> Conversation | None:
        """The conversation, or None, as for a group that was deleted."""
        ...

    def find_memberships(self, user_id: str, conversation_ids: Sequence[str]) -> dict[str, Membership]:
        """The user's memberships among these conversations, by conversation id, in one query; others are left out."""
        ...

    def list_conversations(
        self, user_id: str, *, before: tuple[datetime, str] | None, limit: int
    ) -> list[tuple[Conversation, Membership]]:
        """The user's conversations, by `(updated_at, conversation_id)` descending, in a fixed number of queries.

        Args:
            before: the key of the last one already had; only smaller ones are given. None starts at the newest.
            limit: at most so many.
        """
        ...

    def list_members(self, conversation_id: str, *, after: str | None, limit: int) -> list[Membership]:
        """Memberships in ascending user id, those after the user id `after` only; at most `limit`."""
        ...

    def find_members(self, user_ids: Mapping[str, Sequence[str]]) -> dict[str, frozenset[str]]:
        """Which of these users are members: by conversation id, user ids in and out, in one query for them all.

        Conversations without any of theirs are left out.
        """
        ...

    def move_pointers(self, receipts: Sequence[AcceptedReceipt], now: datetime) -> list[Moved | NotMoved]:
        """Moves members' pointers forward, to no seq beyond their conversation's last; read implies delivered.

        Atomic per conversation and idempotent. However many of one member's receipts there are, it is one write, and
        the number of database calls does not depend on the number of receipts. The conversation's `rev` stays.

        Args:
            receipts: of any number of conversations and members.
            now: when the pointers move.

        Returns:
            One outcome for each of `receipts`, in their order. Who is no member: NotFoundError; a database that could
            not take this conversation's receipts now: UnavailableError.
        """
        ...

    def list_conversation_ids(self, user_id: str) -> list[str]:
        """All conversations that the user is a member of, in one query."""
        ...

    def find_contacts(self, user_id: str, candidate_ids: Sequence[str]) -> frozenset[str]:
        """Those of the candidates who share a conversation with the user, in two queries."""
        ...

    def read_memberships(self, user_ids: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Membership]]:
        """Memberships by conversation id and user id, of these users in these conversations, in one query for all."""
        ...

    def list_known_conversations(self, user_id: str, *, after: str | None, limit: int) -> list[str]:
        """The ids of conversations that the user is or was a member of, ascending.

        Args:
            after: only those after this id.
            limit: at most so many.
        """
        ...

    def read_member_ids(self, conversation_ids: Sequence[str]) -> dict[str, MemberIds]:
        """The ids of all members, by conversation id; nobody's of a group that was deleted.

        `members_rev` is read first, so the list is never older than it. Conversations that never were are left out.
        The number of queries does not depend on the number of conversations.
        """
        ...


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """Records of one change of a conversation, which go out in their order."""

    row_id: str
    records: tuple[Record, ...]


def outbox_row_id(conversation: Conversation) -> str:
    """The id of the row that goes with the conversation's change to this `rev`."""
    return f"{conversation.conversation_id}:{conversation.rev}"


class OutboxStore(Protocol):
    """Records that were written together with what they tell of, until they are known to be published."""

    def list_rows(self, before: datetime, limit: int) -> list[OutboxRow]:
        """Rows that were written before that time, oldest first, a conversation's by rev; at most `limit`."""
        ...

    def remove_row(self, row_id: str) -> None:
        """Removes a row whose records are published; idempotent."""
        ...
