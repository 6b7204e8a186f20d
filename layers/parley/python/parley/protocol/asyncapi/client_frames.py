"""What a client may send, by action, with its data's models, an example and the answer.

The code that reads frames does not look here; tests hold the two together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from parley.protocol.asyncapi import samples
from parley.protocol.base import Inbound
from parley.protocol.frames import NoData, SendBatch
from parley.protocol.live import RoomData, TypingData
from parley.protocol.messages import DeleteData, EditData, ReactData, SendBody
from parley.protocol.receipts import SeenData
from parley.protocol.sync import SyncData


class TypingStartData(Inbound):
    """That the caller begins to write; the action says so, and `state` may say it again."""

    conversation_id: str
    state: Literal["start"] = "start"


class TypingStopData(Inbound):
    """That the caller stops writing; the action says so, and `state` may say it again."""

    conversation_id: str
    state: Literal["stop"] = "stop"


@dataclass(frozen=True, slots=True)
class ClientFrame:
    """What a client sends under one action and its other names; `answer` and `tells` are event names."""

    actions: tuple[str, ...]
    summary: str
    data: tuple[type[Inbound], ...]
    examples: Sequence[Mapping[str, Any] | None]
    answer: str
    tells: tuple[str, ...] = ()
    data_may_be_left_out: bool = False


_IN_DIRECT: Final = {"conversationId": samples.DIRECT}
_DRAFT: Final = {**_IN_DIRECT, "clientMessageId": "01JK2M9Q7ZT4", "content": "Lunch at one?"}
_SECOND: Final = {**_IN_DIRECT, "clientMessageId": "01JK2M9Q7ZT5", "content": "Or two?", "replyTo": samples.MESSAGE}

CLIENT_FRAMES: Final = (
    ClientFrame(
        ("send", "chat:send"),
        "Sends one message, or up to 25 that are accepted in their order, each by itself.",
        (SendBody, SendBatch),
        (_DRAFT, {"messages": [_DRAFT, _SECOND]}),
        "chat:send:ack",
        ("chat:receive",),
    ),
    ClientFrame(
        ("edit", "chat:edit"),
        "Gives a stored message of the caller's own new content.",
        (EditData,),
        ({"messageId": samples.MESSAGE, "content": "Lunch at two?"},),
        "chat:edit:ack",
        ("message:update",),
    ),
    ClientFrame(
        ("delete", "chat:delete"),
        "Deletes a stored message: its sender may, and a group's owner and admins.",
        (DeleteData,),
        ({"messageId": samples.MESSAGE},),
        "chat:delete:ack",
        ("message:delete",),
    ),
    ClientFrame(
        ("react", "chat:react"),
        "Adds or takes away the caller's reaction to a stored message.",
        (ReactData,),
        (
            {"messageId": samples.MESSAGE, "emoji": "👍🏽"},
            {"messageId": samples.MESSAGE, "emoji": "👍🏽", "remove": True},
        ),
        "chat:react:ack",
        ("message:update",),
    ),
    ClientFrame(
        ("seen", "chat:seen"),
        "Moves the caller's pointers forward. Answered once that is stored.",
        (SeenData,),
        ({**_IN_DIRECT, "seq": 42}, {**_IN_DIRECT, "seq": 42, "status": "delivered"}),
        "chat:seen:ack",
        ("chat:seen:update",),
    ),
    ClientFrame(
        ("typing", "chat:typing"),
        "Tells those who have joined that the caller writes, or no longer does.",
        (TypingData,),
        ({**_IN_DIRECT, "state": "start"},),
        "chat:typing:ack",
        ("chat:typing:update",),
    ),
    ClientFrame(
        ("chat:typing:start",),
        "The same as `typing` with `start`.",
        (TypingStartData,),
        (_IN_DIRECT,),
        "chat:typing:ack",
        ("chat:typing:update",),
    ),
    ClientFrame(
        ("chat:typing:stop",),
        "The same as `typing` with `stop`.",
        (TypingStopData,),
        (_IN_DIRECT,),
        "chat:typing:ack",
        ("chat:typing:update",),
    ),
    ClientFrame(
        ("join", "chat:join"),
        "Opens a conversation on this device: typing, presence and who else has it open are told from now on.",
        (RoomData,),
        (_IN_DIRECT,),
        "chat:join:ack",
        ("chat:user:joined", "presence:update"),
    ),
    ClientFrame(
        ("leave", "chat:leave"),
        "Closes a conversation on this device. Membership and messages stay as they are.",
        (RoomData,),
        (_IN_DIRECT,),
        "chat:leave:ack",
        ("chat:user:left",),
    ),
    ClientFrame(
        ("ping",),
        "Asks for the server's time, and whether events were missed; keeps an idle socket open. Send one every 25 s, "
        "whatever else comes and goes: it bounds how long something that was missed stays so.",
        (NoData,),
        (None,),
        "pong",
        data_may_be_left_out=True,
    ),
    ClientFrame(
        ("sync", "chat:sync"),
        "Asks for all that changed since a token, or without one for the caller's whole state.",
        (SyncData,),
        (None, {"token": "eyJ2IjoxfQ.c2lnbmVk"}),
        "sync",
        data_may_be_left_out=True,
    ),
)
