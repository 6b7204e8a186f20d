"""What the server tells, by event name, with its data's models and an example.

The code that writes frames does not look here; tests hold the two together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from parley.protocol.asyncapi import samples
from parley.protocol.base import Outbound
from parley.protocol.errors import ErrorData
from parley.protocol.events import (
    ConversationData,
    DeletedData,
    DeletedGroupData,
    EndedData,
    MembersData,
    MessageData,
    ReceiptData,
)
from parley.protocol.frames import PongData, Refusal, SendResults
from parley.protocol.live import (
    ExpiryObject,
    JoinAnswer,
    PresenceObject,
    RoomAnswer,
    RoomMember,
    TypingObject,
)
from parley.protocol.messages import ChangeAnswer, SendAnswer
from parley.protocol.receipts import PointersAnswer
from parley.protocol.sync import ConversationChange, ConversationGone, SyncAnswer


@dataclass(frozen=True, slots=True)
class ServerFrame:
    """What the server tells, under one event name: an answer to a frame, or told without being asked."""

    event: str
    summary: str
    data: tuple[type[Outbound], ...]
    examples: Sequence[Outbound]
    is_answer: bool = False
    """Whether it answers a frame, whose requestId it then bears."""


ERROR: Final = ServerFrame(
    "error",
    "A frame was refused. Without requestId where the frame had none, or none that could be read.",
    (ErrorData,),
    (
        ErrorData(code="not_found", message="There is no such conversation.", retryable=False),
        ErrorData(code="rate_limited", message="Too many messages.", retryable=True, retry_after=1),
    ),
    is_answer=True,
)

ANSWERS: Final = (
    ServerFrame(
        "chat:send:ack",
        "The messages are durable and will be stored, but for those that `results` has as refused.",
        (SendAnswer, SendResults),
        (
            SendAnswer(message_id=samples.MESSAGE, client_message_id="01JK2M9Q7ZT4"),
            SendResults(
                results=[
                    SendAnswer(message_id=samples.MESSAGE, client_message_id="01JK2M9Q7ZT4"),
                    Refusal(client_message_id="01JK2M9Q7ZT5", code="invalid_request"),
                ]
            ),
        ),
        is_answer=True,
    ),
    *(
        ServerFrame(
            event,
            "The change is durable and will be made.",
            (ChangeAnswer,),
            (ChangeAnswer(message_id=samples.MESSAGE),),
            is_answer=True,
        )
        for event in ("chat:edit:ack", "chat:delete:ack", "chat:react:ack")
    ),
    ServerFrame(
        "chat:seen:ack",
        "The receipt is stored; these are the caller's pointers.",
        (PointersAnswer,),
        (PointersAnswer(conversation_id=samples.DIRECT, last_delivered_seq=42, last_read_seq=42),),
        is_answer=True,
    ),
    ServerFrame(
        "chat:typing:ack",
        "It was told to those who have joined.",
        (RoomAnswer,),
        (RoomAnswer(conversation_id=samples.DIRECT),),
        is_answer=True,
    ),
    ServerFrame(
        "chat:join:ack",
        "The conversation is joined.",
        (JoinAnswer,),
        (JoinAnswer(conversation_id=samples.DIRECT, online=[samples.ANN, samples.BEN]),),
        is_answer=True,
    ),
    ServerFrame(
        "chat:leave:ack",
        "The conversation is left.",
        (RoomAnswer,),
        (RoomAnswer(conversation_id=samples.DIRECT),),
        is_answer=True,
    ),
    ServerFrame(
        "pong",
        "The server's time; with `missed` where events may not have reached this socket: ask for sync then.",
        (PongData,),
        (PongData(server_time=samples.AT), PongData(server_time=samples.AT, missed=True)),
        is_answer=True,
    ),
    ServerFrame(
        "sync",
        "A page of what changed, of up to 100 KB. Unless `complete`, ask on with `token`.",
        (SyncAnswer,),
        (
            SyncAnswer(
                changes=[
                    ConversationChange(
                        conversation=samples.CONVERSATION, messages=[samples.TEXT], members=[samples.MEMBER]
                    ),
                    ConversationGone(conversation_id=samples.GROUP),
                ],
                complete=True,
                token="eyJ2IjoxfQ.c2lnbmVk",  # noqa: S106  # an example, of nobody
            ),
        ),
        is_answer=True,
    ),
)

EVENTS: Final = (
    ServerFrame(
        "chat:receive",
        "A message was stored. On one socket those of a conversation come in seq order.",
        (MessageData,),
        (MessageData(message=samples.TEXT, rev=57),),
    ),
    ServerFrame(
        "message:update",
        "A message was edited or reacted to.",
        (MessageData,),
        (MessageData(message=samples.EDITED, rev=58),),
    ),
    ServerFrame(
        "message:delete",
        "A message was deleted; what is left of it is a tombstone.",
        (DeletedData,),
        (DeletedData(conversation_id=samples.DIRECT, message_id=samples.MESSAGE, seq=42, rev=59),),
    ),
    ServerFrame(
        "chat:seen:update",
        "A member's pointers moved; the caller's other devices are told too.",
        (ReceiptData,),
        (
            ReceiptData(
                conversation_id=samples.DIRECT,
                user_id=samples.BEN,
                joined_at=samples.AT,
                last_delivered_seq=42,
                last_read_seq=42,
            ),
        ),
    ),
    ServerFrame(
        "chat:typing:update",
        "Somebody who has joined writes, or no longer does. A start lapses after 6 s by itself.",
        (TypingObject,),
        (TypingObject(conversation_id=samples.DIRECT, user_id=samples.BEN, state="start"),),
    ),
    ServerFrame(
        "chat:user:joined",
        "Somebody opened a conversation that this device has open.",
        (RoomMember,),
        (RoomMember(conversation_id=samples.DIRECT, user_id=samples.BEN),),
    ),
    ServerFrame(
        "chat:user:left",
        "Somebody closed it again, or their last device that had it open is gone.",
        (RoomMember,),
        (RoomMember(conversation_id=samples.DIRECT, user_id=samples.BEN),),
    ),
    ServerFrame(
        "presence:update",
        "Somebody of a joined conversation came or went.",
        (PresenceObject,),
        (PresenceObject(user_id=samples.BEN, online=False, last_seen_at=samples.AT),),
    ),
    ServerFrame(
        "conversation:create",
        "A direct conversation came into being; both are told.",
        (ConversationData,),
        (ConversationData(conversation=samples.CONVERSATION, rev=57),),
    ),
    ServerFrame(
        "group:create",
        "The recipient is a member of a group now.",
        (ConversationData,),
        (ConversationData(conversation=samples.TEAM, rev=3),),
    ),
    ServerFrame(
        "group:update",
        "A group's name or photo changed.",
        (ConversationData,),
        (ConversationData(conversation=samples.TEAM, rev=3),),
    ),
    ServerFrame(
        "group:members",
        "Who came, who went and whose role changed; those who went are told this, and nothing after it.",
        (MembersData,),
        (MembersData(conversation_id=samples.GROUP, rev=4, added=[samples.MEMBER], removed=[], changed=[]),),
    ),
    ServerFrame(
        "group:delete",
        "A group is no more.",
        (DeletedGroupData,),
        (DeletedGroupData(conversation_id=samples.GROUP, rev=5),),
    ),
    ServerFrame(
        "session:expiring",
        "The socket is about to reach its longest life: open another one by then, and drop what both bring.",
        (ExpiryObject,),
        (ExpiryObject(reconnect_by=samples.AT),),
    ),
    ServerFrame(
        "session:ended",
        "The session has ended, and the socket is closed after this.",
        (EndedData,),
        (EndedData(reason="logout"),),
    ),
)

SERVER_FRAMES: Final = (*ANSWERS, ERROR, *EVENTS)
