"""Frames on a socket and their answers."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from parley.domain.errors import BlockedError, RateLimitedError, UnavailableError
from parley.domain.models import Identity
from parley.domain.records import SendRequested
from parley.entry import websocket
from parley.protocol.errors import SocketCode
from parley.protocol.frames import Answer
from tests.unit.entry.stack import Context, Stack, load_event

CANARY = "canary-7f3a"


def context_of(identity: Identity) -> dict[str, Any]:
    return {"userId": identity.user_id, "sessionId": identity.session_id}


class Socket:
    """One open socket of somebody: frames in, frames out."""

    def __init__(self, stack: Stack, identity: Identity) -> None:
        self._handler = websocket.frame_handler(stack)
        self._authorizer: dict[str, Any] | None = context_of(identity)

    def send_text(self, text: str) -> Any:
        """The frame that answers a text, None where there is none."""
        event = load_event("ws_default")
        event["requestContext"]["authorizer"] = self._authorizer
        answer = self._handler({**event, "body": text}, Context())
        assert answer["statusCode"] == 200
        if "body" not in answer:
            return None
        Answer.model_validate_json(answer["body"])
        return json.loads(answer["body"])

    def send(self, action: str, data: Any = None, request_id: Any = "r1") -> Any:
        frame = {"action": action, "data": data} | ({} if request_id is None else {"requestId": request_id})
        return self.send_text(json.dumps(frame))

    def sign_off(self) -> None:
        """Leaves the socket without an owner, as a gateway without an authorizer would."""
        self._authorizer = None


@pytest.fixture
def socket(stack: Stack, ann: Identity) -> Socket:
    return Socket(stack, ann)


@pytest.fixture
def conversation(stack: Stack, ann: Identity, ben: Identity) -> str:
    return stack.make_direct(ann, ben).conversation.conversation_id


def body(conversation: str, number: int = 1, **changes: Any) -> dict[str, Any]:
    return {"conversationId": conversation, "clientMessageId": f"c{number}", "content": "Hello", **changes}


def check_error(answer: Any, code: str, request_id: str | None = "r1") -> dict[str, Any]:
    assert answer["event"] == "error", answer
    assert answer.get("requestId") == request_id
    data: dict[str, Any] = answer["data"]
    assert data["code"] == code
    return data


@pytest.mark.parametrize("action", ["send", "chat:send"])
def test_send_is_acknowledged_once_it_is_in_kafka(stack: Stack, socket: Socket, conversation: str, action: str) -> None:
    answer = socket.send(action, body(conversation))
    (record,) = stack.publisher.on_topic("chat.send")
    assert isinstance(record, SendRequested)
    assert answer == {
        "event": "chat:send:ack",
        "requestId": "r1",
        "data": {"messageId": record.message.message_id, "clientMessageId": "c1", "status": "accepted"},
    }


def test_a_frame_without_a_request_id_gets_no_answer_when_it_goes_well(
    stack: Stack, socket: Socket, conversation: str
) -> None:
    assert socket.send("send", body(conversation), request_id=None) is None
    assert len(stack.publisher.on_topic("chat.send")) == 1
    assert socket.send("ping", request_id=None) is None


def test_a_frame_without_a_request_id_gets_errors(socket: Socket, conversation: str) -> None:
    check_error(socket.send("send", {"conversationId": conversation}, request_id=None), "invalid_request", None)
    check_error(socket.send("nothing", request_id=None), "invalid_request", None)


def test_a_batch_is_taken_in_order_and_message_by_message(stack: Stack, socket: Socket, conversation: str) -> None:
    messages = [
        body(conversation),
        body("c_nobodys", 2),
        body(conversation, 3, content="x" * 8_001),
        body(conversation, 4),
    ]
    answer = socket.send("send", {"messages": messages})
    assert answer["event"] == "chat:send:ack"
    outcomes = [(one["clientMessageId"], one["status"], one.get("code")) for one in answer["data"]["results"]]
    assert outcomes == [
        ("c1", "accepted", None),
        ("c2", "refused", "not_found"),
        ("c3", "refused", "invalid_request"),
        ("c4", "accepted", None),
    ]
    written = [
        record.message.client_message_id for record in stack.publisher.records if isinstance(record, SendRequested)
    ]
    assert written == ["c1", "c4"]


def test_after_one_that_was_not_handed_over_the_rest_of_its_conversation_is_refused(
    stack: Stack, socket: Socket, conversation: str
) -> None:
    stack.publisher.fails = lambda record: (
        isinstance(record, SendRequested) and record.message.client_message_id == "c2"
    )
    answer = socket.send("send", {"messages": [body(conversation, number) for number in (1, 2, 3)]})
    outcomes = [(one["status"], one.get("code")) for one in answer["data"]["results"]]
    assert outcomes == [("accepted", None), ("refused", "unavailable"), ("refused", "unavailable")]


@pytest.mark.parametrize(
    "data",
    [
        {"messages": []},
        {"messages": [{}] * 26},
        {"messages": None},
        {"messages": {}},
        {"messages": [1]},
        {"messages": [], "conversationId": "c"},
        None,
        [],
        "text",
        1,
        {},
        {"conversationId": {"$gt": ""}, "clientMessageId": "c1", "content": "Hello"},
        {"conversationId": "c", "clientMessageId": "c1", "content": "Hello", "isAdmin": True},
    ],
)
def test_malformed_data_refuses_the_frame_whole(stack: Stack, socket: Socket, data: Any) -> None:
    check_error(socket.send("send", data), "invalid_request")
    assert stack.publisher.records == []


def test_one_malformed_message_refuses_the_frame_whole(stack: Stack, socket: Socket, conversation: str) -> None:
    check_error(
        socket.send("send", {"messages": [body(conversation), body(conversation, 2, content=1)]}), "invalid_request"
    )
    assert stack.publisher.records == []


def test_ping(socket: Socket) -> None:
    pong: dict[str, Any] = {"event": "pong", "requestId": "r1", "data": {"serverTime": "2026-01-31T12:00:00.000Z"}}
    # A socket that nobody registered may have missed anything; it is said to who hears it, and once.
    assert socket.send("ping", request_id=None) is None
    assert socket.send("ping") == pong | {"data": pong["data"] | {"missed": True}}
    assert socket.send("ping") == pong
    assert socket.send("ping", {}) == pong
    assert socket.send_text('{"action":"ping","requestId":"r1"}') == pong
    check_error(socket.send("ping", {"x": 1}), "invalid_request")
    check_error(socket.send("ping", []), "invalid_request")


@pytest.mark.parametrize("action", ["", "Send", "edit:", "$connect", "__class__", "run", CANARY])
def test_an_unknown_action_is_told_with_the_request_id(socket: Socket, action: str) -> None:
    data = check_error(socket.send(action), "invalid_request")
    assert CANARY not in json.dumps(data)
    assert data["retryable"] is False


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "{",
        "[]",
        "null",
        "1",
        '{"action":"ping","requestId":"r1","data":NaN}',
        '{"action":"ping","requestId":"r1","data":' + "[" * 5_000 + "]" * 5_000 + "}",
        '{"action":"ping","requestId":"r1","data":"\\ud800"}',
        '{"action":"ping","requestId":"r1","data":"\ud800"}',
        '{"action":"ping","requestId":"r1","requestId":"r2"}',
        '{"action":"ping","action":"send","requestId":"r1"}',
        '{"action":"ping","requestId":"r1","data":9223372036854775808}',
        '{"action":"ping","requestId":""}',
        '{"action":"ping","requestId":null,"data":1}',
        '{"action":"ping","requestId":1}',
        '{"action":"ping","requestId":{}}',
        '{"action":"ping","requestId":"' + "r" * 65 + '"}',
    ],
)
def test_a_frame_that_cannot_be_read_gets_an_error_without_request_id(socket: Socket, text: str) -> None:
    check_error(socket.send_text(text), "invalid_request", None)


@pytest.mark.parametrize(
    "text",
    [
        '{"requestId":"r1"}',
        '{"action":1,"requestId":"r1"}',
        '{"action":["send"],"requestId":"r1"}',
        '{"action":"ping","requestId":"r1","extra":1}',
        '{"action":"ping","request_id":"r1","requestId":"r1"}',
    ],
)
def test_a_bad_frame_with_a_good_request_id_gets_it_back(socket: Socket, text: str) -> None:
    check_error(socket.send_text(text), "invalid_request")


def test_request_ids_of_64_characters_and_any_script_come_back(socket: Socket) -> None:
    for request_id in ("r" * 64, "é🙂" * 32, " ", "\0"):
        assert socket.send("ping", request_id=request_id)["requestId"] == request_id


def test_a_stranger_hears_not_found(stack: Stack, conversation: str, eve: Identity) -> None:
    theirs = Socket(stack, eve).send("send", body(conversation))
    nobodys = Socket(stack, eve).send("send", body("c_nothing"))
    check_error(theirs, "not_found")
    assert theirs == nobodys


def test_a_socket_without_an_identity_is_told_so(socket: Socket, conversation: str) -> None:
    socket.sign_off()
    check_error(socket.send("send", body(conversation)), "unauthorized")


def test_what_is_away_is_told_as_retryable(stack: Stack, socket: Socket, conversation: str) -> None:
    stack.conversation_store.reachable = False
    data = check_error(socket.send("send", body(conversation)), "unavailable")
    assert data["retryable"] is True
    assert data["retryAfter"] >= 1


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (BlockedError("One of you has blocked the other."), {"code": "blocked", "retryable": False}),
        (RateLimitedError("Slower.", retry_after_s=2.4), {"code": "rate_limited", "retryable": True, "retryAfter": 3}),
        (UnavailableError("Later."), {"code": "unavailable", "retryable": True, "retryAfter": 1}),
    ],
)
def test_errors_of_the_domain_keep_their_code(
    stack: Stack, socket: Socket, monkeypatch: pytest.MonkeyPatch, error: Exception, expected: dict[str, Any]
) -> None:
    def fail(*args: object) -> None:
        raise error

    monkeypatch.setattr(stack.chat, "send_message", fail)
    data = check_error(socket.send("send", body("c_1")), expected["code"])
    assert {key: data[key] for key in expected} == expected


def test_faults_of_our_own_become_an_internal_error_and_a_log_line(
    stack: Stack, socket: Socket, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError(f"cannot handle {CANARY}")

    monkeypatch.setattr(stack.chat, "send_message", fail)
    with caplog.at_level(logging.DEBUG):
        data = check_error(socket.send("send", body("c_1", content=CANARY)), "internal")
    assert CANARY not in json.dumps(data)
    assert "RuntimeError" in caplog.records[-1].__dict__["stack"]
    assert CANARY not in "".join(str(record.__dict__) for record in caplog.records)


def test_the_sample_events_get_answers(stack: Stack, ann: Identity) -> None:
    handler = websocket.frame_handler(stack)
    for name, request_id in (("ws_send", "r1"), ("ws_default", "r2")):
        answer = json.loads(handler(load_event(name), Context())["body"])
        assert answer["requestId"] == request_id


def test_socket_codes_are_those_of_the_contract() -> None:
    assert set(SocketCode.__args__) == {  # type: ignore[attr-defined]  # a Literal has its values there
        "invalid_request",
        "unauthorized",
        "forbidden",
        "blocked",
        "not_found",
        "rate_limited",
        "too_large",
        "unavailable",
        "internal",
        "conflict",
        "sync_token_invalid",
    }
