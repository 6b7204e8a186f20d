"""Domain things as the contract's objects."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from parley.domain.models import Attachment
from parley.domain.records import ConversationCreated, MessageStored
from parley.protocol.events import encode_event
from parley.protocol.objects import encode_conversation, encode_member, encode_message, encode_profile, encode_user
from tests.unit.protocol.samples import CONVERSATION, DELETED, MEMBERSHIP, MESSAGE, USER, VIEW

FILE = Attachment("f_1", "a file.txt", "text/plain", 5)


def url_of(attachment: Attachment) -> str:
    return f"https://files.test/{attachment.attachment_id}"


PUBLIC = {
    "userId": "u_1",
    "username": "ann",
    "displayName": "Ann",
    "avatarUrl": None,
    "about": "Hi",
    "createdAt": "2026-01-31T23:59:59.123Z",
}
WRITTEN = {
    "messageId": "m_1",
    "conversationId": "c_1",
    "seq": 7,
    "rev": 9,
    "senderId": "u_1",
    "clientMessageId": "one",
    "type": "text",
    "content": "Grüße: 👋",
    "replyTo": None,
    "mentions": ["u_2"],
    "attachments": [],
    "reactions": [{"emoji": "👍", "count": 21, "userIds": ["u_1", "u_2"]}],
    "createdAt": "2026-01-31T23:59:59.123Z",
    "editedAt": "2026-02-01T00:00:00.000Z",
    "deletedAt": None,
}
SEEN = {
    "conversationId": "c_1",
    "kind": "direct",
    "name": None,
    "photoUrl": None,
    "memberCount": 2,
    "rev": 9,
    "lastSeq": 7,
    "lastMessage": WRITTEN,
    "createdAt": "2026-01-31T23:59:59.123Z",
    "updatedAt": "2026-02-01T00:00:00.000Z",
    "myRole": "member",
    "lastReadSeq": 5,
    "lastDeliveredSeq": 6,
    "unreadCount": 2,
    "muted": False,
    "peer": PUBLIC,
}


def as_json(model: Any) -> Any:
    return json.loads(model.to_json())


def test_users_show_their_email_to_themselves_alone() -> None:
    assert as_json(encode_user(USER)) == PUBLIC
    assert as_json(encode_profile(USER)) == {**PUBLIC, "email": "ann@example.com"}


def test_messages() -> None:
    assert as_json(encode_message(MESSAGE, url_of)) == WRITTEN


def test_attachments_have_addresses_of_their_own() -> None:
    message = replace(MESSAGE, attachment_ids=("f_1",), attachments=(FILE,))
    assert as_json(encode_message(message, url_of))["attachments"] == [
        {
            "attachmentId": "f_1",
            "fileName": "a file.txt",
            "contentType": "text/plain",
            "size": 5,
            "url": "https://files.test/f_1",
        }
    ]


def test_a_deleted_message_keeps_ids_seq_and_times() -> None:
    tombstone = as_json(encode_message(DELETED, url_of))
    assert tombstone.keys() == WRITTEN.keys()
    assert (tombstone["content"], tombstone["mentions"], tombstone["reactions"]) == (None, [], [])
    assert (tombstone["seq"], tombstone["deletedAt"]) == (8, "2026-02-01T00:00:00.000Z")


def test_conversations_and_members() -> None:
    assert as_json(encode_conversation(VIEW, url_of)) == SEEN
    assert as_json(encode_member(MEMBERSHIP, USER)) == {
        "userId": "u_2",
        "role": "member",
        "joinedAt": "2026-01-31T23:59:59.123Z",
        "lastDeliveredSeq": 6,
        "lastReadSeq": 5,
        "user": PUBLIC,
    }


def test_events_carry_the_rev_and_are_the_same_bytes_each_time() -> None:
    event = encode_event(MessageStored(MESSAGE, 3), url_of)
    assert json.loads(event) == {"event": "chat:receive", "data": {"message": WRITTEN, "rev": 9}}
    assert event == encode_event(MessageStored(MESSAGE, 4), url_of)
    assert event == event.strip()
    assert "Grüße: 👋".encode() in event


def test_a_new_conversation_is_told_by_its_kind() -> None:
    created = json.loads(encode_event(ConversationCreated("u_2", VIEW), url_of))
    assert created == {"event": "conversation:create", "data": {"conversation": SEEN, "rev": 9}}
    group = type(VIEW)(
        type(CONVERSATION)("c_2", "group", "G", None, 1, 1, 1, 0, None, USER.created_at, USER.created_at),
        MEMBERSHIP,
        0,
        None,
    )
    told = json.loads(encode_event(ConversationCreated("u_2", group), url_of))
    assert told["event"] == "group:create"
    assert (told["data"]["conversation"]["lastMessage"], told["data"]["conversation"]["peer"]) == (None, None)
