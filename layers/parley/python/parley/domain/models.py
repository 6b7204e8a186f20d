"""What there is: users, sessions, conversations, memberships, messages.

Times are timezone-aware UTC with whole milliseconds. `seq` and `rev` start at 1; 0 means none yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Literal

ConversationKind = Literal["direct", "group"]
MessageType = Literal["text", "attachment"]
Role = Literal["owner", "admin", "member"]
EndReason = Literal["logout", "ended", "password_changed", "token_reused", "account_erased"]
"""Why a session ended, as its sockets are told."""
ChangeKind = Literal["edit", "delete", "react"]
ReceiptStatus = Literal["delivered", "read"]

Reactors = tuple[tuple[str, tuple[str, ...]], ...]
"""Who reacted to a message, all of them: emoji with user ids, both in the order in which they came."""

SeqRuns = tuple[tuple[int, int], ...]
"""Seqs as ascending runs, each by its first and its last."""


class Unchanged(Enum):
    """Stands for a field that a change leaves as it is, where None would clear it."""

    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is calling: a user through one of their sessions (signed-in devices)."""

    user_id: str
    session_id: str


@dataclass(frozen=True, slots=True)
class User:
    """A person. `username` is lower case and unique, `email` unique without case."""

    user_id: str
    username: str
    email: str
    display_name: str
    avatar_url: str | None
    about: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user with the hash that a password is checked against."""

    user: User
    password_hash: str


@dataclass(frozen=True, slots=True)
class ProfileChanges:
    """What is to be changed of a profile; UNCHANGED leaves a field, None clears one that may be empty."""

    display_name: str | Unchanged = Unchanged.UNCHANGED
    avatar_url: str | Unchanged | None = Unchanged.UNCHANGED
    about: str | Unchanged | None = Unchanged.UNCHANGED


@dataclass(frozen=True, slots=True)
class Rotation:
    """The last exchange of a session's refresh token: what it takes to give the same answer to the same token again.

    The successor was derived from the token itself and `nonce`, so neither the token nor the nonce alone leads to it.
    """

    previous_token_hash: str
    nonce: str
    rotated_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in device. The refresh token itself is never kept: only its SHA-256, in hexadecimal.

    `refresh_key` marks every token that was ever given to this session, so that one that was rotated away is told from
    one that was made up.
    """

    session_id: str
    user_id: str
    device_name: str | None
    refresh_token_hash: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    refresh_key: str = ""
    rotation: Rotation | None = None


@dataclass(frozen=True, slots=True)
class Reaction:
    """One emoji on a message; `count` people chose it, `user_ids` are the first 20 of them."""

    emoji: str
    count: int
    user_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file as its message tells of it; `size` is in bytes."""

    attachment_id: str
    file_name: str
    content_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody was let upload, for one message of their own: `message_id`, once there is one.

    It lapses at `expires_at`: without a message it cannot be sent any more, and with one it is looked at whether that
    was ever stored.
    """

    attachment: Attachment
    owner_id: str
    created_at: datetime
    expires_at: datetime
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class UploadForm:
    """Where a file goes, and the fields that a browser's form sends with it, all of them before the file."""

    url: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """A message as its sender wrote it, checked for form and nothing else."""

    conversation_id: str
    client_message_id: str
    content: str
    type: MessageType = "text"
    reply_to: str | None = None
    mentions: tuple[str, ...] = ()
    attachment_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AcceptedMessage:
    """A message that passed every check; durable once it is in `chat.send`, and then sure to be stored."""

    message_id: str
    conversation_id: str
    sender_id: str
    client_message_id: str
    type: MessageType
    content: str
    reply_to: str | None
    mentions: tuple[str, ...]
    attachment_ids: tuple[str, ...]
    accepted_at: datetime
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """A stored message. One that was deleted keeps ids, seq and times; its content is None and its lists are empty."""

    message_id: str
    conversation_id: str
    seq: int
    rev: int
    sender_id: str
    client_message_id: str
    type: MessageType
    content: str | None
    reply_to: str | None
    mentions: tuple[str, ...]
    attachment_ids: tuple[str, ...]
    reactions: tuple[Reaction, ...]
    created_at: datetime
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    attachments: tuple[Attachment, ...] = ()


FoundPlace = tuple[datetime, int, str]
"""Where a message stands among those that a search finds: its time, and among those of one time its seq and id."""


def found_place(message: Message) -> FoundPlace:
    """A message's place among those that a search finds; the newest has the greatest."""
    return message.created_at, message.seq, message.message_id


@dataclass(frozen=True, slots=True)
class AcceptedChange:
    """A change of a stored message that passed every check; durable once it is in its topic, and then sure to be made.

    An edit has `content`, a reaction has `emoji`, which `remove` takes away. `change_id` is made for each request, so
    that a record which comes twice is known for the same one.
    """

    change_id: str
    kind: ChangeKind
    message_id: str
    conversation_id: str
    user_id: str
    accepted_at: datetime
    content: str | None = None
    emoji: str | None = None
    remove: bool = False


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation as all its members share it.

    `rev` counts its changes and `members_rev` is the rev of the last change of who is in it: a list of members read
    at or after `members_rev` holds for every event that carries the same `members_rev`. `deleted_runs` are the seqs of
    deleted messages, which do not count as unread.
    """

    conversation_id: str
    kind: ConversationKind
    name: str | None
    photo_url: str | None
    member_count: int
    rev: int
    members_rev: int
    last_seq: int
    last_message: Message | None
    created_at: datetime
    updated_at: datetime
    deleted_runs: SeqRuns = ()


@dataclass(frozen=True, slots=True)
class Membership:
    """One user's place in a conversation, with their own pointers and setting.

    `peer_id` is the other user of a direct conversation, which never changes; None in a group. `blocked_by` are those
    of a direct conversation's two who have blocked the other: the same on both sides.
    """

    conversation_id: str
    user_id: str
    role: Role
    joined_at: datetime
    last_delivered_seq: int
    last_read_seq: int
    muted: bool
    peer_id: str | None
    blocked_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """A membership with who it is of."""

    membership: Membership
    user: User


@dataclass(frozen=True, slots=True)
class ConversationView:
    """A conversation as one member sees it; `peer` is the other user of a direct conversation."""

    conversation: Conversation
    membership: Membership
    unread_count: int
    peer: User | None


@dataclass(frozen=True, slots=True)
class Connection:
    """One open socket. `endpoint` is the base address that its @connections posts go to: there may be many gateways."""

    connection_id: str
    user_id: str
    session_id: str
    endpoint: str
    connected_at: datetime


@dataclass(frozen=True, slots=True)
class AcceptedReceipt:
    """A member received or read everything up to `seq`.

    Where it came over a socket and asked for an answer, `connection` and `request_id` say where that goes.
    """

    conversation_id: str
    user_id: str
    status: ReceiptStatus
    seq: int
    accepted_at: datetime
    connection: Connection | None = None
    request_id: str | None = None
