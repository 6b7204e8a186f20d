"""What sync reads, in one snapshot of the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from pymongo import ASCENDING, MongoClient
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.read_concern import ReadConcern

from parley.domain.models import Conversation, Message
from parley.ports import MemberState, MessageSpan, Place, Stamp
from parley.stores.codecs import SHOWN, Document, decode_conversation, decode_membership, decode_message
from parley.stores.departures import decode_stays
from parley.stores.errors import database_call

_TIMEOUT_S: Final = 8.0
_BATCH_SIZE: Final = 20_000


class MongoSyncStore:
    """The port SyncStore."""

    def __init__(self, client: MongoClient[Document], database: Database[Document]) -> None:
        self._client = client
        self._database = database

    @contextmanager
    def read(self) -> Iterator[MongoSyncReader]:
        """See SyncStore."""
        with (
            database_call(_TIMEOUT_S),
            self._client.start_session() as session,
            session.start_transaction(read_concern=ReadConcern("snapshot")),
        ):
            yield MongoSyncReader(self._database, session)


class MongoSyncReader:
    """The port SyncReader, inside a transaction that only reads."""

    def __init__(self, database: Database[Document], session: ClientSession) -> None:
        self._database = database
        self._session = session

    def list_places(self, user_id: str) -> dict[str, Place]:
        """See SyncReader."""
        return {
            document["conversationId"]: Place(
                decode_membership(document), document["joinedRev"], decode_stays(document.get("stays"))
            )
            for document in self._find("memberships", {"userId": user_id})
        }

    def list_left(self, user_id: str, since: datetime) -> dict[str, datetime]:
        """See SyncReader."""
        query = {"userId": user_id, "changedAt": {"$gte": since}}
        return {document["conversationId"]: document["changedAt"] for document in self._find("departures", query)}

    def list_stamps(self, conversation_ids: Sequence[str], since: datetime | None) -> dict[str, Stamp]:
        """See SyncReader.

        All are read, few fields of each: asking the server for those that changed would make it read them all too.
        """
        query = {"_id": {"$in": list(conversation_ids)}}
        revs, receipts = (
            {
                document["_id"]: (document["rev"], document["changedAt"])
                for document in self._find(name, query, {"rev": True, "changedAt": True})
            }
            for name in ("conversations", "receipts")
        )
        stamps: dict[str, Stamp] = {}
        for conversation_id, (rev, changed_at) in revs.items():
            moved, moved_at = receipts.get(conversation_id, (0, changed_at))
            latest = max(changed_at, moved_at)
            if since is None or latest >= since:
                stamps[conversation_id] = Stamp((rev, moved), latest)
        return stamps

    def find_conversations(self, conversation_ids: Sequence[str]) -> dict[str, Conversation]:
        """See SyncReader."""
        found = self._find("conversations", {"_id": {"$in": list(conversation_ids)}})
        return {document["_id"]: decode_conversation(document) for document in found}

    def list_changed_messages(self, spans: Sequence[MessageSpan], limit: int) -> list[tuple[datetime, Message]]:
        """See SyncReader.

        One query a conversation, and two where it goes on inside one: not every server answers an `$or` of them by
        its index, and these it does.
        """
        rows: list[Document] = []
        for span in sorted(spans, key=lambda span: span.conversation_id):
            for query in _queries(span):
                if len(rows) < limit:
                    rows += self._find_messages(
                        query, [("changedAt", ASCENDING), ("rev", ASCENDING)], limit - len(rows)
                    )
        return [(document["changedAt"], decode_message(document)) for document in rows]

    def list_tails(self, after: Mapping[str, int], limit: int) -> list[Message]:
        """See SyncReader."""
        rows: list[Document] = []
        for conversation_id, seq in sorted(after.items()):
            if len(rows) < limit:
                query = {"conversationId": conversation_id, "seq": {"$gt": seq}}
                rows += self._find_messages(query, [("seq", ASCENDING)], limit - len(rows))
        return [decode_message(document) for document in rows]

    def _find_messages(self, query: Document, sort: list[tuple[str, int]], limit: int) -> list[Document]:
        found = self._database["messages"].find(
            query, projection=SHOWN, sort=sort, limit=limit, batch_size=limit + 1, session=self._session
        )
        return list(found)

    def list_changed_members(
        self, conversation_ids: Sequence[str], since: datetime | None, everybody: Sequence[str]
    ) -> dict[str, list[MemberState]]:
        """See SyncReader."""
        whole = set(everybody)
        others = [name for name in conversation_ids if name not in whole]
        present = self._find("memberships", {"conversationId": {"$in": sorted(whole)}}) if whole else []
        left: list[Document] = []
        if since is not None and conversation_ids:
            present += self._find("memberships", {"conversationId": {"$in": others}, "changedAt": {"$gte": since}})
            query = {"conversationId": {"$in": list(conversation_ids)}, "changedAt": {"$gte": since}}
            left = self._find("departures", query)
        states: defaultdict[str, list[MemberState]] = defaultdict(list)
        for document in present:
            known = document["rev"], document["receiptRev"]
            member = decode_membership(document)
            states[member.conversation_id].append(MemberState(member.user_id, member.conversation_id, member, known))
        for document in left:
            place = document["conversationId"]
            states[place].append(MemberState(document["userId"], place, None, (document["rev"], 0)))
        return {name: sorted(members, key=lambda state: state.user_id) for name, members in states.items()}

    def _find(self, name: str, query: Document, projection: Document | None = None) -> list[Document]:
        found = self._database[name].find(query, projection=projection, batch_size=_BATCH_SIZE, session=self._session)
        return list(found)


def _queries(span: MessageSpan) -> list[Document]:
    """The span as queries that an index on (conversationId, changedAt, rev) answers."""
    query: Document = {"conversationId": span.conversation_id}
    if span.position is None:
        return [{**query, "changedAt": {"$gte": span.since}, "rev": {"$gt": span.after_rev}}]
    changed_at, rev = span.position
    return [
        {**query, "changedAt": changed_at, "rev": {"$gt": max(rev, span.after_rev)}},
        {**query, "changedAt": {"$gt": changed_at}, "rev": {"$gt": span.after_rev}},
    ]
