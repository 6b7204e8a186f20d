"""Erasing accounts: in steps, each of which may be repeated, so that one that a crash cut short is taken up again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Final

from parley.domain.errors import UnavailableError
from parley.domain.ids import derive_change_id
from parley.domain.models import AcceptedChange, Identity, Message
from parley.domain.records import ChangeRequested
from parley.ports import BlockStore, Clock, ConversationStore, MessageStore, Publisher, UserStore
from parley.services.ending import Ending
from parley.services.groups import Groups

_log = logging.getLogger(__name__)

_PAGE_COUNT: Final = 50
_MESSAGES_COUNT: Final = 200
_GRACE: Final = timedelta(seconds=60)

Step = Callable[[str], None]


class Erasure:
    """Erases accounts. First of all the person's names and password go, and with them every way back.

    The steps are taken at once, and all of them again by `resume` a minute later: what was accepted just before, and is
    stored only now, goes then.

    Args:
        check_password: raises unless it is the caller's; `resume` needs it not.
    """

    def __init__(
        self,
        *,
        check_password: Callable[[Identity, str], object],
        users: UserStore,
        blocks: BlockStore,
        conversations: ConversationStore,
        messages: MessageStore,
        publisher: Publisher,
        groups: Groups,
        ending: Ending,
        clock: Clock,
    ) -> None:
        self._check_password = check_password
        self._users = users
        self._blocks = blocks
        self._conversations = conversations
        self._messages = messages
        self._publisher = publisher
        self._groups = groups
        self._ending = ending
        self._clock = clock
        # What needs to know where the person was comes before they leave.
        self._steps: Sequence[Step] = (
            self._end_sessions,
            self._delete_messages,
            self._leave_conversations,
            self._blocks.forget_blocks,
        )

    def erase_account(self, identity: Identity, password: str) -> None:
        """Erases the caller's account, if this is their password.

        Once this returns the name is free and nobody is signed in; what could not be finished is done by `resume`.

        Raises:
            ForbiddenError: the password is wrong.
            UnauthorizedError: the account is no more.
            UnavailableError: nothing has been erased.
        """
        self._check_password(identity, password)
        self._users.begin_erasure(identity.user_id, self._clock.now())
        self._take_steps(identity.user_id)

    def resume(self) -> int:
        """Finishes what was begun a minute ago or earlier; how many accounts are erased now."""
        begun = self._users.list_erasures(self._clock.now() - _GRACE, _PAGE_COUNT)
        return sum(self._take_steps(user_id, self._users.finish_erasure) for user_id in begun)

    def _take_steps(self, user_id: str, *last: Step) -> bool:
        try:
            for step in (*self._steps, *last):
                step(user_id)
        except UnavailableError:
            _log.warning("an account is erased later")
            return False
        return True

    def _end_sessions(self, user_id: str) -> None:
        self._ending.end_sessions(user_id, "account_erased")

    def _delete_messages(self, user_id: str) -> None:
        """Has every message of theirs made a tombstone, as a delete does, wherever they wrote."""
        for conversation_id in self._list_conversations(user_id):
            after: str | None = None
            while page := self._messages.list_sent(user_id, conversation_id, after=after, limit=_MESSAGES_COUNT):
                after = page[-1].client_message_id
                self._request_deletes(user_id, [message for message in page if message.deleted_at is None])

    def _request_deletes(self, user_id: str, messages: Sequence[Message]) -> None:
        now = self._clock.now()
        changes = [
            AcceptedChange(
                # The same for each pass, so that one that is taken twice deletes once.
                change_id=derive_change_id("erasure", message.message_id),
                kind="delete",
                message_id=message.message_id,
                conversation_id=message.conversation_id,
                user_id=user_id,
                accepted_at=now,
            )
            for message in messages
        ]
        outcomes = self._publisher.publish([ChangeRequested(change) for change in changes]) if changes else ()
        for outcome in outcomes:
            if outcome is not None:
                raise outcome

    def _leave_conversations(self, user_id: str) -> None:
        for conversation_id in self._list_conversations(user_id):
            self._groups.withdraw_user(user_id, conversation_id)

    def _list_conversations(self, user_id: str) -> Iterator[str]:
        after: str | None = None
        while page := self._conversations.list_known_conversations(user_id, after=after, limit=_PAGE_COUNT):
            yield from page
            after = page[-1]
