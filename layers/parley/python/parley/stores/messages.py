"""Messages in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from pymongo import ASCENDING, DESCENDING, MongoClient
from pymongo.client_session import ClientSession
from pymongo.database import Database

from parley.domain.errors import InvalidRequestError
from parley.domain.models import AcceptedChange, AcceptedMessage, FoundPlace, Message
from parley.ports import Appended, Changed, NotAppended, NotChanged
from parley.stores.appending import AppendOutcomes, Stored, is_text, plan_append, refuse_append
from parley.stores.changing import ChangeOutcomes, Log, Target, decode_log, decode_target, plan_changes, refuse_changes
from parley.stores.codecs import SHOWN, Document, decode_message
from parley.stores.errors import database_call
from parley.stores.grouped import Group, OvertakenError, group_items, write_groups
from parley.stores.heads import HEAD, Head, decode_head
from parley.stores.searching import search_messages
from parley.stores.writers import Writers

_TIMEOUT_S: Final = 2.5
_SEARCH_TIMEOUT_S: Final = 8.0


class MongoMessageStore:
    """The port MessageStore."""

    def __init__(self, client: MongoClient[Document], database: Database[Document], writers: Writers) -> None:
        self._client = client
        self._conversations = database["conversations"]
        self._memberships = database["memberships"]
        self._messages = database["messages"]
        self._changes = database["changes"]
        self._writers = writers

    def append_messages(self, messages: Sequence[AcceptedMessage], now: datetime) -> list[Appended | NotAppended]:
        """See MessageStore."""
        never = NotAppended(InvalidRequestError("The content is not Unicode text."))
        outcomes: AppendOutcomes = {message.message_id: never for message in messages if not is_text(message.content)}
        groups = group_items(
            (message for message in messages if message.message_id not in outcomes),
            lambda message: message.conversation_id,
            lambda message: message.message_id,
        )

        def write(session: ClientSession, some: Sequence[Group[AcceptedMessage]]) -> AppendOutcomes:
            return self._append(session, some, now)

        outcomes |= write_groups(self._client, self._writers, groups, write, refuse_append)
        return [outcomes[message.message_id] for message in messages]

    def _append(
        self, session: ClientSession, groups: Sequence[Group[AcceptedMessage]], now: datetime
    ) -> AppendOutcomes:
        stored = self._read_stored(session, [message.message_id for group in groups for message in group.items])
        plan = plan_append(groups, self._read_heads(session, groups), stored, now)
        if plan.messages:
            # The conversations come first: their documents are where writers meet, so a conflict costs the least.
            moved = self._conversations.bulk_write(plan.conversations, ordered=False, session=session)
            if moved.matched_count != len(plan.conversations):
                raise OvertakenError
            self._messages.bulk_write(plan.messages, ordered=False, session=session)
            self._memberships.bulk_write(plan.pointers, ordered=False, session=session)
        return plan.outcomes

    def apply_changes(self, changes: Sequence[AcceptedChange], now: datetime) -> list[Changed | NotChanged]:
        """See MessageStore."""
        never = NotChanged(InvalidRequestError("The content is not Unicode text."))
        outcomes: ChangeOutcomes = {
            change.change_id: never for change in changes if not is_text(change.content or change.emoji or "")
        }
        groups = group_items(
            (change for change in changes if change.change_id not in outcomes),
            lambda change: change.conversation_id,
            lambda change: change.change_id,
        )

        def write(session: ClientSession, some: Sequence[Group[AcceptedChange]]) -> ChangeOutcomes:
            return self._apply(session, some, now)

        outcomes |= write_groups(self._client, self._writers, groups, write, refuse_changes)
        return [outcomes[change.change_id] for change in changes]

    def _apply(self, session: ClientSession, groups: Sequence[Group[AcceptedChange]], now: datetime) -> ChangeOutcomes:
        changes = [change for group in groups for change in group.items]
        heads = self._read_heads(session, groups)
        logs = self._read_logs(session, [change.change_id for change in changes])
        targets = self._read_targets(session, [change.message_id for change in changes])
        plan = plan_changes(groups, heads, logs, targets, now)
        if plan.conversations:
            moved = self._conversations.bulk_write(plan.conversations, ordered=False, session=session)
            if moved.matched_count != len(plan.conversations):
                raise OvertakenError
            self._messages.bulk_write(plan.messages, ordered=False, session=session)
        if plan.logs:
            self._changes.insert_many(plan.logs, ordered=False, session=session)
        return plan.outcomes

    def _read_heads(
        self, session: ClientSession, groups: Sequence[Group[AcceptedMessage]] | Sequence[Group[AcceptedChange]]
    ) -> dict[str, Head]:
        found = self._conversations.find(
            {"_id": {"$in": [group.conversation_id for group in groups]}},
            projection=HEAD,
            batch_size=len(groups) + 1,
            session=session,
        )
        return {document["_id"]: decode_head(document) for document in found}

    def _read_stored(self, session: ClientSession, ids: Sequence[str]) -> dict[str, Stored]:
        found = self._messages.find({"_id": {"$in": ids}}, projection=SHOWN, batch_size=len(ids) + 1, session=session)
        return {document["_id"]: Stored(decode_message(document), document.get("acceptedAt")) for document in found}

    def find_accepted_at(self, message_id: str) -> datetime | None:
        """See MessageStore."""
        with database_call(_TIMEOUT_S):
            found = self._messages.find_one({"_id": message_id}, projection={"acceptedAt": True})
        accepted_at: datetime | None = (found or {}).get("acceptedAt")
        return accepted_at

    def _read_logs(self, session: ClientSession, ids: Sequence[str]) -> dict[str, Log]:
        found = self._changes.find({"_id": {"$in": ids}}, batch_size=len(ids) + 1, session=session)
        return {document["_id"]: decode_log(document) for document in found}

    def _read_targets(self, session: ClientSession, ids: Sequence[str]) -> dict[str, Target]:
        found = self._messages.find({"_id": {"$in": ids}}, batch_size=len(ids) + 1, session=session)
        return {document["_id"]: decode_target(document) for document in found}

    def search_messages(
        self, conversation_ids: Sequence[str], words: Sequence[str], *, before: FoundPlace | None, limit: int
    ) -> list[Message]:
        """See MessageStore."""
        with database_call(_SEARCH_TIMEOUT_S):
            return search_messages(self._messages, conversation_ids, words, before=before, limit=limit)

    def find_messages(self, message_ids: Sequence[str]) -> dict[str, Message]:
        """See MessageStore."""
        wanted = list(dict.fromkeys(message_ids))
        with database_call(_TIMEOUT_S):
            found = self._messages.find({"_id": {"$in": wanted}}, projection=SHOWN, batch_size=len(wanted) + 1)
            return {document["_id"]: decode_message(document) for document in found}

    def list_sent(self, sender_id: str, conversation_id: str, *, after: str | None, limit: int) -> list[Message]:
        """See MessageStore."""
        query: dict[str, Any] = {"conversationId": conversation_id, "senderId": sender_id}
        if after is not None:
            query["clientMessageId"] = {"$gt": after}
        with database_call(_TIMEOUT_S):
            found = self._messages.find(
                query,
                projection=SHOWN,
                sort=[("clientMessageId", ASCENDING)],
                limit=limit,
                batch_size=limit + 1,
            )
            return [decode_message(document) for document in found]

    def list_messages(
        self, conversation_id: str, *, before: int | None = None, after: int | None = None, limit: int
    ) -> list[Message]:
        """See MessageStore.

        Seqs are dense, so that a page is a span of them. It is asked for as one: a server that does not read an index
        in the order of a sort would go through the whole conversation for it.
        """
        with database_call(_TIMEOUT_S):
            if after is not None:
                return self._list_span(conversation_id, after + 1, after + limit, ASCENDING)
            if before is not None:
                found = self._list_span(conversation_id, before - limit, before - 1, DESCENDING)
                if len(found) == limit or before - limit <= 1:
                    return found
            head = self._conversations.find_one({"_id": conversation_id}, projection={"lastSeq": True})
            last = head["lastSeq"] if head is not None else 0
            if before is not None:
                last = min(last, before - 1)
            return self._list_span(conversation_id, last - limit + 1, last, DESCENDING)

    def _list_span(self, conversation_id: str, first: int, last: int, direction: int) -> list[Message]:
        query = {"conversationId": conversation_id, "seq": {"$gte": first, "$lte": last}}
        found = self._messages.find(query, projection=SHOWN, sort=[("seq", direction)], batch_size=last - first + 2)
        return [decode_message(document) for document in found]
