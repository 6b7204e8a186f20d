"""One of each thing that goes over the wire."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from parley.domain.models import (
    AcceptedMessage,
    Conversation,
    ConversationView,
    Member,
    Membership,
    Message,
    Reaction,
    User,
)
from parley.domain.records import (
    ConversationCreated,
    DeadLetter,
    GroupDeleted,
    GroupShown,
    MembersChanged,
    MessageStored,
    Record,
    SendRequested,
)

AT = datetime(2026, 1, 31, 23, 59, 59, 123000, tzinfo=UTC)
LATER = datetime(2026, 2, 1, tzinfo=UTC)

USER = User("u_1", "ann", "ann@example.com", "Ann", None, "Hi", AT)
ACCEPTED = AcceptedMessage("m_1", "c_1", "u_1", "one", "text", "Grüße: 👋", "m_0", ("u_2",), (), AT)
MESSAGE = Message(
    message_id="m_1",
    conversation_id="c_1",
    seq=7,
    rev=9,
    sender_id="u_1",
    client_message_id="one",
    type="text",
    content="Grüße: 👋",
    reply_to=None,
    mentions=("u_2",),
    attachment_ids=(),
    reactions=(Reaction("👍", 21, ("u_1", "u_2")),),
    created_at=AT,
    edited_at=LATER,
)
DELETED = Message("m_2", "c_1", 8, 10, "u_1", "two", "text", None, None, (), (), (), AT, None, LATER)
CONVERSATION = Conversation("c_1", "direct", None, None, 2, 9, 1, 7, MESSAGE, AT, LATER)
MEMBERSHIP = Membership("c_1", "u_2", "member", AT, 6, 5, False, "u_1")
VIEW = ConversationView(CONVERSATION, MEMBERSHIP, 2, USER)
GROUP = replace(CONVERSATION, kind="group", name="Owls")
MEMBER = Member(MEMBERSHIP, USER)

RECORDS: dict[str, Record] = {
    "SendRequested": SendRequested(ACCEPTED),
    "MessageStored": MessageStored(MESSAGE, 3),
    "MessageStored deleted": MessageStored(DELETED, 3),
    "ConversationCreated": ConversationCreated("u_2", VIEW),
    "GroupShown": GroupShown(GROUP, "create", None),
    "GroupShown to some": GroupShown(GROUP, "update", ("u_1", "u_2")),
    "MembersChanged": MembersChanged("c_1", 9, 9, 0, (MEMBER,), ("u_3",), (MEMBER,)),
    "GroupDeleted": GroupDeleted("c_1", 9, ("u_1",)),
    "DeadLetter": DeadLetter("store_messages", "chat.send", 3, 2**40, b"\xff", None, "E", "why", "where", AT),
}
