"""What somebody has of their conversations: read anew, at one moment or over the services, or held by a client.

A state is, by conversation: `view`, the conversation object; `messages` by seq; `members` by user id.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.database import Database

from bench.client.replica import Json, Replica
from bench.histories.desk import Desk
from parley.domain.models import Attachment, ConversationView, Identity, Membership, Message, User
from parley.domain.sync import SyncPage
from parley.ports import SyncReader
from parley.protocol.base import Outbound
from parley.protocol.objects import encode_conversation, encode_member, encode_message
from parley.protocol.sync import encode_sync
from parley.services.conversations import make_view
from parley.stores.codecs import SHOWN, Document, decode_conversation, decode_membership, decode_message, decode_user
from parley.stores.syncing import MongoSyncReader, MongoSyncStore


def no_url(attachment: Attachment) -> str:
    """Histories have no files."""
    return attachment.attachment_id


def as_json(model: Outbound) -> Json:
    """As a client gets it."""
    return dict(json.loads(model.to_json()))


def page_as_json(page: SyncPage, token: str) -> Json:
    """A page as a client gets it."""
    return as_json(encode_sync(page, token, no_url))


def message_as_json(message: Message) -> Json:
    """A message as a client gets it."""
    return as_json(encode_message(message, no_url))


def member_as_json(membership: Membership, user: User) -> Json:
    """A member as a client gets it."""
    return as_json(encode_member(membership, user))


def view_as_json(view: ConversationView) -> Json:
    """A conversation as a client gets it, without what its peer calls themselves: no change of a conversation."""
    whole = as_json(encode_conversation(view, no_url))
    return {**whole, "peer": whole["peer"] and whole["peer"]["userId"]}


def describe_held(replica: Replica) -> Json:
    """The state that a client holds."""
    return {
        name: {
            "view": {**held.view, "peer": held.view["peer"] and held.view["peer"]["userId"]},
            "messages": {message["seq"]: message for message in held.messages.values()},
            "members": {who: without_user(member) for who, member in held.members.items()},
        }
        for name, held in replica.conversations.items()
    }


def without_user(member: Mapping[str, Any]) -> Json:
    """A member without what they call themselves."""
    return {name: value for name, value in member.items() if name != "user"}


def read_anew(desk: Desk, who: Identity) -> Json:
    """The state that a client has which reads everything over the services, without sync."""
    state: Json = {}
    before = None
    while views := desk.conversations.list_conversations(who, before=before, limit=20):
        last = views[-1].conversation
        before = last.updated_at, last.conversation_id
        for view in views:
            name = view.conversation.conversation_id
            state[name] = {
                "view": view_as_json(view),
                "messages": read_history(desk, who, name),
                "members": {who: without_user(member) for who, member in read_members(desk, who, name).items()},
            }
    return state


def read_history(desk: Desk, who: Identity, name: str, *, before: int | None = None) -> dict[int, Json]:
    """All messages of a conversation, or those before a seq, by seq."""
    found: dict[int, Json] = {}
    while page := desk.messages.list_messages(who, name, before=before, limit=100):
        found |= {message.seq: message_as_json(message) for message in page}
        before = page[-1].seq
    return found


def read_members(desk: Desk, who: Identity, name: str) -> dict[str, Json]:
    """All members of a conversation."""
    found: dict[str, Json] = {}
    after = None
    while page := desk.conversations.list_members(who, name, after=after, limit=100):
        found |= {member.user_id: member_as_json(member, user) for member, user in page}
        after = page[-1][0].user_id
    return found


class WatchedStore:
    """The port SyncStore, which on demand reads somebody's whole state too, at the very moment that a page is of."""

    def __init__(self, store: MongoSyncStore, who: Identity) -> None:
        self._store = store
        self._who = who
        self.is_watched = False
        self.seen: Json = {}
        self.erased: set[str] = set()

    @contextmanager
    def read(self) -> Iterator[SyncReader]:
        """See SyncStore."""
        with self._store.read() as reader:
            yield reader
            if self.is_watched:
                self._see(reader)

    def note_erased(self) -> None:
        """Adds those who are erased by now to those who were at the moment that was seen."""
        for document in self._store._database["users"].find({"erasedAt": {"$ne": None}}, projection={"_id": True}):
            self.erased.add(document["_id"])
            for conversation in self.seen.values():
                conversation["members"].pop(document["_id"], None)

    def _see(self, reader: MongoSyncReader) -> None:
        database, session = reader._database, reader._session
        own = {
            document["conversationId"]: decode_membership(document)
            for document in _find(database, session, "memberships", {"userId": self._who.user_id})
        }
        inside: Document = {"conversationId": {"$in": list(own)}}
        users = {document["_id"]: document for document in _find(database, session, "users", {})}
        self.erased = {name for name, document in users.items() if document.get("erasedAt")}
        self.seen = {
            document["_id"]: {
                "view": view_as_json(make_view(decode_conversation(document), own[document["_id"]], {})),
                "messages": {},
                "members": {},
            }
            for document in _find(database, session, "conversations", {"_id": {"$in": list(own)}})
        }
        for document in _find(database, session, "messages", inside):
            message = decode_message(document)
            self.seen[message.conversation_id]["messages"][message.seq] = message_as_json(message)
        for document in _find(database, session, "memberships", inside):
            member = decode_membership(document)
            if member.user_id not in self.erased:
                told = member_as_json(member, decode_user(users[member.user_id]))
                self.seen[member.conversation_id]["members"][member.user_id] = without_user(told)


def _find(database: Database[Document], session: ClientSession, name: str, query: Document) -> Iterator[Document]:
    projection = SHOWN if name == "messages" else None
    return iter(list(database[name].find(query, projection=projection, session=session, batch_size=10_000)))
