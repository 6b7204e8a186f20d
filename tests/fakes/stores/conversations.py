"""Conversations in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from parley.domain.errors import NotFoundError, UnavailableError
from parley.domain.models import (
    AcceptedReceipt,
    Conversation,
    Membership,
)
from parley.domain.receipts import move_pointers
from parley.domain.records import Record
from parley.ports import (
    ConversationChange,
    Decision,
    MemberIds,
    Moved,
    NotMoved,
    OutboxRow,
    outbox_row_id,
)
from tests.fakes.database import FakeDatabase
from tests.fakes.outside import Outside


class FakeConversationReader:
    """A conversation of a FakeDatabase, whose lock is held."""

    def __init__(self, database: FakeDatabase, conversation: Conversation) -> None:
        self._conversation = conversation
        self._members = {
            user_id: membership
            for (place, user_id), membership in database.memberships.items()
            if place == conversation.conversation_id
        }

    @property
    def conversation(self) -> Conversation:
        return self._conversation

    def find_memberships(self, user_ids: Sequence[str]) -> dict[str, Membership]:
        return {user_id: self._members[user_id] for user_id in user_ids if user_id in self._members}

    def find_heir(self) -> Membership | None:
        ranks = {"admin": 0, "member": 1}
        heirs = [one for one in self._members.values() if one.role in ranks]
        return min(heirs, key=lambda one: (ranks[one.role], one.joined_at, one.user_id), default=None)

    def read_member_ids(self) -> tuple[str, ...]:
        return tuple(sorted(self._members))


class FakeConversationStore(Outside):
    """Conversations and memberships of a FakeDatabase. `failing` names conversations that cannot be written now."""

    def __init__(self, database: FakeDatabase) -> None:
        super().__init__(database.lock)
        self._database = database
        self.failing: set[str] = set()

    def create_conversation(
        self, conversation: Conversation, members: Sequence[Membership], records: Sequence[Record] = ()
    ) -> tuple[Conversation, bool]:
        self._reach("create_conversation")
        with self._lock:
            stored = self._database.conversations.setdefault(conversation.conversation_id, conversation)
            if stored is not conversation:
                return stored, False
            for member in members:
                self._database.memberships[member.conversation_id, member.user_id] = member
            self._stamp_members(conversation, members, conversation.updated_at)
            self._put_row(stored, records, stored.updated_at)
            return stored, True

    def change_conversation(self, conversation_id: str, decide: Decision, now: datetime) -> ConversationChange | None:
        self._reach("change_conversation")
        with self._lock:
            before = self._database.conversations.get(conversation_id)
            if before is None:
                raise NotFoundError("There is no such conversation.")
            change = decide(FakeConversationReader(self._database, before))
            if change is not None:
                self._write(change, now)
            return change

    def set_muted(self, user_id: str, conversation_id: str, *, muted: bool, now: datetime) -> Membership | None:
        self._reach("set_muted")
        with self._lock:
            known = self._database.memberships.get((conversation_id, user_id))
            if known is None:
                return None
            changed = replace(known, muted=muted)
            self._database.memberships[conversation_id, user_id] = changed
            receipts = self._database.stamps.receipts
            receipts[conversation_id] = receipts.get(conversation_id, (0, now))[0] + 1, now
            return changed

    def read_memberships(self, user_ids: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Membership]]:
        self._reach("read_memberships")
        with self._lock:
            held = self._database.memberships
            found = {
                place: {one: held[place, one] for one in users if (place, one) in held}
                for place, users in user_ids.items()
            }
        return {place: members for place, members in found.items() if members}

    def list_known_conversations(self, user_id: str, *, after: str | None, limit: int) -> list[str]:
        self._reach("list_known_conversations")
        with self._lock:
            held = (*self._database.memberships, *self._database.stamps.left)
            own = sorted({place for place, member_id in held if member_id == user_id})
        return [place for place in own if after is None or place > after][:limit]

    def _write(self, change: ConversationChange, now: datetime) -> None:
        place = change.conversation.conversation_id
        gone = list(self._members_of(place)) if change.is_deleted else change.removed
        for user_id in gone:
            if membership := self._database.memberships.pop((place, user_id), None):
                self._database.stamps.leave(membership, change.conversation.rev, now)
        for member in (*change.added, *change.changed):
            self._database.memberships[place, member.user_id] = member
        self._stamp_members(change.conversation, change.added, now)
        for member in change.changed:
            (_, receipts), _ = self._database.stamps.members[place, member.user_id]
            self._database.stamps.members[place, member.user_id] = (change.conversation.rev, receipts), now
        if change.is_deleted:
            del self._database.conversations[place]
            self._database.deleted[place] = change.conversation
        else:
            self._database.conversations[place] = change.conversation
        self._put_row(change.conversation, change.records, now)

    def _put_row(self, conversation: Conversation, records: Sequence[Record], now: datetime) -> None:
        if records:
            row_id = outbox_row_id(conversation)
            self._database.outbox[row_id] = now, OutboxRow(row_id, tuple(records))

    def find_conversation(self, conversation_id: str) -> Conversation | None:
        self._reach("find_conversation")
        with self._lock:
            return self._database.conversations.get(conversation_id)

    def find_memberships(self, user_id: str, conversation_ids: Sequence[str]) -> dict[str, Membership]:
        self._reach("find_memberships")
        with self._lock:
            held = self._database.memberships
            return {key: held[key, user_id] for key in conversation_ids if (key, user_id) in held}

    def list_conversations(
        self, user_id: str, *, before: tuple[datetime, str] | None, limit: int
    ) -> list[tuple[Conversation, Membership]]:
        self._reach("list_conversations")
        with self._lock:
            rows = [
                (self._database.conversations[conversation_id], membership)
                for (conversation_id, member_id), membership in self._database.memberships.items()
                if member_id == user_id
            ]
        rows.sort(key=lambda row: (row[0].updated_at, row[0].conversation_id), reverse=True)
        if before is not None:
            rows = [row for row in rows if (row[0].updated_at, row[0].conversation_id) < before]
        return rows[:limit]

    def list_members(self, conversation_id: str, *, after: str | None, limit: int) -> list[Membership]:
        self._reach("list_members")
        members = self._members_of(conversation_id)
        return [members[user_id] for user_id in sorted(members) if after is None or user_id > after][:limit]

    def find_members(self, user_ids: Mapping[str, Sequence[str]]) -> dict[str, frozenset[str]]:
        self._reach("find_members")
        with self._lock:
            held = self._database.memberships
            found = {
                place: frozenset(one for one in users if (place, one) in held) for place, users in user_ids.items()
            }
        return {place: users for place, users in found.items() if users}

    def move_pointers(self, receipts: Sequence[AcceptedReceipt], now: datetime) -> list[Moved | NotMoved]:
        self._reach("move_pointers")
        with self._lock:
            return [self._move(receipt, now) for receipt in receipts]

    def list_conversation_ids(self, user_id: str) -> list[str]:
        self._reach("list_conversation_ids")
        with self._lock:
            return [place for place, who in self._database.memberships if who == user_id]

    def find_contacts(self, user_id: str, candidate_ids: Sequence[str]) -> frozenset[str]:
        self._reach("find_contacts")
        with self._lock:
            own = {place for place, who in self._database.memberships if who == user_id}
            return frozenset(who for place, who in self._database.memberships if place in own and who in candidate_ids)

    def read_member_ids(self, conversation_ids: Sequence[str]) -> dict[str, MemberIds]:
        self._reach("read_member_ids")
        with self._lock:
            held = {**self._database.deleted, **self._database.conversations}
            return {
                key: MemberIds(held[key].members_rev, tuple(sorted(self._members_of(key))), self._database.peaks[key])
                for key in conversation_ids
                if key in held
            }

    def replace_members(
        self, conversation_id: str, members: Sequence[Membership], now: datetime | None = None
    ) -> Conversation:
        """What changes of a group's members do: the next rev, with these as its members; not counted as a call."""
        with self._lock:
            held = self._members_of(conversation_id)
            now = now or self._database.conversations[conversation_id].updated_at
            for user_id in held:
                del self._database.memberships[conversation_id, user_id]
            for member in members:
                self._database.memberships[conversation_id, member.user_id] = member
            before = self._database.conversations[conversation_id]
            rev = before.rev + 1
            after = replace(before, rev=rev, members_rev=rev, member_count=len(members))
            self._database.conversations[conversation_id] = after
            staying = {member.user_id for member in members}
            for user_id in held.keys() - staying:
                self._database.stamps.leave(held[user_id], rev, now)
            self._stamp_members(after, [member for member in members if member.user_id not in held], now)
            return after

    def _stamp_members(self, conversation: Conversation, joined: Sequence[Membership], now: datetime) -> None:
        stamps = self._database.stamps
        stamps.conversations[conversation.conversation_id] = now
        peaks = self._database.peaks
        peaks[conversation.conversation_id] = max(
            peaks.get(conversation.conversation_id, 0), len(self._members_of(conversation.conversation_id))
        )
        for member in joined:
            key = member.conversation_id, member.user_id
            stamps.joined[key], stamps.members[key] = conversation.rev, ((conversation.rev, 0), now)
            stamps.left.pop(key, None)

    def _move(self, receipt: AcceptedReceipt, now: datetime) -> Moved | NotMoved:
        key = receipt.conversation_id, receipt.user_id
        before = self._database.memberships.get(key)
        if receipt.conversation_id in self.failing:
            return NotMoved(UnavailableError("The conversation cannot be written now."))
        if before is None:
            return NotMoved(NotFoundError("They are no member."))
        conversation = self._database.conversations[receipt.conversation_id]
        after = move_pointers(before, receipt.status, receipt.seq, conversation.last_seq)
        self._database.memberships[key] = after
        stamps = self._database.stamps
        if after != before:
            number = stamps.receipts.get(receipt.conversation_id, (0, now))[0] + 1
            stamps.receipts[receipt.conversation_id] = number, now
            stamps.members[key] = (stamps.members[key][0][0], number), now
        return Moved(after, conversation.members_rev)

    def _members_of(self, conversation_id: str) -> dict[str, Membership]:
        with self._lock:
            held = self._database.memberships.items()
            return {user_id: membership for (place, user_id), membership in held if place == conversation_id}
