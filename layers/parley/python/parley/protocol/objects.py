"""The objects of the contract, and how the domain's things become them."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import Field

from parley.domain.models import (
    Attachment,
    Conversation,
    ConversationKind,
    ConversationView,
    Membership,
    Message,
    MessageType,
    Reaction,
    Role,
    User,
)
from parley.protocol.base import Outbound, Time

AttachmentUrl = Callable[[Attachment], str]
"""Makes the address that a file can be fetched from for 15 minutes."""


class UserObject(Outbound):
    """A person as others see them."""

    user_id: str
    username: str
    display_name: str
    avatar_url: str | None
    about: str | None
    created_at: Time


class ProfileObject(UserObject):
    """A person as they see themselves."""

    email: str


class AttachmentObject(Outbound):
    """A file of a message."""

    attachment_id: str
    file_name: str
    content_type: str
    size: int = Field(description="In bytes.")
    url: str = Field(description="A presigned GET, valid for 15 minutes.")


class ReactionObject(Outbound):
    """One emoji on a message."""

    emoji: str
    count: int
    user_ids: list[str] = Field(description="The first 20 of those who chose it.")


class MessageObject(Outbound):
    """A stored message. A deleted one keeps ids, seq and times; its content is null and its lists are empty."""

    message_id: str
    conversation_id: str
    seq: int = Field(description="Its place in the conversation: dense, from 1.")
    rev: int = Field(description="The conversation's rev at its last change.")
    sender_id: str
    client_message_id: str
    type: MessageType
    content: str | None
    reply_to: str | None
    mentions: list[str]
    attachments: list[AttachmentObject]
    reactions: list[ReactionObject]
    created_at: Time
    edited_at: Time | None
    deleted_at: Time | None


class ConversationObject(Outbound):
    """A conversation as one of its members sees it."""

    conversation_id: str
    kind: ConversationKind
    name: str | None
    photo_url: str | None
    member_count: int
    rev: int
    last_seq: int
    last_message: MessageObject | None
    created_at: Time
    updated_at: Time
    my_role: Role
    last_read_seq: int
    last_delivered_seq: int
    unread_count: int = Field(description="Messages after lastReadSeq that are not deleted; exact up to 999.")
    muted: bool
    peer: UserObject | None = Field(description="The other user of a direct conversation.")


class MemberObject(Outbound):
    """A member of a conversation."""

    user_id: str
    role: Role
    joined_at: Time
    last_delivered_seq: int
    last_read_seq: int
    user: UserObject


def encode_user(user: User) -> UserObject:
    """A user as others see them: without the email address."""
    return UserObject(
        user_id=user.user_id,
        username=user.username,
        display_name=user.display_name,
        avatar_url=user.avatar_url,
        about=user.about,
        created_at=user.created_at,
    )


def encode_profile(user: User) -> ProfileObject:
    """A user as they see themselves."""
    return ProfileObject(
        user_id=user.user_id,
        username=user.username,
        display_name=user.display_name,
        avatar_url=user.avatar_url,
        about=user.about,
        created_at=user.created_at,
        email=user.email,
    )


def encode_reaction(reaction: Reaction) -> ReactionObject:
    """A reaction as it stands on a message."""
    return ReactionObject(emoji=reaction.emoji, count=reaction.count, user_ids=list(reaction.user_ids))


def encode_attachment(attachment: Attachment, url_of: AttachmentUrl) -> AttachmentObject:
    """A file of a message, with a fresh address."""
    return AttachmentObject(
        attachment_id=attachment.attachment_id,
        file_name=attachment.file_name,
        content_type=attachment.content_type,
        size=attachment.size,
        url=url_of(attachment),
    )


def encode_message(message: Message, url_of: AttachmentUrl) -> MessageObject:
    """A stored message."""
    return MessageObject(
        message_id=message.message_id,
        conversation_id=message.conversation_id,
        seq=message.seq,
        rev=message.rev,
        sender_id=message.sender_id,
        client_message_id=message.client_message_id,
        type=message.type,
        content=message.content,
        reply_to=message.reply_to,
        mentions=list(message.mentions),
        attachments=[encode_attachment(attachment, url_of) for attachment in message.attachments],
        reactions=[encode_reaction(reaction) for reaction in message.reactions],
        created_at=message.created_at,
        edited_at=message.edited_at,
        deleted_at=message.deleted_at,
    )


def encode_conversation(view: ConversationView, url_of: AttachmentUrl) -> ConversationObject:
    """A conversation as the member of `view` sees it."""
    conversation: Conversation = view.conversation
    membership: Membership = view.membership
    last_message = conversation.last_message
    return ConversationObject(
        conversation_id=conversation.conversation_id,
        kind=conversation.kind,
        name=conversation.name,
        photo_url=conversation.photo_url,
        member_count=conversation.member_count,
        rev=conversation.rev,
        last_seq=conversation.last_seq,
        last_message=encode_message(last_message, url_of) if last_message else None,
        created_at=conversation.created_at,
        updated_at=conversation.updated_at,
        my_role=membership.role,
        last_read_seq=membership.last_read_seq,
        last_delivered_seq=membership.last_delivered_seq,
        unread_count=view.unread_count,
        muted=membership.muted,
        peer=encode_user(view.peer) if view.peer else None,
    )


def encode_member(membership: Membership, user: User) -> MemberObject:
    """A member of a conversation with who they are."""
    return MemberObject(
        user_id=membership.user_id,
        role=membership.role,
        joined_at=membership.joined_at,
        last_delivered_seq=membership.last_delivered_seq,
        last_read_seq=membership.last_read_seq,
        user=encode_user(user),
    )
