"""What the server tells without being asked: `{"event", "data"}`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from parley.domain.models import ConversationView, EndReason
from parley.domain.records import (
    ConversationCreated,
    ConversationUpdated,
    GroupDeleted,
    MembersChanged,
    MessageChanged,
    MessageStored,
    PushEvent,
    ReceiptMoved,
)
from parley.protocol.base import Outbound, Time
from parley.protocol.objects import (
    AttachmentUrl,
    ConversationObject,
    MemberObject,
    MessageObject,
    encode_conversation,
    encode_member,
    encode_message,
)


class MessageData(Outbound):
    """A message, and its conversation's rev at this change."""

    message: MessageObject
    rev: int


class ConversationData(Outbound):
    """A conversation as its recipient sees it, and its rev."""

    conversation: ConversationObject
    rev: int


class MessageReceived(Outbound):
    """A message was stored; of one conversation these come in seq order."""

    event: Literal["chat:receive"] = "chat:receive"
    data: MessageData


class MessageUpdated(Outbound):
    """A message was edited or reacted to."""

    event: Literal["message:update"] = "message:update"
    data: MessageData


class DeletedData(Outbound):
    """Which message was deleted."""

    conversation_id: str
    message_id: str
    seq: int
    rev: int


class MessageDeleted(Outbound):
    """A message was deleted; what is left of it is a tombstone."""

    event: Literal["message:delete"] = "message:delete"
    data: DeletedData


class ReceiptData(Outbound):
    """How much a member has received and read. It carries no rev."""

    conversation_id: str
    user_id: str
    joined_at: Time = Field(description="Of the stay that it is of: one of an earlier stay is to be dropped.")
    last_delivered_seq: int
    last_read_seq: int


class ReceiptUpdated(Outbound):
    """A member's pointers moved."""

    event: Literal["chat:seen:update"] = "chat:seen:update"
    data: ReceiptData


class ConversationEvent(Outbound):
    """A conversation came into being with its recipient in it, or they came into it, or its profile changed."""

    event: Literal["conversation:create", "group:create", "group:update"]
    data: ConversationData


class MembersData(Outbound):
    """Who came, who went, and whose role changed. A change of very many comes in parts of one rev."""

    conversation_id: str
    rev: int
    added: list[MemberObject]
    removed: list[str] = Field(description="Their user ids. They are told this, and nothing after it.")
    changed: list[MemberObject]


class MembersEvent(Outbound):
    """The members of a group changed."""

    event: Literal["group:members"] = "group:members"
    data: MembersData


class DeletedGroupData(Outbound):
    """Which group, and its last rev."""

    conversation_id: str
    rev: int


class GroupDeletedEvent(Outbound):
    """A group is no more."""

    event: Literal["group:delete"] = "group:delete"
    data: DeletedGroupData


class EndedData(Outbound):
    """Why."""

    reason: EndReason


class SessionEnded(Outbound):
    """The socket's session has ended; the socket is closed after this."""

    event: Literal["session:ended"] = "session:ended"
    data: EndedData


def encode_session_ended(reason: EndReason) -> bytes:
    """The JSON that a socket of an ended session gets before it is closed."""
    return SessionEnded(data=EndedData(reason=reason)).to_json()


def encode_event(event: PushEvent, url_of: AttachmentUrl) -> bytes:
    """The JSON that a client gets, without white space around it; the same event and addresses give the same bytes."""
    match event:
        case MessageStored(message=message):
            data = MessageData(message=encode_message(message, url_of), rev=message.rev)
            return MessageReceived(data=data).to_json()
        case MessageChanged(message=message, kind="delete", rev=rev):
            deleted = DeletedData(
                conversation_id=message.conversation_id, message_id=message.message_id, seq=message.seq, rev=rev
            )
            return MessageDeleted(data=deleted).to_json()
        case MessageChanged(message=message, rev=rev):
            return MessageUpdated(data=MessageData(message=encode_message(message, url_of), rev=rev)).to_json()
        case ReceiptMoved():
            receipt = ReceiptData(
                conversation_id=event.conversation_id,
                user_id=event.user_id,
                joined_at=event.joined_at,
                last_delivered_seq=event.last_delivered_seq,
                last_read_seq=event.last_read_seq,
            )
            return ReceiptUpdated(data=receipt).to_json()
        case ConversationCreated() | ConversationUpdated() | MembersChanged() | GroupDeleted():
            return _encode_conversation_event(event, url_of)


def _encode_conversation_event(
    event: ConversationCreated | ConversationUpdated | MembersChanged | GroupDeleted, url_of: AttachmentUrl
) -> bytes:
    match event:
        case ConversationCreated(view=view):
            name: Literal["conversation:create", "group:create"] = (
                "conversation:create" if view.conversation.kind == "direct" else "group:create"
            )
            return _encode_view(name, view, url_of)
        case ConversationUpdated(view=view):
            return _encode_view("group:update", view, url_of)
        case MembersChanged():
            members = MembersData(
                conversation_id=event.conversation_id,
                rev=event.rev,
                added=[encode_member(member.membership, member.user) for member in event.added],
                removed=list(event.removed),
                changed=[encode_member(member.membership, member.user) for member in event.changed],
            )
            return MembersEvent(data=members).to_json()
        case GroupDeleted():
            deleted = DeletedGroupData(conversation_id=event.conversation_id, rev=event.rev)
            return GroupDeletedEvent(data=deleted).to_json()


def _encode_view(
    name: Literal["conversation:create", "group:create", "group:update"], view: ConversationView, url_of: AttachmentUrl
) -> bytes:
    data = ConversationData(conversation=encode_conversation(view, url_of), rev=view.conversation.rev)
    return ConversationEvent(event=name, data=data).to_json()
