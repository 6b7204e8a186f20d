"""What the services need from outside.

Each docstring is a contract: one suite in tests/contract/ holds the fake and the real one to it.

Every method may raise `UnavailableError` where what is behind it cannot be reached in time; nothing was then promised,
and each may be called again. Stores take and give timezone-aware UTC times with whole milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from parley.domain.errors import ParleyError
from parley.domain.live import LiveEvent
from parley.domain.models import (
    AcceptedChange,
    AcceptedMessage,
    AcceptedReceipt,
    Connection,
    Conversation,
    Credentials,
    Identity,
    Membership,
    Message,
    ProfileChanges,
    Session,
    User,
)
from parley.domain.rates import Bucket, Grant
from parley.domain.records import PushEvent, Record
from parley.domain.sync import Known, SyncState


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """The current time: UTC, whole milliseconds. It may step back; nothing orders by it."""
        ...


class UserStore(Protocol):
    """Users and the hashes of their passwords."""

    def insert_user(self, user: User, password_hash: str) -> None:
        """Adds a user, all or nothing. Of concurrent calls for one username or email exactly one succeeds.

        Raises:
            ConflictError: the username or the email (compared without case) is taken; its detail says which.
        """
        ...

    def find_users(self, user_ids: Sequence[str]) -> dict[str, User]:
        """The users with these ids, in one query; ids that nobody has are left out."""
        ...

    def record_last_seen(self, user_id: str, seen_at: datetime) -> None:
        """Notes when a user was last known to be there; a time before the one that is noted changes nothing."""
        ...

    def find_last_seen(self, user_ids: Sequence[str]) -> dict[str, datetime]:
        """When these users were last known to be there, in one query; of whom that is not known are left out."""
        ...

    def find_credentials(self, login: str) -> Credentials | None:
        """The user whose username or email is `login`, compared without case; None for nobody."""
        ...

    def find_user_credentials(self, user_id: str) -> Credentials | None:
        """The user with this id; None for nobody, and for whose account is being erased."""
        ...

    def replace_password(self, user_id: str, *, old_hash: str, new_hash: str) -> bool:
        """Puts a new hash in the place of the old one; False when that is not what is stored. Atomic."""
        ...

    def update_user(self, user_id: str, changes: ProfileChanges) -> User | None:
        """Changes what is given of a profile and nothing else; the user as they are then, None for nobody. Atomic."""
        ...

    def search_users(self, prefix: str, *, after: str | None, limit: int) -> list[User]:
        """Users with a search key (domain.search) that begins with `prefix`, by username ascending; by an index.

        Args:
            prefix: as `fold_text` writes it.
            after: the username of the last one already had.
            limit: at most so many.
        """
        ...

    def begin_erasure(self, user_id: str, now: datetime) -> None:
        """Takes names, profile and password from a user, all at once; idempotent.

        From then on no method finds them, and their username and email are free. What remains is a note that the
        erasure began, until `finish_erasure`.
        """
        ...

    def list_erasures(self, before: datetime, limit: int) -> list[str]:
        """The ids of users whose erasure began before that time and is not finished, longest ago first."""
        ...

    def finish_erasure(self, user_id: str) -> None:
        """Removes what is left of a user; idempotent. Nobody whose erasure did not begin is touched."""
        ...


class BlockStore(Protocol):
    """Who has blocked whom."""

    def block_user(self, blocker_id: str, blocked_id: str, now: datetime) -> None:
        """Notes a block, and marks it on both memberships of the two's direct conversation, where there is one.

        Both in one transaction; idempotent, and a repeat marks a conversation that came into being meanwhile.
        """
        ...

    def unblock_user(self, blocker_id: str, blocked_id: str, now: datetime) -> None:
        """Takes a block and its marks back, in one transaction; idempotent. The other's own block stands."""
        ...

    def find_blockers(self, one_user_id: str, other_user_id: str) -> frozenset[str]:
        """Which of the two have blocked the other, in one query."""
        ...

    def list_blocks(self, blocker_id: str, *, after: str | None, limit: int) -> list[str]:
        """The ids of whom this user has blocked, ascending, those after the id `after` only; at most `limit`."""
        ...

    def forget_blocks(self, user_id: str) -> None:
        """Removes every block by and of a user who is no more; marks on memberships stay. Idempotent."""
        ...


