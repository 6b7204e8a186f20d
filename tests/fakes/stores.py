"""The stores, in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime

from parley.domain.changes import add_deleted, apply_change
from parley.domain.errors import ConflictError, NotFoundError, UnavailableError
from parley.domain.ids import derive_direct_id
from parley.domain.models import (
    AcceptedChange,
    AcceptedMessage,
    AcceptedReceipt,
    Conversation,
    Credentials,
    Membership,
    Message,
    ProfileChanges,
    Session,
    Unchanged,
    User,
)
from parley.domain.receipts import move_pointers
from parley.domain.records import Record
from parley.domain.search import make_search_keys
from parley.ports import (
    Appended,
    Changed,
    Clock,
    ConversationChange,
    Decision,
    Moved,
    NotAppended,
    NotChanged,
    NotMoved,
    OutboxRow,
    outbox_row_id,
)
from tests.fakes.database import FakeDatabase
from tests.fakes.outside import Outside


class FakeUserStore(Outside):
    """Users by id, with an index of their logins without case."""

    def __init__(self) -> None:
        super().__init__()
        self._credentials: dict[str, Credentials] = {}
        self._logins: dict[str, str] = {}
        self._last_seen: dict[str, datetime] = {}
        self._erasures: dict[str, datetime] = {}

    def insert_user(self, user: User, password_hash: str) -> None:
        self._reach("insert_user")
        with self._lock:
            for field, login in (("username", user.username), ("email", user.email)):
                if login.lower() in self._logins:
                    raise ConflictError(f"This {field} is taken.")
            self._logins |= {user.username.lower(): user.user_id, user.email.lower(): user.user_id}
            self._credentials[user.user_id] = Credentials(user, password_hash)

    def find_users(self, user_ids: Sequence[str]) -> dict[str, User]:
        self._reach("find_users")
        with self._lock:
            return {key: self._credentials[key].user for key in user_ids if key in self._credentials}

    def record_last_seen(self, user_id: str, seen_at: datetime) -> None:
        self._reach("record_last_seen")
        with self._lock:
            self._last_seen[user_id] = max(seen_at, self._last_seen.get(user_id, seen_at))

    def find_last_seen(self, user_ids: Sequence[str]) -> dict[str, datetime]:
        self._reach("find_last_seen")
        with self._lock:
            return {user_id: self._last_seen[user_id] for user_id in user_ids if user_id in self._last_seen}

    def find_credentials(self, login: str) -> Credentials | None:
        self._reach("find_credentials")
        with self._lock:
            user_id = self._logins.get(login.lower())
            return None if user_id is None else self._credentials[user_id]

    def find_user_credentials(self, user_id: str) -> Credentials | None:
        self._reach("find_user_credentials")
        with self._lock:
            return self._credentials.get(user_id)

    def replace_password(self, user_id: str, *, old_hash: str, new_hash: str) -> bool:
        self._reach("replace_password")
        with self._lock:
            known = self._credentials.get(user_id)
            if known is None or known.password_hash != old_hash:
                return False
            self._credentials[user_id] = replace(known, password_hash=new_hash)
            return True

    def update_user(self, user_id: str, changes: ProfileChanges) -> User | None:
        self._reach("update_user")
        with self._lock:
            known = self._credentials.get(user_id)
            if known is None:
                return None
            given = {
                field.name: getattr(changes, field.name)
                for field in fields(changes)
                if getattr(changes, field.name) is not Unchanged.UNCHANGED
            }
            user = replace(known.user, **given)
            self._credentials[user_id] = replace(known, user=user)
            return user

    def search_users(self, prefix: str, *, after: str | None, limit: int) -> list[User]:
        self._reach("search_users")
        with self._lock:
            users = [credentials.user for credentials in self._credentials.values()]
        found = [
            user
            for user in sorted(users, key=lambda user: user.username)
            if any(key.startswith(prefix) for key in make_search_keys(user.username, user.display_name))
        ]
        return [user for user in found if after is None or user.username > after][:limit]

    def begin_erasure(self, user_id: str, now: datetime) -> None:
        self._reach("begin_erasure")
        with self._lock:
            known = self._credentials.pop(user_id, None)
            if known is not None:
                del self._logins[known.user.username.lower()], self._logins[known.user.email.lower()]
                self._erasures[user_id] = now

    def list_erasures(self, before: datetime, limit: int) -> list[str]:
        self._reach("list_erasures")
        with self._lock:
            began = sorted((began_at, user_id) for user_id, began_at in self._erasures.items())
        return [user_id for began_at, user_id in began if began_at < before][:limit]

    def finish_erasure(self, user_id: str) -> None:
        self._reach("finish_erasure")
        with self._lock:
            self._erasures.pop(user_id, None)


class FakeBlockStore(Outside):
    """Blocks, marked on the memberships of a FakeDatabase."""

    def __init__(self, database: FakeDatabase) -> None:
        super().__init__(database.lock)
        self._database = database
        self._blocks: set[tuple[str, str]] = set()

    def block_user(self, blocker_id: str, blocked_id: str, now: datetime) -> None:
        self._reach("block_user")
        with self._lock:
            self._blocks.add((blocker_id, blocked_id))
            self._mark(blocker_id, blocked_id, lambda marks: marks | {blocker_id})

    def unblock_user(self, blocker_id: str, blocked_id: str, now: datetime) -> None:
        self._reach("unblock_user")
        with self._lock:
            self._blocks.discard((blocker_id, blocked_id))
            self._mark(blocker_id, blocked_id, lambda marks: marks - {blocker_id})

    def find_blockers(self, one_user_id: str, other_user_id: str) -> frozenset[str]:
        self._reach("find_blockers")
        with self._lock:
            pairs = (one_user_id, other_user_id), (other_user_id, one_user_id)
            return frozenset(pair[0] for pair in pairs if pair in self._blocks)

    def list_blocks(self, blocker_id: str, *, after: str | None, limit: int) -> list[str]:
        self._reach("list_blocks")
        with self._lock:
            blocked = sorted(blocked for blocker, blocked in self._blocks if blocker == blocker_id)
        return [user_id for user_id in blocked if after is None or user_id > after][:limit]

    def forget_blocks(self, user_id: str) -> None:
        self._reach("forget_blocks")
        with self._lock:
            self._blocks = {pair for pair in self._blocks if user_id not in pair}

    def _mark(self, one: str, other: str, change: Callable[[frozenset[str]], frozenset[str]]) -> None:
        for key in ((derive_direct_id(one, other), user_id) for user_id in (one, other)):
            known = self._database.memberships.get(key)
            if known is not None:
                marks = change(frozenset(known.blocked_by))
                self._database.memberships[key] = replace(known, blocked_by=tuple(sorted(marks)))


class FakeSessionStore(Outside):
    """Sessions by id; they lapse by the clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._sessions: dict[str, Session] = {}

    def insert_session(self, session: Session) -> None:
        self._reach("insert_session")
        with self._lock:
            self._sessions[session.session_id] = session

    def find_session(self, session_id: str) -> Session | None:
        self._reach("find_session")
        with self._lock:
            session = self._sessions.get(session_id)
        return session if session is not None and session.expires_at > self._clock.now() else None

    def list_sessions(self, user_id: str, *, before: tuple[datetime, str] | None, limit: int) -> list[Session]:
        self._reach("list_sessions")
        now = self._clock.now()
        with self._lock:
            own = [one for one in self._sessions.values() if one.user_id == user_id and one.expires_at > now]
        own.sort(key=lambda session: (session.created_at, session.session_id), reverse=True)
        return [one for one in own if before is None or (one.created_at, one.session_id) < before][:limit]

    def rotate_session(self, session: Session, *, expected_hash: str) -> bool:
        self._reach("rotate_session")
        with self._lock:
            known = self._sessions.get(session.session_id)
            if known is None or known.refresh_token_hash != expected_hash or known.expires_at <= self._clock.now():
                return False
            self._sessions[session.session_id] = session
            return True

    def end_session(self, session_id: str) -> bool:
        self._reach("end_session")
        with self._lock:
            return self._sessions.pop(session_id, None) is not None

    def end_sessions(self, user_id: str, *, keep: str | None = None) -> None:
        self._reach("end_sessions")
        with self._lock:
            for session in list(self._sessions.values()):
                if session.user_id == user_id and session.session_id != keep:
                    del self._sessions[session.session_id]


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


