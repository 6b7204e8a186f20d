"""Accepting changes of stored messages: every check that can refuse one, then Kafka."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from parley.domain import ids, text
from parley.domain.errors import ConflictError, FieldProblem, ForbiddenError, InvalidRequestError
from parley.domain.limits import REACTION_EMOJI_MAX_COUNT
from parley.domain.models import AcceptedChange, ChangeKind, Identity, Membership, Message
from parley.domain.records import ChangeRequested
from parley.ports import Clock, ConversationStore, MessageStore, Publisher
from parley.services.access import access_message, check_unblocked

_MODERATORS: Final = frozenset({"owner", "admin"})


class Editing:
    """Takes edits, deletes and reactions. Accepted means durable in Kafka; each method returns the message as it is.

    What would change nothing (a delete of a deleted message, a reaction that is there) is accepted and goes no further.
    """

    def __init__(
        self,
        *,
        conversations: ConversationStore,
        messages: MessageStore,
        publisher: Publisher,
        clock: Clock,
        new_id: Callable[[], str] = ids.new_change_id,
    ) -> None:
        self._conversations = conversations
        self._messages = messages
        self._publisher = publisher
        self._clock = clock
        self._new_id = new_id

    def edit_message(self, identity: Identity, message_id: str, content: str) -> Message:
        """Accepts a new content for a message of the caller's own.

        Raises:
            NotFoundError: there is no such message that is stored, or the caller is not a member of its conversation.
            InvalidRequestError: the content breaks its rule.
            ForbiddenError: somebody else wrote it.
            BlockedError: one of the two of a direct conversation has blocked the other.
            ConflictError: it was deleted.
            UnavailableError: the change could not be handed over; the same may be asked again.
        """
        if problem := text.check_content(content):
            raise InvalidRequestError("The message cannot be edited so.", [FieldProblem("content", problem)])
        message, membership = self._access(identity, message_id)
        if message.sender_id != identity.user_id:
            raise ForbiddenError("Only who wrote a message edits it.")
        check_unblocked(membership)
        if message.deleted_at is not None:
            raise ConflictError("The message was deleted.")
        # An edit back to what stands may follow one that is still on its way, so it is handed over all the same.
        self._hand_over(identity, message, "edit", content=content)
        return message

    def delete_message(self, identity: Identity, message_id: str) -> Message:
        """Accepts the delete of a message by its sender, or by a group's owner or admin.

        Raises:
            NotFoundError: there is no such message that is stored, or the caller is not a member of its conversation.
            ForbiddenError: it is somebody else's, and the caller is neither owner nor admin.
            UnavailableError: the change could not be handed over; the same may be asked again.
        """
        message, membership = self._access(identity, message_id)
        if message.sender_id != identity.user_id and membership.role not in _MODERATORS:
            raise ForbiddenError("Only who wrote a message deletes it, or a group's owner or admin.")
        if message.deleted_at is None:
            self._hand_over(identity, message, "delete")
        return message

    def react(self, identity: Identity, message_id: str, emoji: str, *, remove: bool = False) -> Message:
        """Accepts that the caller chooses an emoji for a message, or chooses it no longer.

        Raises:
            NotFoundError: there is no such message that is stored, or the caller is not a member of its conversation.
            InvalidRequestError: it is not one emoji.
            BlockedError: one of the two of a direct conversation has blocked the other.
            ConflictError: the message was deleted, or has too many different emoji.
            UnavailableError: the change could not be handed over; the same may be asked again.
        """
        if problem := text.check_emoji(emoji):
            raise InvalidRequestError("It cannot be reacted with.", [FieldProblem("emoji", problem)])
        message, membership = self._access(identity, message_id)
        if message.deleted_at is not None:
            if remove:
                return message
            raise ConflictError("The message was deleted.")
        if not remove:
            check_unblocked(membership)
        chosen = {reaction.emoji for reaction in message.reactions}
        if not remove and emoji not in chosen and len(chosen) >= REACTION_EMOJI_MAX_COUNT:
            raise ConflictError(f"A message has at most {REACTION_EMOJI_MAX_COUNT} different emoji.")
        self._hand_over(identity, message, "react", emoji=emoji, remove=remove)
        return message

    def _access(self, identity: Identity, message_id: str) -> tuple[Message, Membership]:
        return access_message(self._conversations, self._messages, identity, message_id)

    def _hand_over(
        self,
        identity: Identity,
        message: Message,
        kind: ChangeKind,
        *,
        content: str | None = None,
        emoji: str | None = None,
        remove: bool = False,
    ) -> None:
        change = AcceptedChange(
            change_id=self._new_id(),
            kind=kind,
            message_id=message.message_id,
            conversation_id=message.conversation_id,
            user_id=identity.user_id,
            accepted_at=self._clock.now(),
            content=content,
            emoji=emoji,
            remove=remove,
        )
        (failure,) = self._publisher.publish([ChangeRequested(change)])
        if failure is not None:
            raise failure
