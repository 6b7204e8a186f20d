"""Conversations and memberships in the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pymongo import ASCENDING, DESCENDING, MongoClient, ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.database import Database

from parley.domain.errors import NotFoundError
from parley.domain.models import AcceptedReceipt, Conversation, Membership
from parley.domain.records import Record
from parley.ports import ConversationChange, Decision, MemberIds, Moved, NotMoved
from parley.stores.codecs import (
    Document,
    decode_conversation,
    decode_membership,
    encode_conversation,
    encode_membership,
    membership_key,
)
from parley.stores.errors import database_call
from parley.stores.grouped import Group, OvertakenError, group_items, write_groups
from parley.stores.heads import HEAD, decode_head
from parley.stores.membership import ChangeWriter, TransactionReader
from parley.stores.outbox import MongoOutboxStore
from parley.stores.pointers import Numbered, PointerOutcomes, plan_pointers, refuse_receipts
from parley.stores.retrying import retry_transaction
from parley.stores.writers import Writers

_TIMEOUT_S: Final = 2.5
_WRITE_TIMEOUT_S: Final = 4.0
_WRITE_S_PER_MEMBER: Final = 0.001
_CHANGE_TIMEOUT_S: Final = 8.0
_NOT_DELETED: Final = {"deletedAt": None}
_BATCH_SIZE: Final = 20_000  # documents an answer: a list of members comes whole, without a cursor left on the server


class MongoConversationStore:
    """The port ConversationStore."""

    def __init__(
        self,
        client: MongoClient[Document],
        database: Database[Document],
        writers: Writers,
        outbox: MongoOutboxStore,
    ) -> None:
        self._client = client
        self._conversations = database["conversations"]
        self._memberships = database["memberships"]
        self._receipts = database["receipts"]
        self._departures = database["departures"]
        self._writers = writers
        self._change_writer = ChangeWriter(database)
        self._outbox = outbox

    def create_conversation(
        self, conversation: Conversation, members: Sequence[Membership], records: Sequence[Record] = ()
    ) -> tuple[Conversation, bool]:
        """See ConversationStore."""

        def write(session: ClientSession) -> tuple[Conversation, bool]:
            known = self._conversations.find_one({"_id": conversation.conversation_id}, session=session)
            if known is not None:
                return decode_conversation(known), False
            now = conversation.updated_at
            self._conversations.insert_one(encode_conversation(conversation), session=session)
            self._memberships.insert_many(
                [encode_membership(member, rev=conversation.rev, changed_at=now) for member in members],
                session=session,
            )
            self._outbox.insert_row(session, conversation, records, now)
            return conversation, True

        # An insert that meets another's is a conflict too: the next try finds what that one made.
        return retry_transaction(
            self._client, write, writers=self._writers, timeout_s=_WRITE_TIMEOUT_S + len(members) * _WRITE_S_PER_MEMBER
        )

    def change_conversation(self, conversation_id: str, decide: Decision, now: datetime) -> ConversationChange | None:
        """See ConversationStore."""

        def write(session: ClientSession) -> ConversationChange | None:
            found = self._conversations.find_one({"_id": conversation_id, **_NOT_DELETED}, session=session)
            if found is None:
                raise NotFoundError("There is no such conversation.")
            before = decode_conversation(found)
            change = decide(TransactionReader(session, self._memberships, before))
            if change is not None:
                self._change_writer.write(session, before, change, now)
                self._outbox.insert_row(session, change.conversation, change.records, now)
            return change

        return retry_transaction(self._client, write, writers=self._writers, timeout_s=_CHANGE_TIMEOUT_S)

    def set_muted(self, user_id: str, conversation_id: str, *, muted: bool, now: datetime) -> Membership | None:
        """See ConversationStore."""

        def write(session: ClientSession) -> Membership | None:
            document = self._memberships.find_one_and_update(
                {"_id": membership_key(conversation_id, user_id)},
                {"$set": {"muted": muted, "changedAt": now}},
                return_document=ReturnDocument.AFTER,
                session=session,
            )
            if document is None:
                return None
            # Like a receipt it takes no rev, and sync finds it as it finds those.
            self._receipts.update_one(
                {"_id": conversation_id},
                {"$inc": {"rev": 1}, "$set": {"changedAt": now}},
                upsert=True,
                session=session,
            )
            return decode_membership(document)

        return retry_transaction(self._client, write, writers=self._writers, timeout_s=_WRITE_TIMEOUT_S)

    def find_conversation(self, conversation_id: str) -> Conversation | None:
        """See ConversationStore."""
        with database_call(_TIMEOUT_S):
            document = self._conversations.find_one({"_id": conversation_id, **_NOT_DELETED})
        return None if document is None else decode_conversation(document)

    def find_memberships(self, user_id: str, conversation_ids: Sequence[str]) -> dict[str, Membership]:
        """See ConversationStore."""
        keys = [membership_key(conversation_id, user_id) for conversation_id in dict.fromkeys(conversation_ids)]
        with database_call(_TIMEOUT_S):
            found = self._memberships.find({"_id": {"$in": keys}}, batch_size=len(keys) + 1)
            return {document["conversationId"]: decode_membership(document) for document in found}

    def list_conversations(
        self, user_id: str, *, before: tuple[datetime, str] | None, limit: int
    ) -> list[tuple[Conversation, Membership]]:
        """See ConversationStore."""
        with database_call(_TIMEOUT_S):
            own = {
                document["conversationId"]: decode_membership(document)
                for document in self._memberships.find({"userId": user_id}, batch_size=_BATCH_SIZE)
            }
            if not own:
                return []
            found = self._conversations.find(
                {"_id": {"$in": list(own)}, **_older_than(before)},
                sort=[("updatedAt", DESCENDING), ("_id", DESCENDING)],
                limit=limit,
            )
            return [(decode_conversation(document), own[document["_id"]]) for document in found]

    def list_members(self, conversation_id: str, *, after: str | None, limit: int) -> list[Membership]:
        """See ConversationStore."""
        query: dict[str, Any] = {"conversationId": conversation_id}
        if after is not None:
            query["userId"] = {"$gt": after}
        with database_call(_TIMEOUT_S):
            found = self._memberships.find(query, sort=[("userId", ASCENDING)], limit=limit)
            return [decode_membership(document) for document in found]

    def find_members(self, user_ids: Mapping[str, Sequence[str]]) -> dict[str, frozenset[str]]:
        """See ConversationStore."""
        keys = [
            membership_key(conversation_id, user_id) for conversation_id, ids in user_ids.items() for user_id in ids
        ]
        members: defaultdict[str, set[str]] = defaultdict(set)
        with database_call(_TIMEOUT_S):
            for document in self._memberships.find(
                {"_id": {"$in": keys}}, projection={"conversationId": True, "userId": True}, batch_size=len(keys) + 1
            ):
                members[document["conversationId"]].add(document["userId"])
        return {conversation_id: frozenset(ids) for conversation_id, ids in members.items()}

    def move_pointers(self, receipts: Sequence[AcceptedReceipt], now: datetime) -> list[Moved | NotMoved]:
        """See ConversationStore."""
        groups = group_items(
            map(Numbered, range(len(receipts)), receipts),
            lambda item: item.receipt.conversation_id,
            lambda item: str(item.place),
        )

        def write(session: ClientSession, some: Sequence[Group[Numbered]]) -> PointerOutcomes:
            return self._move(session, some, now)

        outcomes = write_groups(self._client, self._writers, groups, write, refuse_receipts)
        return [outcomes[place] for place in range(len(receipts))]

    def _move(self, session: ClientSession, groups: Sequence[Group[Numbered]], now: datetime) -> PointerOutcomes:
        ids = [group.conversation_id for group in groups]
        heads = {
            document["_id"]: decode_head(document)
            for document in self._conversations.find(
                {"_id": {"$in": ids}}, projection=HEAD, batch_size=len(ids) + 1, session=session
            )
        }
        keys = {membership_key(group.conversation_id, item.receipt.user_id) for group in groups for item in group.items}
        members = {
            document["_id"]: decode_membership(document)
            for document in self._memberships.find(
                {"_id": {"$in": list(keys)}}, batch_size=len(keys) + 1, session=session
            )
        }
        counters = {
            document["_id"]: document["rev"]
            for document in self._receipts.find({"_id": {"$in": ids}}, batch_size=len(ids) + 1, session=session)
        }
        plan = plan_pointers(groups, heads, members, counters, now)
        if plan.members:
            counted = self._receipts.bulk_write(plan.counters, ordered=False, session=session)
            if counted.matched_count + counted.inserted_count != len(plan.counters):
                raise OvertakenError
            self._memberships.bulk_write(plan.members, ordered=False, session=session)
        return plan.outcomes

    def list_conversation_ids(self, user_id: str) -> list[str]:
        """See ConversationStore."""
        with database_call(_TIMEOUT_S):
            found = self._memberships.find(
                {"userId": user_id}, projection={"_id": False, "conversationId": True}, batch_size=_BATCH_SIZE
            )
            return [document["conversationId"] for document in found]

    def find_contacts(self, user_id: str, candidate_ids: Sequence[str]) -> frozenset[str]:
        """See ConversationStore."""
        own = set(self.list_conversation_ids(user_id))
        with database_call(_TIMEOUT_S):
            found = self._memberships.find(
                {"userId": {"$in": list(dict.fromkeys(candidate_ids))}},
                projection={"_id": False, "conversationId": True, "userId": True},
                batch_size=_BATCH_SIZE,
            )
            return frozenset(document["userId"] for document in found if document["conversationId"] in own)

    def read_memberships(self, user_ids: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Membership]]:
        """See ConversationStore."""
        keys = [
            membership_key(conversation_id, user_id) for conversation_id, ids in user_ids.items() for user_id in ids
        ]
        members: defaultdict[str, dict[str, Membership]] = defaultdict(dict)
        with database_call(_TIMEOUT_S):
            for document in self._memberships.find({"_id": {"$in": keys}}, batch_size=len(keys) + 1):
                members[document["conversationId"]][document["userId"]] = decode_membership(document)
        return dict(members)

    def list_known_conversations(self, user_id: str, *, after: str | None, limit: int) -> list[str]:
        """See ConversationStore."""
        query: dict[str, Any] = {"userId": user_id}
        if after is not None:
            query["conversationId"] = {"$gt": after}
        known: set[str] = set()
        with database_call(_TIMEOUT_S):
            for places in (self._memberships, self._departures):
                found = places.find(
                    query,
                    projection={"_id": False, "conversationId": True},
                    sort=[("conversationId", ASCENDING)],
                    limit=limit,
                    batch_size=limit + 1,
                )
                known.update(document["conversationId"] for document in found)
        return sorted(known)[:limit]

    def read_member_ids(self, conversation_ids: Sequence[str]) -> dict[str, MemberIds]:
        """See ConversationStore."""
        wanted = list(dict.fromkeys(conversation_ids))
        with database_call(_TIMEOUT_S):
            found = {
                document["_id"]: document
                for document in self._conversations.find(
                    {"_id": {"$in": wanted}},
                    projection={"membersRev": True, "peakMemberCount": True},
                    batch_size=len(wanted) + 1,
                )
            }
            members: defaultdict[str, list[str]] = defaultdict(list)
            for document in self._memberships.find(
                {"conversationId": {"$in": list(found)}},
                projection={"_id": False, "conversationId": True, "userId": True},
                batch_size=_BATCH_SIZE,
            ):
                members[document["conversationId"]].append(document["userId"])
        return {
            place: MemberIds(
                one["membersRev"], tuple(members[place]), max(one.get("peakMemberCount", 0), len(members[place]))
            )
            for place, one in found.items()
        }


def _older_than(before: tuple[datetime, str] | None) -> dict[str, Any]:
    if before is None:
        return {}
    updated_at, conversation_id = before
    return {"$or": [{"updatedAt": {"$lt": updated_at}}, {"updatedAt": updated_at, "_id": {"$lt": conversation_id}}]}
