"""Edits, deletes and reactions over both transports, and their consumer."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from parley.domain.models import AcceptedChange, Connection, Identity, Message
from parley.domain.records import ChangeRequested, MessageChanged
from parley.entry import streams
from tests.unit.entry.stack import Context, Stack, kafka_event
from tests.unit.entry.test_websocket import Socket
from tests.unit.services.world import draft


@pytest.fixture
def hello(stack: Stack, ann: Identity, ben: Identity) -> Message:
    place = stack.make_direct(ann, ben).conversation.conversation_id
    (message,) = stack.store(ann, draft(place))
    return message


def requested(stack: Stack) -> list[AcceptedChange]:
    return [record.change for record in stack.publisher.records if isinstance(record, ChangeRequested)]


@pytest.mark.parametrize(
    ("request_line", "kind"),
    [
        ("PUT /api/chat/{}", "edit"),
        ("PATCH /api/chats/messages/{}", "edit"),
        ("DELETE /api/chat/{}", "delete"),
        ("DELETE /api/chats/messages/{}", "delete"),
        ("PUT /api/chat/{}/reactions/👍", "react"),
        ("DELETE /api/chat/{}/reactions/👍", "react"),
    ],
)
def test_changes_over_rest(stack: Stack, ann: Identity, hello: Message, request_line: str, kind: str) -> None:
    method, path = request_line.split()
    body = {"content": "New"} if kind == "edit" else None
    answer = stack.request(method, path.format(hello.message_id), body, caller=ann)

    assert (answer.status, answer.json) == (202, {"messageId": hello.message_id, "status": "accepted"})
    (change,) = requested(stack)
    assert (change.kind, change.message_id, change.user_id) == (kind, hello.message_id, "u_ann")
    assert change.remove is (kind == "react" and method == "DELETE")


def test_refusals_over_rest(stack: Stack, ann: Identity, ben: Identity, eve: Identity, hello: Message) -> None:
    path = f"/api/chat/{hello.message_id}"
    not_mine = stack.request("PUT", path, {"content": "x"}, caller=eve)
    not_there = stack.request("PUT", "/api/chat/m_none", {"content": "x"}, caller=eve)
    assert not_mine.status == not_there.status == 404
    assert {**not_mine.json, "requestId": ""} == {**not_there.json, "requestId": ""}
    assert stack.request("PUT", path, {"content": "x"}, caller=ben).status == 403
    assert stack.request("DELETE", path, caller=ben).status == 403
    for bad in ({}, {"content": ""}, {"content": 1}, {"content": "x", "more": 1}):
        assert stack.request("PUT", path, bad, caller=ann).status == 422
    assert stack.request("PUT", f"{path}/reactions/{quote('no emoji')}", caller=ann).status == 422
    assert stack.request("POST", path, {}, caller=ann).status == 405
    assert requested(stack) == []


@pytest.mark.parametrize("prefix", ["", "chat:"])
def test_changes_on_a_socket(stack: Stack, ann: Identity, hello: Message, prefix: str) -> None:
    socket = Socket(stack, ann)
    for action, data in (
        ("edit", {"content": "New"}),
        ("delete", {}),
        ("react", {"emoji": "👍"}),
        ("react", {"emoji": "👍", "remove": True}),
    ):
        answer = socket.send(f"{prefix}{action}", {"messageId": hello.message_id, **data})
        assert answer == {
            "event": f"chat:{action}:ack",
            "requestId": "r1",
            "data": {"messageId": hello.message_id, "status": "accepted"},
        }
    assert [(change.kind, change.remove) for change in requested(stack)] == [
        ("edit", False),
        ("delete", False),
        ("react", False),
        ("react", True),
    ]
    assert socket.send("edit", {"messageId": "m_none", "content": "x"})["data"]["code"] == "not_found"
    assert socket.send("react", {"messageId": hello.message_id})["data"]["code"] == "invalid_request"
    assert socket.send("edit", None)["data"]["code"] == "invalid_request"


def test_an_edit_of_a_deleted_message_is_a_conflict(stack: Stack, ann: Identity, hello: Message) -> None:
    stack.editing.delete_message(ann, hello.message_id)
    stack.changing.apply_changes(requested(stack))
    answer = stack.request("PUT", f"/api/chat/{hello.message_id}", {"content": "x"}, caller=ann)
    assert (answer.status, answer.json["code"]) == (409, "conflict")
    data = {"messageId": hello.message_id, "content": "x"}
    assert Socket(stack, ann).send("edit", data)["data"]["code"] == "conflict"


def test_the_consumer_makes_changes_and_members_are_pushed_them(
    stack: Stack, ann: Identity, ben: Identity, hello: Message
) -> None:
    stack.editing.edit_message(ann, hello.message_id, "New")
    stack.editing.react(ben, hello.message_id, "👍")
    stack.editing.delete_message(ann, hello.message_id)
    records = [record for record in stack.publisher.records if isinstance(record, ChangeRequested)]
    stack.forget_traces()
    poison = b'{"kind":"ChangeRequested","record":{}}'

    answer = streams.apply_changes_handler(stack)(
        kafka_event("chat.edit", [records[0], poison, *records[1:]]), Context()
    )

    assert answer == {"batchItemFailures": []}
    assert len(stack.publisher.on_topic("dead.apply_changes")) == 1
    events = [record for record in stack.publisher.records if isinstance(record, MessageChanged)]
    stack.registry.add_connection(
        Connection("ben-1", ben.user_id, "s_ben", "http://gateway.test/ws", stack.clock.now())
    )
    streams.fan_out_handler(stack)(kafka_event("chat.receive", events), Context())
    (frame,) = stack.push.frames["ben-1"]
    edited, reacted, deleted = json.loads(frame)
    assert (edited["event"], edited["data"]["rev"], edited["data"]["message"]["content"]) == (
        "message:update",
        3,
        "New",
    )
    assert reacted["data"]["message"]["reactions"] == [{"emoji": "👍", "count": 1, "userIds": ["u_ben"]}]
    assert deleted == {
        "event": "message:delete",
        "data": {"conversationId": hello.conversation_id, "messageId": hello.message_id, "seq": 1, "rev": 5},
    }
