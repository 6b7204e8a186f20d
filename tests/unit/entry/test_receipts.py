"""Receipts over both transports, and how members hear of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from parley.domain.models import Connection, Identity
from parley.domain.records import ReceiptMoved, ReceiptRequested
from parley.entry import streams
from tests.unit.entry.stack import Context, Stack, kafka_event
from tests.unit.entry.test_websocket import Socket
from tests.unit.services.world import draft


@pytest.fixture
def here(stack: Stack, ann: Identity, ben: Identity) -> str:
    place = stack.make_direct(ann, ben).conversation.conversation_id
    stack.store(ben, *(draft(place, number) for number in range(3)))
    return place


def test_over_rest(stack: Stack, ann: Identity, eve: Identity, here: str) -> None:
    body: dict[str, Any] = {"conversationId": here, "status": "read", "seq": 99}
    answer = stack.request("PUT", "/api/messages/status", body, caller=ann)
    assert (answer.status, answer.json) == (200, {"conversationId": here, "lastDeliveredSeq": 3, "lastReadSeq": 3})
    assert stack.request("PUT", "/api/messages/status", body, caller=eve).status == 404
    for bad in ({}, {**body, "seq": -1}, {**body, "seq": "1"}, {**body, "status": "seen"}, {**body, "more": 1}):
        assert stack.request("PUT", "/api/messages/status", bad, caller=ann).status == 422


@pytest.mark.parametrize("action", ["seen", "chat:seen"])
def test_on_a_socket_the_answer_is_pushed_once_it_is_stored(
    stack: Stack, ann: Identity, ben: Identity, here: str, action: str
) -> None:
    socket = Socket(stack, ann)
    assert socket.send(action, {"conversationId": here, "seq": 2}) is None
    records = [record for record in stack.publisher.records if isinstance(record, ReceiptRequested)]

    streams.record_receipts_handler(stack)(kafka_event("chat.seen", records), Context())

    assert records[0].receipt.connection is not None
    (frame,) = stack.push.frames[records[0].receipt.connection.connection_id]
    data = {"conversationId": here, "lastDeliveredSeq": 2, "lastReadSeq": 2}
    assert json.loads(frame) == {"event": "chat:seen:ack", "requestId": "r1", "data": data}
    events = [record for record in stack.publisher.records if isinstance(record, ReceiptMoved)]
    stack.registry.add_connection(Connection("ben-1", ben.user_id, "s_b", "http://gateway.test/ws", stack.clock.now()))
    streams.fan_out_handler(stack)(kafka_event("chat.receipt", events), Context())
    (frame,) = stack.push.frames["ben-1"]
    update = json.loads(frame)
    assert update["event"] == "chat:seen:update"
    assert update["data"].items() >= {**data, "userId": "u_ann", "joinedAt": "2026-01-31T12:00:00.000Z"}.items()
    assert "rev" not in update["data"]


def test_of_many_receipts_of_one_member_the_last_is_pushed(
    stack: Stack, ann: Identity, ben: Identity, here: str
) -> None:
    stack.registry.add_connection(Connection("ben-1", ben.user_id, "s_b", "http://gateway.test/ws", stack.clock.now()))
    events = [ReceiptMoved(here, ann.user_id, stack.clock.now(), seq, seq, 1) for seq in (1, 2, 3)]
    streams.fan_out_handler(stack)(kafka_event("chat.receipt", events), Context())
    (frame,) = stack.push.frames["ben-1"]
    assert json.loads(frame)["data"]["lastReadSeq"] == 3


def test_bad_frames_are_answered_at_once(stack: Stack, ann: Identity, here: str) -> None:
    socket = Socket(stack, ann)
    for data in (
        None,
        {},
        {"conversationId": here},
        {"conversationId": here, "seq": -1},
        {"conversationId": here, "seq": True},
    ):
        assert socket.send("seen", data)["data"]["code"] == "invalid_request"
    assert socket.send("seen", {"conversationId": "c_none", "seq": 1})["data"]["code"] == "not_found"
