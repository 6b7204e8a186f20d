"""Who is in a conversation: what a transaction reads of it and writes to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from pymongo import ASCENDING, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.database import Database

from parley.domain.models import Conversation, Membership
from parley.ports import ConversationChange
from parley.stores.codecs import Document, decode_membership, encode_membership, membership_key
from parley.stores.departures import encode_departure
from parley.stores.grouped import OvertakenError

_BATCH_SIZE: Final = 20_000


class TransactionReader:
    """The port ConversationReader, in a transaction."""

    def __init__(self, session: ClientSession, memberships: Collection[Document], conversation: Conversation) -> None:
        self._session = session
        self._memberships = memberships
        self._conversation = conversation

    @property
    def conversation(self) -> Conversation:
        """See ConversationReader."""
        return self._conversation

    def find_memberships(self, user_ids: Sequence[str]) -> dict[str, Membership]:
        """See ConversationReader."""
        keys = [membership_key(self._conversation.conversation_id, user_id) for user_id in dict.fromkeys(user_ids)]
        found = self._memberships.find({"_id": {"$in": keys}}, batch_size=len(keys) + 1, session=self._session)
        return {document["userId"]: decode_membership(document) for document in found}

    def find_heir(self) -> Membership | None:
        """See ConversationReader."""
        for role in ("admin", "member"):
            heir = self._memberships.find_one(
                {"conversationId": self._conversation.conversation_id, "role": role},
                sort=[("joinedAt", ASCENDING), ("userId", ASCENDING)],
                session=self._session,
            )
            if heir is not None:
                return decode_membership(heir)
        return None

    def read_member_ids(self) -> tuple[str, ...]:
        """See ConversationReader."""
        found = self._memberships.find(
            {"conversationId": self._conversation.conversation_id},
            projection={"_id": False, "userId": True},
            sort=[("userId", ASCENDING)],
            batch_size=_BATCH_SIZE,
            session=self._session,
        )
        return tuple(document["userId"] for document in found)


class ChangeWriter:
    """Writes a ConversationChange in a transaction."""

    def __init__(self, database: Database[Document]) -> None:
        self._conversations = database["conversations"]
        self._memberships = database["memberships"]
        self._departures = database["departures"]

    def write(self, session: ClientSession, before: Conversation, change: ConversationChange, now: datetime) -> None:
        """Makes the change to the conversation that was read as `before`.

        Raises:
            OvertakenError: it has moved on since.
        """
        # The conversation comes first: its document is where writers meet, so a conflict costs the least.
        moved = self._conversations.update_one(
            {"_id": before.conversation_id, "rev": before.rev},
            {"$set": _encode_state(change, now), "$max": {"peakMemberCount": change.conversation.member_count}},
            session=session,
        )
        if moved.matched_count != 1:
            raise OvertakenError
        rev = change.conversation.rev
        removed = self._remove(session, before.conversation_id, change)
        if removed:
            departures = [encode_departure(document, rev=rev, changed_at=now) for document in removed]
            self._departures.delete_many({"_id": {"$in": [one["_id"] for one in departures]}}, session=session)
            self._departures.insert_many(departures, session=session)
        if change.added:
            joined = [encode_membership(membership, rev=rev, changed_at=now) for membership in change.added]
            self._take_back_departures(session, joined)
            self._memberships.insert_many(joined, session=session)
        if change.changed:
            roles = [_set_role(membership, rev, now) for membership in change.changed]
            self._memberships.bulk_write(roles, ordered=False, session=session)

    def _take_back_departures(self, session: ClientSession, joined: Sequence[Document]) -> None:
        """Of those who have been here before, what they left goes, and when they were here into their membership."""
        query: dict[str, Any] = {"_id": {"$in": [one["_id"] for one in joined]}}
        stays = {
            left["_id"]: left.get("stays") or []
            for left in self._departures.find(query, batch_size=len(joined) + 1, session=session)
        }
        for one in joined:
            one["stays"] = stays.get(one["_id"], [])
        if stays:
            self._departures.delete_many(query, session=session)

    def _remove(self, session: ClientSession, conversation_id: str, change: ConversationChange) -> list[Document]:
        """Removes the memberships that the change removes; what they were."""
        if change.is_deleted:
            query: dict[str, Any] = {"conversationId": conversation_id}
        elif change.removed:
            query = {"_id": {"$in": [membership_key(conversation_id, user_id) for user_id in change.removed]}}
        else:
            return []
        found = list(self._memberships.find(query, batch_size=_BATCH_SIZE, session=session))
        self._memberships.delete_many(query, session=session)
        return found


def _encode_state(change: ConversationChange, now: datetime) -> Document:
    conversation = change.conversation
    return {
        "name": conversation.name,
        "photoUrl": conversation.photo_url,
        "memberCount": conversation.member_count,
        "rev": conversation.rev,
        "membersRev": conversation.members_rev,
        "updatedAt": conversation.updated_at,
        "changedAt": now,
        "deletedAt": now if change.is_deleted else None,
    }


def _set_role(membership: Membership, rev: int, now: datetime) -> UpdateOne:
    return UpdateOne(
        {"_id": membership_key(membership.conversation_id, membership.user_id)},
        {"$set": {"role": membership.role, "rev": rev, "changedAt": now}},
    )
