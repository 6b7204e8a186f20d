"""What travels through Kafka, and under which topic and key. All of a conversation's records share a partition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final, Literal

from parley.domain.models import (
    AcceptedChange,
    AcceptedMessage,
    AcceptedReceipt,
    ChangeKind,
    Conversation,
    ConversationView,
    Member,
    Message,
)

CHAT_SEND = "chat.send"
CHAT_RECEIVE = "chat.receive"
CHAT_EDIT = "chat.edit"
CHAT_DELETE = "chat.delete"
CHAT_REACT = "chat.react"
CHAT_SEEN = "chat.seen"
CHAT_RECEIPT = "chat.receipt"
CHAT_FANOUT = "chat.fanout"
DEAD_LETTER_PREFIX = "dead."

_CHANGE_TOPICS: Final[Mapping[ChangeKind, str]] = {"edit": CHAT_EDIT, "delete": CHAT_DELETE, "react": CHAT_REACT}


@dataclass(frozen=True, slots=True)
class SendRequested:
    """A message was accepted and is to be stored."""

    topic: ClassVar[str] = CHAT_SEND
    message: AcceptedMessage

    @property
    def key(self) -> str:
        return self.message.conversation_id


@dataclass(frozen=True, slots=True)
class MessageStored:
    """A message has its seq; pushed to the members as of `members_rev`. Redelivery gives the same `event_id`."""

    topic: ClassVar[str] = CHAT_RECEIVE
    message: Message
    members_rev: int

    @property
    def key(self) -> str:
        return self.message.conversation_id

    @property
    def event_id(self) -> str:
        return f"{self.message.message_id}:{self.message.rev}"


@dataclass(frozen=True, slots=True)
class ChangeRequested:
    """A change of a stored message was accepted and is to be made."""

    change: AcceptedChange

    @property
    def topic(self) -> str:
        return _CHANGE_TOPICS[self.change.kind]

    @property
    def key(self) -> str:
        return self.change.conversation_id


@dataclass(frozen=True, slots=True)
class MessageChanged:
    """A stored message was edited, deleted or reacted to, by the change of this id, which took `rev`.

    `message` is as the change left it, or as later ones did where the event is emitted again: its own rev tells.
    """

    topic: ClassVar[str] = CHAT_RECEIVE
    message: Message
    kind: ChangeKind
    change_id: str
    rev: int
    members_rev: int

    @property
    def key(self) -> str:
        return self.message.conversation_id

    @property
    def event_id(self) -> str:
        return self.change_id


@dataclass(frozen=True, slots=True)
class ReceiptRequested:
    """A receipt was accepted and is to be stored."""

    topic: ClassVar[str] = CHAT_SEEN
    receipt: AcceptedReceipt

    @property
    def key(self) -> str:
        return self.receipt.conversation_id


@dataclass(frozen=True, slots=True)
class ReceiptMoved:
    """A member's pointers are stored. On a topic of its own, so that a flood of receipts holds up no message.

    Of one member's only the latest counts, so all of them are one event to whoever gathers events by their ids.
    """

    topic: ClassVar[str] = CHAT_RECEIPT
    conversation_id: str
    user_id: str
    joined_at: datetime
    last_delivered_seq: int
    last_read_seq: int
    members_rev: int

    @property
    def key(self) -> str:
        return self.conversation_id

    @property
    def event_id(self) -> str:
        return f"{self.conversation_id}:{self.user_id}:receipt"


@dataclass(frozen=True, slots=True)
class ConversationCreated:
    """A conversation came into being; each member is pushed their own view (conversation:create or group:create)."""

    topic: ClassVar[str] = CHAT_RECEIVE
    recipient_id: str
    view: ConversationView

    @property
    def key(self) -> str:
        return self.view.conversation.conversation_id

    @property
    def event_id(self) -> str:
        return f"{self.view.conversation.conversation_id}:{self.view.conversation.rev}:{self.recipient_id}"


@dataclass(frozen=True, slots=True)
class FanOutChunk:
    """Frames for one part of a large group's members as of `members_rev`; a part's records share a partition.

    `recipient_ids`: who of the part they are for, where not for its members: those who were removed, say.
    `message_ids`: the new messages that are in this or another of the records made with it.
    `messages`: for each frame, the seq and the milliseconds of the time of each of its events that is a new message,
    and zeros for others.
    """

    topic: ClassVar[str] = CHAT_FANOUT
    conversation_id: str
    members_rev: int
    part: int
    frames: tuple[bytes, ...]
    message_ids: tuple[str, ...] = ()
    messages: tuple[tuple[tuple[int, int], ...], ...] = ()
    recipient_ids: tuple[str, ...] | None = None

    @property
    def key(self) -> str:
        return f"{self.conversation_id}:{self.part}"


@dataclass(frozen=True, slots=True)
class ConversationUpdated:
    """A group's profile changed; each member is pushed their own view. Made in fan-out, and never a record."""

    recipient_id: str
    view: ConversationView

    @property
    def key(self) -> str:
        return self.view.conversation.conversation_id

    @property
    def event_id(self) -> str:
        return f"{self.view.conversation.conversation_id}:{self.view.conversation.rev}:update:{self.recipient_id}"


