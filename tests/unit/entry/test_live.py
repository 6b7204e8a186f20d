"""Rooms, typing and presence through the functions: frames, opening, closing, the sweep and REST."""

from __future__ import annotations

import json
from typing import Any

import pytest

from parley.domain.models import Identity
from parley.entry import schedules, sockets
from tests.unit.entry.stack import Context, Stack, load_event
from tests.unit.entry.test_websocket import Socket


@pytest.fixture
def here(stack: Stack, ann: Identity, ben: Identity) -> str:
    return stack.make_direct(ann, ben).conversation.conversation_id


def lifecycle_event(name: str, identity: Identity, connection_id: str) -> dict[str, Any]:
    event = load_event(name)
    event["requestContext"]["authorizer"] = {"userId": identity.user_id, "sessionId": identity.session_id}
    event["requestContext"]["connectionId"] = connection_id
    return event


def open_socket(stack: Stack, identity: Identity, connection_id: str) -> None:
    answer = sockets.connect_handler(stack)(lifecycle_event("ws_connect", identity, connection_id), Context())
    assert answer == {"statusCode": 200}


def heard(stack: Stack, connection_id: str) -> list[str]:
    return [json.loads(frame)["event"] for frame in stack.push.frames.get(connection_id, [])]


@pytest.mark.parametrize("prefix", ["", "chat:"])
def test_join_and_leave(stack: Stack, ann: Identity, ben: Identity, here: str, prefix: str) -> None:
    socket = Socket(stack, ann)
    answer = socket.send(f"{prefix}join", {"conversationId": here})
    assert answer == {
        "event": "chat:join:ack",
        "requestId": "r1",
        "data": {"conversationId": here, "online": ["u_ann"]},
    }
    answer = socket.send(f"{prefix}leave", {"conversationId": here})
    assert (answer["event"], answer["data"]) == ("chat:leave:ack", {"conversationId": here})
    assert socket.send("join", {"conversationId": "c_none"})["data"]["code"] == "not_found"
    assert socket.send("join", {})["data"]["code"] == "invalid_request"


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("typing", {"state": "start"}),
        ("chat:typing:start", {}),
        ("chat:typing:start", {"state": "start"}),
    ],
)
def test_typing(stack: Stack, ann: Identity, ben: Identity, action: str, data: dict[str, str]) -> None:
    here = stack.make_direct(ann, ben).conversation.conversation_id
    stack.rooms.join_room(ben, here, stack.open_socket(ben, "ben-1"))
    answer = Socket(stack, ann).send(action, {"conversationId": here, **data})
    assert (answer["event"], answer["data"]) == ("chat:typing:ack", {"conversationId": here})
    (frame,) = stack.push.frames["ben-1"]
    update = {"conversationId": here, "userId": "u_ann", "state": "start"}
    assert json.loads(frame) == {"event": "chat:typing:update", "data": update}


def test_bad_typing(stack: Stack, ann: Identity, here: str) -> None:
    socket = Socket(stack, ann)
    for action, data in (
        ("typing", {"conversationId": here}),
        ("typing", {"conversationId": here, "state": "pause"}),
        ("chat:typing:start", {"conversationId": here, "state": "stop"}),
        ("chat:typing:start", None),
    ):
        assert socket.send(action, data)["data"]["code"] == "invalid_request"


def test_opening_and_closing_are_told_to_who_joined(stack: Stack, ann: Identity, ben: Identity, here: str) -> None:
    open_socket(stack, ann, "ann-1")
    stack.rooms.join_room(ann, here, stack.open_socket(ann, "ann-1"))
    open_socket(stack, ben, "ben-1")
    assert heard(stack, "ann-1") == ["presence:update"]
    assert heard(stack, "ben-1") == []
    event = lifecycle_event("ws_disconnect", ben, "ben-1")
    for _ in range(2):
        assert sockets.disconnect_handler(stack)(event, Context()) == {"statusCode": 200}
    assert heard(stack, "ann-1") == ["presence:update", "presence:update"]


def test_the_sweep(stack: Stack, ann: Identity) -> None:
    stack.open_socket(ann, "ann-1")
    stack.push.outcomes["ann-1"] = "gone"
    stack.clock.advance(30)
    assert schedules.sweep_handler(stack)(load_event("sweep_connections"), Context()) == {"ended": 1}


def test_presence_over_rest(stack: Stack, ann: Identity, ben: Identity, eve: Identity, here: str) -> None:
    open_socket(stack, ben, "ben-1")
    answer = stack.request("GET", "/api/users/presence", caller=ann, query={"ids": "u_ben,u_eve,u_none"})
    now = "2026-01-31T12:00:00.000Z"
    assert (answer.status, answer.json) == (200, {"items": [{"userId": "u_ben", "online": True, "lastSeenAt": now}]})
    too_many = ",".join(f"u_{number}" for number in range(101))
    for query in ({}, {"ids": too_many}, {"ids": "u_ben", "more": "1"}):
        assert stack.request("GET", "/api/users/presence", caller=ann, query=query).status == 422
