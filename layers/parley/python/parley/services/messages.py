"""Reading stored messages."""

from __future__ import annotations

from collections.abc import Sequence

from parley.domain.errors import FieldProblem, InvalidRequestError
from parley.domain.limits import SEARCH_TEXT_MAX_CHARS, SEQ_MAX
from parley.domain.models import FoundPlace, Identity, Message
from parley.domain.search import split_words
from parley.ports import ConversationStore, MessageStore
from parley.services.access import access_conversation, access_message
from parley.services.paging import check_page_limit


class Messages:
    """Stored messages, as the members of a conversation may read them: all of them, from before they joined too."""

    def __init__(self, *, conversations: ConversationStore, messages: MessageStore) -> None:
        self._conversations = conversations
        self._messages = messages

    def list_messages(
        self,
        identity: Identity,
        conversation_id: str,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int,
    ) -> list[Message]:
        """A page of history by seq.

        Args:
            before: seqs smaller than it, newest first.
            after: seqs greater than it, oldest first. Neither: the newest, newest first.
            limit: 1 to 100.

        Raises:
            NotFoundError: there is no such conversation, or the caller is not a member.
            InvalidRequestError: both before and after are given, or the limit is out of bounds.
        """
        check_page_limit(limit)
        if before is not None and after is not None:
            problem = FieldProblem("after", "Only one of before and after can be given.")
            raise InvalidRequestError("A page goes one way.", [problem])
        access_conversation(self._conversations, identity, conversation_id)
        return self._messages.list_messages(
            conversation_id, before=_clamp_seq(before), after=_clamp_seq(after), limit=limit
        )

    def search_messages(
        self,
        identity: Identity,
        text: str,
        *,
        conversation_id: str | None = None,
        before: FoundPlace | None = None,
        limit: int,
    ) -> list[Message]:
        """Messages in which every word of a text occurs, as a whole word and without case, newest first.

        Args:
            conversation_id: only there; None for all conversations of the caller's.
            before: only messages of a smaller place.
            limit: 1 to 100.

        Raises:
            NotFoundError: there is no such conversation, or the caller is not a member.
            InvalidRequestError: the text holds no word or is too long, or the limit is out of bounds.
        """
        check_page_limit(limit)
        words = split_words(text) if len(text) <= SEARCH_TEXT_MAX_CHARS else ()
        if not words:
            problem = FieldProblem("q", f"It must hold a word, in at most {SEARCH_TEXT_MAX_CHARS} characters.")
            raise InvalidRequestError("Nothing can be sought by this.", [problem])
        if conversation_id is None:
            places: Sequence[str] = self._conversations.list_conversation_ids(identity.user_id)
        else:
            places = (access_conversation(self._conversations, identity, conversation_id).conversation_id,)
        return self._messages.search_messages(places, words, before=before, limit=limit)

    def get_message(self, identity: Identity, message_id: str) -> Message:
        """One stored message.

        Raises:
            NotFoundError: there is none, or the caller is not a member of its conversation.
        """
        message, _ = access_message(self._conversations, self._messages, identity, message_id)
        return message


def _clamp_seq(seq: int | None) -> int | None:
    return None if seq is None else min(max(seq, 0), SEQ_MAX)
