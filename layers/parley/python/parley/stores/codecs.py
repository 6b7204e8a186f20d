"""How the domain looks as BSON, and back: the one place that knows a document's fields.

A field that is missing where the domain allows None reads as None, so that fields can be added without a migration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from parley.domain.models import (
    Attachment,
    Conversation,
    Credentials,
    Membership,
    Message,
    Reaction,
    Reactors,
    Rotation,
    SeqRuns,
    Session,
    Upload,
    User,
)
from parley.domain.search import make_search_keys, make_search_prefixes, split_words

Document = dict[str, Any]
"""A document on its way in or out. `Any` ends here: nothing outside this package sees one."""

Raw = Mapping[str, Any]

SHOWN: Final[Mapping[str, bool]] = {"reactors": False, "words": False}
"""A projection of a message without what only writing and searching need."""


def email_key(email: str) -> str:
    """What makes an email unique: itself, without case."""
    return email.lower()


def membership_key(conversation_id: str, user_id: str) -> str:
    """The `_id` of a membership. Ids hold no colon, so two memberships never share one."""
    return f"{conversation_id}:{user_id}"


def block_key(blocker_id: str, blocked_id: str) -> str:
    """The `_id` of a block."""
    return f"{blocker_id}:{blocked_id}"


def encode_user(user: User, password_hash: str) -> Document:
    return {
        "_id": user.user_id,
        "username": user.username.lower(),
        "email": user.email,
        "emailKey": email_key(user.email),
        "displayName": user.display_name,
        "avatarUrl": user.avatar_url,
        "about": user.about,
        "createdAt": user.created_at,
        "passwordHash": password_hash,
        **encode_search_keys(user.username, user.display_name),
    }


def encode_search_keys(username: str, display_name: str) -> Document:
    """The fields that a user is searched by."""
    keys = make_search_keys(username, display_name)
    return {"searchKeys": list(keys), "searchPrefixes": list(make_search_prefixes(keys))}


def decode_user(document: Raw) -> User:
    return User(
        user_id=document["_id"],
        username=document["username"],
        email=document["email"],
        display_name=document["displayName"],
        avatar_url=document.get("avatarUrl"),
        about=document.get("about"),
        created_at=document["createdAt"],
    )


def decode_credentials(document: Raw) -> Credentials:
    return Credentials(user=decode_user(document), password_hash=document["passwordHash"])


def encode_session(session: Session) -> Document:
    rotation = session.rotation
    return {
        "_id": session.session_id,
        "userId": session.user_id,
        "deviceName": session.device_name,
        "refreshTokenHash": session.refresh_token_hash,
        "createdAt": session.created_at,
        "lastSeenAt": session.last_seen_at,
        "expiresAt": session.expires_at,
        "refreshKey": session.refresh_key,
        "rotation": rotation
        and {
            "previousTokenHash": rotation.previous_token_hash,
            "nonce": rotation.nonce,
            "rotatedAt": rotation.rotated_at,
        },
    }


def decode_session(document: Raw) -> Session:
    rotation = document.get("rotation")
    return Session(
        session_id=document["_id"],
        user_id=document["userId"],
        device_name=document.get("deviceName"),
        refresh_token_hash=document["refreshTokenHash"],
        created_at=document["createdAt"],
        last_seen_at=document["lastSeenAt"],
        expires_at=document["expiresAt"],
        refresh_key=document.get("refreshKey") or "",
        rotation=rotation and Rotation(rotation["previousTokenHash"], rotation["nonce"], rotation["rotatedAt"]),
    )


def encode_conversation(conversation: Conversation) -> Document:
    last = conversation.last_message
    return {
        "_id": conversation.conversation_id,
        "kind": conversation.kind,
        "name": conversation.name,
        "photoUrl": conversation.photo_url,
        "memberCount": conversation.member_count,
        "peakMemberCount": conversation.member_count,
        "rev": conversation.rev,
        "membersRev": conversation.members_rev,
        "lastSeq": conversation.last_seq,
        "lastMessage": None if last is None else encode_message(last),
        "createdAt": conversation.created_at,
        "updatedAt": conversation.updated_at,
        "changedAt": conversation.updated_at,
        "deletedRuns": [list(run) for run in conversation.deleted_runs],
    }


def decode_conversation(document: Raw) -> Conversation:
    last = document.get("lastMessage")
    return Conversation(
        conversation_id=document["_id"],
        kind=document["kind"],
        name=document.get("name"),
        photo_url=document.get("photoUrl"),
        member_count=document["memberCount"],
        rev=document["rev"],
        members_rev=document["membersRev"],
        last_seq=document["lastSeq"],
        last_message=None if last is None else decode_message(last),
        created_at=document["createdAt"],
        updated_at=document["updatedAt"],
        deleted_runs=decode_runs(document.get("deletedRuns")),
    )


def encode_membership(membership: Membership, *, rev: int, changed_at: datetime) -> Document:
    """A member who joins now.

    Args:
        rev: the conversation's, at which they join.
        changed_at: when.
    """
    return {
        "_id": membership_key(membership.conversation_id, membership.user_id),
        "conversationId": membership.conversation_id,
        "userId": membership.user_id,
        "role": membership.role,
        "joinedAt": membership.joined_at,
        "lastDeliveredSeq": membership.last_delivered_seq,
        "lastReadSeq": membership.last_read_seq,
        "muted": membership.muted,
        "peerId": membership.peer_id,
        "joinedRev": rev,
        "rev": rev,
        "receiptRev": 0,
        "changedAt": changed_at,
        "blockedBy": list(membership.blocked_by),
    }


def decode_membership(document: Raw) -> Membership:
    return Membership(
        conversation_id=document["conversationId"],
        user_id=document["userId"],
        role=document["role"],
        joined_at=document["joinedAt"],
        last_delivered_seq=document["lastDeliveredSeq"],
        last_read_seq=document["lastReadSeq"],
        muted=document["muted"],
        peer_id=document.get("peerId"),
        blocked_by=tuple(document.get("blockedBy") or ()),
    )


def encode_message(message: Message) -> Document:
    return {
        "_id": message.message_id,
        "conversationId": message.conversation_id,
        "seq": message.seq,
        "rev": message.rev,
        "senderId": message.sender_id,
        "clientMessageId": message.client_message_id,
        "type": message.type,
        "content": message.content,
        "replyTo": message.reply_to,
        "mentions": list(message.mentions),
        "attachmentIds": list(message.attachment_ids),
        "attachments": [encode_attachment(attachment) for attachment in message.attachments],
        "reactions": [encode_reaction(reaction) for reaction in message.reactions],
        "createdAt": message.created_at,
        "editedAt": message.edited_at,
        "deletedAt": message.deleted_at,
    }


def encode_words(message: Message) -> list[str]:
    """What a message is found by; nothing, once it is deleted."""
    return list(split_words(message.content)) if message.content else []


def decode_message(document: Raw) -> Message:
    return Message(
        message_id=document["_id"],
        conversation_id=document["conversationId"],
        seq=document["seq"],
        rev=document["rev"],
        sender_id=document["senderId"],
        client_message_id=document["clientMessageId"],
        type=document["type"],
        content=document.get("content"),
        reply_to=document.get("replyTo"),
        mentions=tuple(document["mentions"]),
        attachment_ids=tuple(document["attachmentIds"]),
        attachments=tuple(decode_attachment(attachment) for attachment in document.get("attachments") or ()),
        reactions=tuple(decode_reaction(reaction) for reaction in document["reactions"]),
        created_at=document["createdAt"],
        edited_at=document.get("editedAt"),
        deleted_at=document.get("deletedAt"),
    )


def encode_attachment(attachment: Attachment) -> Document:
    return {
        "attachmentId": attachment.attachment_id,
        "fileName": attachment.file_name,
        "contentType": attachment.content_type,
        "size": attachment.size,
    }


def decode_attachment(document: Raw) -> Attachment:
    return Attachment(
        attachment_id=document["attachmentId"],
        file_name=document["fileName"],
        content_type=document["contentType"],
        size=document["size"],
    )


def encode_upload(upload: Upload) -> Document:
    return {
        "_id": upload.attachment.attachment_id,
        "attachment": encode_attachment(upload.attachment),
        "ownerId": upload.owner_id,
        "createdAt": upload.created_at,
        "messageId": upload.message_id,
        "lapsesAt": upload.expires_at,
    }


def decode_upload(document: Raw) -> Upload:
    return Upload(
        attachment=decode_attachment(document["attachment"]),
        owner_id=document["ownerId"],
        created_at=document["createdAt"],
        # Under its first name it was also what the database deleted an upload by.
        expires_at=document.get("lapsesAt") or document.get("expiresAt") or document["createdAt"],
        message_id=document.get("messageId"),
    )


def encode_reaction(reaction: Reaction) -> Document:
    return {"emoji": reaction.emoji, "count": reaction.count, "userIds": list(reaction.user_ids)}


def decode_reaction(document: Raw) -> Reaction:
    return Reaction(emoji=document["emoji"], count=document["count"], user_ids=tuple(document["userIds"]))


def encode_reactors(reactors: Reactors) -> list[Document]:
    return [{"emoji": emoji, "userIds": list(user_ids)} for emoji, user_ids in reactors]


def decode_reactors(documents: Sequence[Raw]) -> Reactors:
    return tuple((document["emoji"], tuple(document["userIds"])) for document in documents)


def decode_runs(runs: Sequence[Sequence[int]] | None) -> SeqRuns:
    return tuple((first, last) for first, last in runs or ())
