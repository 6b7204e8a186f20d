"""Examples of objects, for the documents."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from parley.protocol.objects import (
    ConversationObject,
    MemberObject,
    MessageObject,
    ReactionObject,
    UserObject,
)

ANN: Final = "u_7xk2mq6ftze4svbahd2n"
BEN: Final = "u_c3rnywp5hld2kjzeq4tx"
DIRECT: Final = "d_5vjq3nxo7bmtuega2wksz4dyfhcpr6i"
GROUP: Final = "c_wd2psi5yckrf6hxqm3ob"
MESSAGE: Final = "m_zt5uea4gbvnj3lrkd7xq2hywcpfsm6o"
AT: Final = datetime(2026, 1, 31, 23, 59, 59, 123_000, tzinfo=UTC)

USER: Final = UserObject(
    user_id=BEN, username="ben", display_name="Ben", avatar_url=None, about="Mostly here.", created_at=AT
)
TEXT: Final = MessageObject(
    message_id=MESSAGE,
    conversation_id=DIRECT,
    seq=42,
    rev=57,
    sender_id=ANN,
    client_message_id="01JK2M9Q7ZT4",
    type="text",
    content="Lunch at one?",
    reply_to=None,
    mentions=[],
    attachments=[],
    reactions=[],
    created_at=AT,
    edited_at=None,
    deleted_at=None,
)
EDITED: Final = TEXT.model_copy(
    update={
        "rev": 58,
        "content": "Lunch at two?",
        "reactions": [ReactionObject(emoji="👍🏽", count=1, user_ids=[BEN])],
        "edited_at": AT,
    }
)
MEMBER: Final = MemberObject(
    user_id=BEN, role="member", joined_at=AT, last_delivered_seq=42, last_read_seq=40, user=USER
)
CONVERSATION: Final = ConversationObject(
    conversation_id=DIRECT,
    kind="direct",
    name=None,
    photo_url=None,
    member_count=2,
    rev=57,
    last_seq=42,
    last_message=TEXT,
    created_at=AT,
    updated_at=AT,
    my_role="member",
    last_read_seq=40,
    last_delivered_seq=42,
    unread_count=2,
    muted=False,
    peer=USER,
)
TEAM: Final = CONVERSATION.model_copy(
    update={
        "conversation_id": GROUP,
        "kind": "group",
        "name": "Team",
        "rev": 3,
        "last_seq": 0,
        "last_message": None,
        "my_role": "owner",
        "last_read_seq": 0,
        "last_delivered_seq": 0,
        "unread_count": 0,
        "peer": None,
    }
)
