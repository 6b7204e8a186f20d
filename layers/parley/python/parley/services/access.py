"""The only doors to a conversation and to a message. Strangers hear the same words as for what does not exist."""

from __future__ import annotations

from collections.abc import Iterable

from parley.domain.errors import BlockedError, NotFoundError
from parley.domain.ids import is_id
from parley.domain.models import Identity, Membership, Message
from parley.ports import ConversationStore, MessageStore


def not_found() -> NotFoundError:
    """The one answer for what is not there and for what is not the caller's to see."""
    return NotFoundError("There is no such thing, or it is not yours to see.")


def access_conversation(conversations: ConversationStore, identity: Identity, conversation_id: str) -> Membership:
    """The caller's own place in a conversation; one query.

    Raises:
        NotFoundError: there is no such conversation, or the caller is not a member.
    """
    try:
        return access_conversations(conversations, identity, (conversation_id,))[conversation_id]
    except KeyError:
        raise not_found() from None


def access_conversations(
    conversations: ConversationStore, identity: Identity, conversation_ids: Iterable[str]
) -> dict[str, Membership]:
    """The caller's places in those of the conversations that are theirs to see, by conversation id; one query for all.

    Callers answer `not_found()` for each one that is missing.
    """
    wanted = [conversation_id for conversation_id in dict.fromkeys(conversation_ids) if is_id(conversation_id)]
    return conversations.find_memberships(identity.user_id, wanted) if wanted else {}


def check_unblocked(membership: Membership) -> None:
    """Whether somebody may write to a conversation that they can see.

    Raises:
        BlockedError: one of the two of a direct conversation has blocked the other.
    """
    if membership.blocked_by:
        raise BlockedError("One of you two has blocked the other.")


def access_message(
    conversations: ConversationStore, messages: MessageStore, identity: Identity, message_id: str
) -> tuple[Message, Membership]:
    """A stored message and the caller's place in its conversation; two queries.

    Raises:
        NotFoundError: there is no such message, or the caller is not a member of its conversation.
    """
    message = messages.find_messages((message_id,)).get(message_id) if is_id(message_id) else None
    if message is None:
        raise not_found()
    return message, access_conversation(conversations, identity, message.conversation_id)
