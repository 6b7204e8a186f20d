"""Messages in the database."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import pymongo
from pymongo import ASCENDING, DESCENDING, MongoClient
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import PyMongoError

from parley.domain.errors import ConflictError, InvalidRequestError, UnavailableError
from parley.domain.models import AcceptedMessage, Message
from parley.ports import Appended, NotAppended
from parley.stores.appending import Group, Head, Outcomes, group_messages, is_text, plan_append
from parley.stores.codecs import Document, decode_message
from parley.stores.errors import DUPLICATE_KEY, UNKNOWN_COMMIT, database_call, error_codes, is_conflict, is_unavailable
from parley.stores.transactions import run_transaction
from parley.stores.writers import Writers

_TIMEOUT_S: Final = 2.5
_APPEND_BUDGET_S: Final = 12.0
_APPEND_S_PER_MESSAGE: Final = 0.01
_TRIES: Final = 4
_PATIENCE: Final = 1
_FIRST_PAUSE_S: Final = 0.005


class _OvertakenError(Exception):
    """A conversation moved on between the read and the write of a transaction."""


class _ContendedError(Exception):
    """Other writers were in the way at every try."""


class MongoMessageStore:
    """The port MessageStore.

    All conversations of a call go into one transaction: its cost is in the round trips, and it takes the same few for
    one conversation as for two hundred. When other writers are in the way, the call is halved and each half tried by
    itself, so that at last only the conversation that they contend for is left without.
    """

    def __init__(self, client: MongoClient[Document], database: Database[Document]) -> None:
        self._client = client
        self._conversations = database["conversations"]
        self._memberships = database["memberships"]
        self._messages = database["messages"]
        self._writers = Writers(client, database)

    def append_messages(self, messages: Sequence[AcceptedMessage], now: datetime) -> list[Appended | NotAppended]:
        """See MessageStore."""
        deadline = time.monotonic() + _APPEND_BUDGET_S
        never = NotAppended(InvalidRequestError("The content is not Unicode text."))
        outcomes: Outcomes = {message.message_id: never for message in messages if not is_text(message.content)}
        groups = group_messages([message for message in messages if message.message_id not in outcomes])
        waiting = [groups] if groups else []
        while waiting:
            groups = waiting.pop()
            try:
                outcomes |= self._append_together(groups, now, deadline)
            except _ContendedError as error:
                if len(groups) == 1:
                    outcomes |= groups[0].refuse(_contended(error))
                else:
                    middle = len(groups) // 2
                    waiting += [groups[middle:], groups[:middle]]
            except UnavailableError as error:
                for group in (*groups, *(group for half in waiting for group in half)):
                    outcomes |= group.refuse(error)
                waiting.clear()
        return [outcomes[message.message_id] for message in messages]

    def _append_together(self, groups: Sequence[Group], now: datetime, deadline: float) -> Outcomes:
        """Appends these groups in one transaction, trying again while another writer is in the way.

        Raises:
            UnavailableError: the database is not there, or the time is up.
            _ContendedError: other writers were in the way at every try; caused by the last refusal.
        """
        count = sum(len(group.messages) for group in groups)
        cause: Exception | None = None
        for attempt in range(_TRIES):
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise UnavailableError("The database is too slow.", retry_after_s=1.0) from cause
            if attempt:
                time.sleep(random.uniform(0.5, 1.5) * _FIRST_PAUSE_S * 2**attempt)  # noqa: S311 - spreads writers
            try:
                with pymongo.timeout(min(left_s, _TIMEOUT_S + count * _APPEND_S_PER_MESSAGE)):
                    return run_transaction(
                        self._client, lambda session: self._append(session, groups, now), announce=self._writers.note
                    )
            except _OvertakenError as error:
                cause = error
            except PyMongoError as error:
                if not _may_succeed_again(error):
                    raise
                cause = error
                if attempt == _PATIENCE:
                    self._end_other_writers()
        raise _ContendedError from cause

    def _end_other_writers(self) -> None:
        """Clears the way where it is a dead process that stands in it: a live one would have gone by now."""
        with database_call(_TIMEOUT_S):
            self._writers.end_others()

    def _append(self, session: ClientSession, groups: Sequence[Group], now: datetime) -> Outcomes:
        plan = plan_append(groups, self._read_heads(session, groups), self._read_stored(session, groups), now)
        if plan.messages:
            # The conversations come first: their documents are where writers meet, so a conflict costs the least.
            moved = self._conversations.bulk_write(plan.conversations, ordered=False, session=session)
            if moved.matched_count != len(plan.conversations):
                raise _OvertakenError
            self._messages.bulk_write(plan.messages, ordered=False, session=session)
            self._memberships.bulk_write(plan.pointers, ordered=False, session=session)
        return plan.outcomes

    def _read_heads(self, session: ClientSession, groups: Sequence[Group]) -> dict[str, Head]:
        found = self._conversations.find(
            {"_id": {"$in": [group.conversation_id for group in groups]}},
            projection={"lastSeq": True, "rev": True, "membersRev": True},
            batch_size=len(groups) + 1,
            session=session,
        )
        return {
            document["_id"]: Head(document["lastSeq"], document["rev"], document["membersRev"]) for document in found
        }

    def _read_stored(self, session: ClientSession, groups: Sequence[Group]) -> dict[str, Message]:
        ids = [message.message_id for group in groups for message in group.messages]
        found = self._messages.find({"_id": {"$in": ids}}, batch_size=len(ids) + 1, session=session)
        return {document["_id"]: decode_message(document) for document in found}

    def find_messages(self, message_ids: Sequence[str]) -> dict[str, Message]:
        """See MessageStore."""
        wanted = list(dict.fromkeys(message_ids))
        with database_call(_TIMEOUT_S):
            found = self._messages.find({"_id": {"$in": wanted}}, batch_size=len(wanted) + 1)
            return {document["_id"]: decode_message(document) for document in found}

    def list_messages(
        self, conversation_id: str, *, before: int | None = None, after: int | None = None, limit: int
    ) -> list[Message]:
        """See MessageStore."""
        query: Document = {"conversationId": conversation_id}
        if before is not None:
            query["seq"] = {"$lt": before}
        elif after is not None:
            query["seq"] = {"$gt": after}
        direction = DESCENDING if after is None else ASCENDING
        with database_call(_TIMEOUT_S):
            found = self._messages.find(query, sort=[("seq", direction)], limit=limit, batch_size=limit + 1)
            return [decode_message(document) for document in found]


def _may_succeed_again(error: PyMongoError) -> bool:
    """Whether the same transaction is worth another try at once; what was committed after all is found by its ids.

    Raises:
        UnavailableError: the database is not there.
    """
    if is_conflict(error) or (error.has_error_label(UNKNOWN_COMMIT) and not error.timeout):
        return True
    if is_unavailable(error):
        raise UnavailableError("The database cannot be reached.", retry_after_s=1.0) from error
    return False


def _contended(error: _ContendedError) -> ConflictError | UnavailableError:
    """Why one conversation's messages are not stored, when it was tried alone.

    A duplicate that no try found among the stored ones is another message with the same sender's id, and never goes in.
    """
    cause = error.__cause__
    if isinstance(cause, PyMongoError) and DUPLICATE_KEY in error_codes(cause):
        return ConflictError("Another message holds this sender's id.")
    return UnavailableError("Other writers are in the way.", retry_after_s=1.0)