class SessionStore(Protocol):
    """Signed-in devices."""

    def insert_session(self, session: Session) -> None:
        """Adds a session; it is visible to every later call anywhere."""
        ...

    def find_session(self, session_id: str) -> Session | None:
        """The session, or None when it never was, was ended, or is past its `expires_at`."""
        ...

    def list_sessions(self, user_id: str, *, before: tuple[datetime, str] | None, limit: int) -> list[Session]:
        """The user's sessions by `(created_at, session_id)` descending, at most `limit`.

        Args:
            before: the key of the last one already had; only smaller ones are given.
        """
        ...

    def rotate_session(self, session: Session, *, expected_hash: str) -> bool:
        """Stores `session` in the place of the one that has the same id and this `refresh_token_hash`. Atomic.

        Of concurrent calls with one expected hash exactly one succeeds.

        Returns:
            False, with nothing changed, when the session has ended or holds another hash.
        """
        ...

    def end_session(self, session_id: str) -> bool:
        """Ends a session: no later call anywhere finds it. Whether there was one; idempotent."""
        ...

    def end_sessions(self, user_id: str, *, keep: str | None = None) -> None:
        """Ends all of the user's sessions but the one with the id `keep`; idempotent."""
        ...


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
        """Sets the member's own setting; the membership as it is then, None for no member. Takes no rev."""
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

    def read_member_ids(self, conversation_ids: Sequence[str]) -> dict[str, tuple[int, tuple[str, ...]]]:
        """By conversation id, `members_rev` and the ids of all members, a list at least as new as that `members_rev`.

        `members_rev` is read first, so the list is never older than it. Conversations that do not exist are left out.
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


@dataclass(frozen=True, slots=True)
class Appended:
    """A message is stored. `fresh` is False where an earlier call had stored it already."""

    message: Message
    members_rev: int
    fresh: bool


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


class Publisher(Protocol):
    """Kafka, as its writers see it."""

    def publish(self, records: Sequence[Record]) -> list[ParleyError | None]:
        """Hands records over, each to its topic under its key, and waits until all in-sync replicas have them.

        Records of one key are written in the order given, and none of a key after one of that key that failed. One
        that failed may have been written all the same. Ends within 4 s, whatever Kafka does.

        Returns:
            For each record None when it is durable, or an UnavailableError.
        """
        ...


class ConnectionRegistry(Protocol):
    """Whose sockets are open where. A hint that may be lost: nothing but live pushes and presence hangs on it."""

    def add_connection(self, connection: Connection) -> None:
        """Adds a socket; idempotent. It is forgotten by itself 2 h 10 min later, the longest that a socket can live."""
        ...

    def remove_connection(self, user_id: str, connection_id: str) -> bool:
        """Forgets one socket and no other of that user; whether it was known. Idempotent."""
        ...

    def list_connections(self) -> Iterator[list[Connection]]:
        """All open sockets, in parts; one that opens or closes meanwhile may be left out."""
        ...

    def find_connections(self, user_ids: Sequence[str]) -> dict[str, tuple[Connection, ...]]:
        """The open sockets of these users, in one round trip; users without any are left out."""
        ...


class RoomRegistry(Protocol):
    """Which sockets have joined which conversations, and who was told to be online. A hint that may be lost.

    Every entry is forgotten by itself 2 h 10 min after the last time that anybody joined, or was online.
    """

    def join_room(self, conversation_id: str, connection: Connection) -> bool:
        """Lets a socket hear of a conversation; whether it is the first of its user's there. Idempotent."""
        ...

    def leave_room(self, conversation_id: str, connection: Connection) -> bool:
        """Lets it hear no more; whether it was there and the last of its user's. Idempotent."""
        ...

    def leave_rooms(self, connection: Connection) -> list[str]:
        """Lets it hear no more of any; the conversations where it was the last of its user's. Idempotent."""
        ...

    def find_joined(self, conversation_ids: Sequence[str]) -> dict[str, tuple[Connection, ...]]:
        """The sockets in these rooms, in one round trip; empty rooms are left out."""
        ...

    def set_online(self, user_id: str) -> bool:
        """Notes that a user is online; whether that is news. Of concurrent calls one is told so."""
        ...

    def set_offline(self, user_id: str) -> bool:
        """Notes that a user is not online; whether that is news. Of concurrent calls one is told so."""
        ...

    def list_online(self) -> Iterator[list[str]]:
        """Everybody noted as online, in parts; who comes or goes meanwhile may be left out."""
        ...

    def claim_notice(self, connection_id: str) -> bool:
        """Whether nobody told this socket yet that it expires; of all calls within an hour one is told so."""
        ...