@dataclass(frozen=True, slots=True)
class GroupShown:
    """A group came into being, got members, or changed its profile: one record, however many are shown it.

    Fan-out makes of it a ConversationCreated or ConversationUpdated for each recipient with an open socket, who is a
    member still. `recipient_ids` None stands for all members as of the conversation's `members_rev`.
    """

    topic: ClassVar[str] = CHAT_RECEIVE
    conversation: Conversation
    change: Literal["create", "update"]
    recipient_ids: tuple[str, ...] | None

    @property
    def key(self) -> str:
        return self.conversation.conversation_id

    @property
    def event_id(self) -> str:
        return f"{self.conversation.conversation_id}:{self.conversation.rev}:{self.change}"


@dataclass(frozen=True, slots=True)
class MembersChanged:
    """Members came, went, or changed their role; pushed to the members as of `members_rev` and to those removed.

    A change of very many is told in several parts of the same `rev`.
    """

    topic: ClassVar[str] = CHAT_RECEIVE
    conversation_id: str
    rev: int
    members_rev: int
    part: int
    added: tuple[Member, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[Member, ...] = ()

    @property
    def key(self) -> str:
        return self.conversation_id

    @property
    def event_id(self) -> str:
        return f"{self.conversation_id}:{self.rev}:members:{self.part}"


@dataclass(frozen=True, slots=True)
class GroupDeleted:
    """A group is no more; pushed to those who were its members."""

    topic: ClassVar[str] = CHAT_RECEIVE
    conversation_id: str
    rev: int
    recipient_ids: tuple[str, ...]

    @property
    def key(self) -> str:
        return self.conversation_id

    @property
    def event_id(self) -> str:
        return f"{self.conversation_id}:{self.rev}:delete"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that a consumer could not process, kept as it came with why, so that it can be replayed after a fix."""

    consumer: str
    source_topic: str
    source_partition: int
    source_offset: int
    source_key: bytes | None
    source_value: bytes | None
    error_type: str
    error_message: str
    stack: str
    failed_at: datetime
    source_timestamp: datetime | None = None
    tries: int = 1

    @property
    def topic(self) -> str:
        return f"{DEAD_LETTER_PREFIX}{self.consumer}"

    @property
    def key(self) -> str:
        return f"{self.source_topic}-{self.source_partition}"


PushEvent = (
    MessageStored
    | ConversationCreated
    | MessageChanged
    | ReceiptMoved
    | ConversationUpdated
    | MembersChanged
    | GroupDeleted
)
Record = (
    SendRequested
    | MessageStored
    | ConversationCreated
    | DeadLetter
    | ChangeRequested
    | MessageChanged
    | ReceiptRequested
    | ReceiptMoved
    | FanOutChunk
    | GroupShown
    | MembersChanged
    | GroupDeleted
)