class FakeOutboxStore(Outside):
    """The rows of a FakeDatabase."""

    def __init__(self, database: FakeDatabase) -> None:
        super().__init__(database.lock)
        self._database = database

    def list_rows(self, before: datetime, limit: int) -> list[OutboxRow]:
        self._reach("list_rows")
        with self._lock:
            rows = sorted(self._database.outbox.values(), key=lambda row: (row[0], int(row[1].row_id.split(":")[1])))
        return [row for written_at, row in rows if written_at < before][:limit]

    def remove_row(self, row_id: str) -> None:
        self._reach("remove_row")
        with self._lock:
            self._database.outbox.pop(row_id, None)


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
            if self._database.memberships.pop((place, user_id), None):
                self._database.stamps.left[place, user_id] = change.conversation.rev, now
        for member in (*change.added, *change.changed):
            self._database.memberships[place, member.user_id] = member
        self._stamp_members(change.conversation, change.added, now)
        for member in change.changed:
            (_, receipts), _ = self._database.stamps.members[place, member.user_id]
            self._database.stamps.members[place, member.user_id] = (change.conversation.rev, receipts), now
        if change.is_deleted:
            del self._database.conversations[place]
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

    def read_member_ids(self, conversation_ids: Sequence[str]) -> dict[str, tuple[int, tuple[str, ...]]]:
        self._reach("read_member_ids")
        with self._lock:
            held = self._database.conversations
            return {
                key: (held[key].members_rev, tuple(sorted(self._members_of(key))))
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
                self._database.stamps.left[conversation_id, user_id] = rev, now
            self._stamp_members(after, [member for member in members if member.user_id not in held], now)
            return after

    def _stamp_members(self, conversation: Conversation, joined: Sequence[Membership], now: datetime) -> None:
        stamps = self._database.stamps
        stamps.conversations[conversation.conversation_id] = now
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
            return Appended(stored, conversation.members_rev, fresh=False)
        message = _make_message(accepted, conversation, now)
        self._database.messages[message.message_id] = message
        self._database.histories.setdefault(message.conversation_id, []).append(message.message_id)
        self._database.conversations[message.conversation_id] = replace(
            conversation, rev=message.rev, last_seq=message.seq, last_message=message, updated_at=now
        )
        self._stamp(message, now)
        self._move_pointers(message, now)
        return Appended(message, conversation.members_rev, fresh=True)

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
        reactions=(),
        created_at=now,
    )
