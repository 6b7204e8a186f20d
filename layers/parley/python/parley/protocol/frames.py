"""WebSocket frames: what a client sends, and the answers to it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from parley.domain import limits
from parley.domain.errors import ParleyError
from parley.domain.models import Membership
from parley.protocol.base import Inbound, Outbound, Time
from parley.protocol.errors import ErrorData, SocketCode, make_error_data
from parley.protocol.live import JoinAnswer, RoomAnswer
from parley.protocol.messages import ChangeAnswer, SendAnswer, SendBody
from parley.protocol.receipts import PointersAnswer, encode_pointers
from parley.protocol.sync import SyncAnswer


class Frame(Inbound):
    """One frame. `data` is read by the action that it names."""

    action: str
    request_id: str | None = Field(default=None, min_length=1, max_length=limits.REQUEST_ID_MAX_CHARS)
    data: Any = None


class SendBatch(Inbound):
    """Several messages in one frame; they are accepted in their order, each by itself."""

    messages: list[SendBody] = Field(min_length=1, max_length=limits.SEND_BATCH_MAX_COUNT)


class NoData(Inbound):
    """The data of an action that takes none."""


class Refusal(Outbound):
    """One message of a batch that was refused; the others stand. `unavailable` may be sent again."""

    client_message_id: str
    status: Literal["refused"] = "refused"
    code: SocketCode


class SendResults(Outbound):
    """The outcome of each message of a batch, in the batch's order."""

    results: list[SendAnswer | Refusal]


class PongData(Outbound):
    """The server's time, and whether the socket missed something."""

    server_time: Time
    missed: Literal[True] | None = Field(
        default=None,
        exclude_if=lambda missed: missed is None,
        description=(
            "There only where events may not have reached this socket since it opened or since this was last said: "
            "ask for sync, and join again what is open."
        ),
    )


AnswerData = (
    SendAnswer
    | SendResults
    | ChangeAnswer
    | PointersAnswer
    | SyncAnswer
    | JoinAnswer
    | RoomAnswer
    | PongData
    | ErrorData
)


class Answer(Outbound):
    """The one answer to a frame that carried a requestId; an error also to one that did not."""

    event: str
    request_id: str | None = Field(default=None, exclude_if=lambda request_id: request_id is None)
    data: AnswerData


def encode_receipt_answer(request_id: str, outcome: Membership | ParleyError) -> bytes:
    """The frame that answers a receipt, once it is stored or cannot be."""
    if isinstance(outcome, ParleyError):
        return Answer(event="error", request_id=request_id, data=make_error_data(outcome)).to_json()
    return Answer(event="chat:seen:ack", request_id=request_id, data=encode_pointers(outcome)).to_json()