class TicketStore(Protocol):
    """Tickets that open one WebSocket each."""

    def insert_ticket(self, ticket: str, identity: Identity, ttl_s: int) -> None:
        """Keeps a ticket for `ttl_s` seconds."""
        ...

    def redeem_ticket(self, ticket: str) -> Identity | None:
        """Whose ticket it is, once: of concurrent calls exactly one gets it. None when unknown, used or expired."""
        ...


class RateLimiter(Protocol):
    """Token buckets that all processes share; the clock is theirs, not the callers'."""

    def take_token(self, bucket: Bucket, key: str) -> Grant:
        """Takes a token of this key's bucket, if there is one, in one round trip. Atomic.

        A bucket that was never asked, or not for long, is full.
        """
        ...


@dataclass(frozen=True, slots=True)
class Push:
    """Frames for one socket, to be posted in this order; each is UTF-8 JSON of at most 32 KB.

    Only a single event that is larger by itself (8,000 characters can take 48 KB once escaped) makes a larger frame,
    alone, and never one over the 128 KB that a gateway takes.
    """

    connection: Connection
    frames: tuple[bytes, ...]


PushOutcome = Literal["pushed", "gone", "failed"]
"""What became of a push. Of a socket that was only looked after, `pushed` says that it is open."""


class PushClient(Protocol):
    """The gateways' @connections, as their writers see it."""

    def post(self, pushes: Sequence[Push]) -> list[PushOutcome]:
        """Posts frames to sockets, side by side, each socket's in order; never raises, and never waits for a slow one.

        A post that fails (429, 5xx, no answer in time) is tried again within a bounded budget of time, then counted as
        failed with the socket's remaining frames dropped. 410 is gone at once.

        Returns:
            For each push `pushed` when all its frames were taken, `gone` for a closed socket, else `failed`.
        """
        ...

    def disconnect(self, connections: Sequence[Connection]) -> list[PushOutcome]:
        """Closes sockets, side by side; never raises. Bounded, and tried again, as `post` is.

        Returns:
            For each connection `pushed` when the gateway closed it now, `gone` when it was closed, else `failed`.
        """
        ...

    def probe(self, connections: Sequence[Connection]) -> list[PushOutcome]:
        """Asks the gateways which sockets are open, side by side and each once; never raises, nor waits for long."""
        ...


class LiveEncoder(Protocol):
    """Turns what is told while it lasts into the JSON object that a client gets, `{"event", "data"}`."""

    def __call__(self, event: LiveEvent) -> bytes:
        """UTF-8 JSON without white space around it."""
        ...


class EventEncoder(Protocol):
    """Turns an event into the JSON object that a client gets, `{"event", "data"}`."""

    def __call__(self, event: PushEvent) -> bytes:
        """UTF-8 JSON without white space around it; the same event gives the same bytes."""
        ...


class PasswordHasher(Protocol):
    """argon2id, or what takes its place."""

    def hash_password(self, password: str) -> str:
        """A salted hash that carries its own parameters."""
        ...

    def verify_password(self, password_hash: str, password: str) -> bool:
        """Whether the password is the one; takes the same time either way. False for a hash that is malformed."""
        ...


