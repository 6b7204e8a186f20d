"""Sync, as both transports write it."""

from __future__ import annotations

from typing import Literal

from parley.domain.sync import MemberChange, SyncChange, SyncPage
from parley.protocol.base import Inbound, Outbound
from parley.protocol.objects import (
    AttachmentUrl,
    ConversationObject,
    MemberObject,
    MessageObject,
    encode_conversation,
    encode_member,
    encode_message,
)


class SyncData(Inbound):
    """From where on: the token of the page before, however old, or none for everything."""

    token: str | None = None


class MemberGone(Outbound):
    """Who has left."""

    user_id: str
    removed: Literal[True] = True


class ConversationChange(Outbound):
    """A conversation as it is now, and what of it changed: messages by their ids, members by their users' ids."""

    conversation: ConversationObject
    messages: list[MessageObject]
    members: list[MemberObject | MemberGone]


class ConversationGone(Outbound):
    """A conversation that the caller has left or was removed from."""

    conversation_id: str
    removed: Literal[True] = True


class SyncAnswer(Outbound):
    """Some of what changed. Unless `complete`, there is more to ask for with `token`; keep it in any case."""

    changes: list[ConversationChange | ConversationGone]
    complete: bool
    token: str


def encode_sync(page: SyncPage, token: str, url_of: AttachmentUrl) -> SyncAnswer:
    """A page as a client gets it."""
    changes = [_encode_change(change, url_of) for change in page.changes]
    return SyncAnswer(changes=changes, complete=page.complete, token=token)


def _encode_change(change: SyncChange, url_of: AttachmentUrl) -> ConversationChange | ConversationGone:
    if change.view is None:
        return ConversationGone(conversation_id=change.conversation_id)
    return ConversationChange(
        conversation=encode_conversation(change.view, url_of),
        messages=[encode_message(message, url_of) for message in change.messages],
        members=[_encode_member(member) for member in change.members],
    )


def _encode_member(member: MemberChange) -> MemberObject | MemberGone:
    if member.membership is None or member.user is None:
        return MemberGone(user_id=member.user_id)
    return encode_member(member.membership, member.user)
