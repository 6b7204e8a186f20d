"""Every action of a socket against who may not do it, and against what nobody should send.

The actions are read from the code that runs them, and their data from the models, so that a new one cannot escape.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from parley.domain.models import Identity
from parley.entry.actions import Actions
from parley.protocol.errors import SocketCode
from tests.unit.entry.stack import Stack
from tests.unit.entry.test_every_route import BAD_BODIES, BAD_VALUES
from tests.unit.entry.test_websocket import Socket
from tests.unit.services.world import draft

Json = dict[str, Any]

CANARY = "canary-51d0c6"
ACTIONS = sorted(Actions(Stack())._by_name)
CODES = set(get_args(SocketCode)) - {"internal"}


class Place:
    """Ann's and Ben's group with a message of Ann's, and Zed, who has nothing to do with them."""

    def __init__(self) -> None:
        self.stack = Stack()
        self.ann, self.ben, self.zed = (self.stack.add_user(name) for name in ("ann", "ben", "zed"))
        self.group = self.stack.make_group(self.ann, self.ben).conversation.conversation_id
        (self.message,) = self.stack.store(self.ann, draft(self.group))

    def data_of(self, action: str, *, place: str | None = None, message: str | None = None) -> Json:
        """Good data for an action."""
        group, message_id = place or self.group, message or self.message.message_id
        by_name: dict[str, Json] = {
            "send": {"conversationId": group, "clientMessageId": "two", "content": CANARY},
            "edit": {"messageId": message_id, "content": CANARY},
            "delete": {"messageId": message_id},
            "react": {"messageId": message_id, "emoji": "👍"},
            "seen": {"conversationId": group, "seq": 1},
            "join": {"conversationId": group},
            "leave": {"conversationId": group},
            "typing": {"conversationId": group, "state": "start"},
            "sync": {},
            "ping": {},
        }
        kind, _, state = action.removeprefix("chat:").partition(":")
        data = by_name[kind]
        return {**data, "state": state} if state else data


@pytest.fixture
def place() -> Place:
    return Place()


def open_socket(place: Place, identity: Identity) -> Socket:
    place.stack.open_socket(identity, f"c-{identity.user_id}")
    return Socket(place.stack, identity)


@pytest.mark.parametrize("action", ACTIONS)
def test_good_data_is_taken(place: Place, action: str) -> None:
    answer = open_socket(place, place.ann).send(action, place.data_of(action))
    assert answer is None or answer["event"] != "error", answer


@pytest.mark.parametrize("action", [one for one in ACTIONS if one != "ping" and "sync" not in one])
def test_what_is_not_yours_looks_like_what_is_not(place: Place, action: str) -> None:
    place.stack.groups.change_members(place.ann, place.group, remove=[place.ben.user_id])
    for caller in (place.zed, place.ben):
        socket = open_socket(place, caller)
        theirs = socket.send(action, place.data_of(action))
        nobodys = socket.send(action, place.data_of(action, place="c_nothing", message="m_nothing"))
        if action.removeprefix("chat:") == "leave":
            # Who is in no room leaves none, whether or not there is one.
            assert theirs["event"] == nobodys["event"]
            continue
        assert theirs["data"]["code"] == "not_found", theirs
        assert theirs == nobodys


@pytest.mark.parametrize("action", ACTIONS)
def test_nobodys_socket_does_nothing(place: Place, action: str) -> None:
    socket = open_socket(place, place.ann)
    socket.sign_off()
    answer = socket.send(action, place.data_of(action))
    assert (answer["event"], answer["data"]["code"]) == ("error", "unauthorized")
    assert place.stack.publisher.records == []


@pytest.mark.parametrize("action", ["send", "edit", "react"])
def test_the_blocked_do_not_write(place: Place, action: str) -> None:
    stack = place.stack
    direct = stack.make_direct(place.ann, place.ben).conversation.conversation_id
    (message,) = stack.store(place.ben, draft(direct))
    stack.users.block_user(place.ann, place.ben.user_id)
    data = place.data_of(action, place=direct, message=message.message_id)
    answer = open_socket(place, place.ben).send(action, data)
    assert answer["data"]["code"] == "blocked"


def bad_frames(action: str, data: Json) -> Iterator[str]:
    for body in BAD_BODIES:
        text = body.decode("utf-8", "replace")
        yield text
        yield f'{{"action": "{action}", "requestId": "r", "data": {text or "?"}}}'
    yield json.dumps({"action": action, "requestId": "r", "data": {**data, "unknown": CANARY}})
    yield json.dumps({"action": action, "requestId": "r", "data": [data]})
    for value in BAD_VALUES:
        yield f'{{"action": "{action}", "requestId": {value}, "data": {json.dumps(data)}}}'
        yield f'{{"action": {value}, "requestId": "r", "data": {json.dumps(data)}}}'
    for field in (
        *data,
        "status",
        "state",
        "remove",
        "replyTo",
        "mentions",
        "attachments",
        "type",
        "messages",
        "token",
    ):
        start = json.dumps({name: value for name, value in data.items() if name != field})[:-1]
        start += ", " if len(start) > 1 else ""
        for value in BAD_VALUES:
            yield f'{{"action": "{action}", "requestId": "r", "data": {start}"{field}": {value}}}}}'


@pytest.mark.parametrize("action", ACTIONS)
def test_nothing_that_is_sent_is_an_internal_error(place: Place, action: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    socket = open_socket(place, place.ann)
    for text in bad_frames(action, place.data_of(action)):
        answer = socket.send_text(text)
        if answer is not None and answer["event"] == "error":
            assert answer["data"]["code"] in CODES, text[:200]
    assert CANARY not in caplog.text
    told = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert told == []