class TokenIssuer(Protocol):
    """Signs access tokens."""

    def issue_access_token(self, identity: Identity, now: datetime, *, token_id: str | None = None) -> tuple[str, int]:
        """A signed token for this identity, and for how many seconds from `now` it holds.

        Args:
            token_id: the token's own id, random if not given. The same three arguments give the same token.
        """
        ...


class TokenVerifier(Protocol):
    """Checks access tokens."""

    def verify_access_token(self, token: str, now: datetime) -> Identity:
        """Whose token it is.

        Raises:
            UnauthorizedError: malformed, signed by another key or algorithm, expired, or not issued by and for Parley.
        """
        ...


class Probe(Protocol):
    """Asks one service whether it is there."""

    def __call__(self) -> None:
        """Returns when it answered; raises UnavailableError within 2 s when it did not."""
        ...


Probes = Mapping[str, Probe]


@dataclass(frozen=True, slots=True)
class Place:
    """A user's membership, with the conversation's `rev` at which they joined."""

    membership: Membership
    joined_rev: int


@dataclass(frozen=True, slots=True)
class Stamp:
    """How far a conversation is, and when it last changed in any way, receipts included."""

    known: Known
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class MessageSpan:
    """The messages of a conversation that last changed at or after `since`, with a `rev` above `after_rev`.

    Where `position` is given, only those after it by `(changed_at, rev)`.
    """

    conversation_id: str
    since: datetime
    after_rev: int
    position: tuple[datetime, int] | None = None


@dataclass(frozen=True, slots=True)
class MemberState:
    """A membership, or in `left` who has left, with how far the conversation was at their last change."""

    user_id: str
    conversation_id: str
    membership: Membership | None
    known: Known


class SyncReader(Protocol):
    """Everything as it was at one moment. A method is one query or two, for messages so many a conversation."""

    def list_places(self, user_id: str) -> dict[str, Place]:
        """All conversations that the user is a member of, by id."""
        ...

    def list_left(self, user_id: str, since: datetime) -> dict[str, datetime]:
        """The conversations that the user left at or after `since` and is not in, with when."""
        ...

    def list_stamps(self, conversation_ids: Sequence[str], since: datetime | None) -> dict[str, Stamp]:
        """Those of the conversations that changed at or after `since`, receipts included; all of them for None."""
        ...

    def find_conversations(self, conversation_ids: Sequence[str]) -> dict[str, Conversation]:
        """The conversations, by id."""
        ...

    def list_changed_messages(self, spans: Sequence[MessageSpan], limit: int) -> list[tuple[datetime, Message]]:
        """Messages with when they changed, by `(conversation_id, changed_at, rev)`, at most `limit`, by an index."""
        ...

    def list_tails(self, after: Mapping[str, int], limit: int) -> list[Message]:
        """The messages of each conversation with a greater seq, by `(conversation_id, seq)`, at most `limit`."""
        ...

    def list_changed_members(
        self, conversation_ids: Sequence[str], since: datetime | None, everybody: Sequence[str]
    ) -> dict[str, list[MemberState]]:
        """Who joined, left, or changed in role or receipts, by conversation and there by user id.

        Args:
            since: changes at or after this, those who left included; None for no changes.
            everybody: those of the conversations of which all members are given, changed or not.
        """
        ...


class SyncStore(Protocol):
    """What sync reads."""

    def read(self) -> AbstractContextManager[SyncReader]:
        """A view of one moment: what is committed later is not in it, nor a part of anything."""
        ...


class SyncTokenCodec(Protocol):
    """Makes opaque tokens that nobody else can make."""

    def encode_token(self, state: SyncState) -> str:
        """A signed text, of characters that an address may hold."""
        ...

    def decode_token(self, token: str, user_id: str) -> SyncState:
        """What it says.

        Raises:
            SyncTokenInvalidError: it was not made here, or for another user.
        """
        ...
