"""How clients are told that they act too often."""

from __future__ import annotations

import json

import pytest

from parley.domain.models import Identity
from parley.entry import sockets, websocket
from tests.unit.entry.stack import Context, Stack, load_event

SMALL = "send=1/2,write=1/3,frame=1/2,seen=1/1,login_account=0.1/2,login_address=1/3,connect=0.1/1"


@pytest.fixture
def stack() -> Stack:
    return Stack(rate_limits=SMALL)


def test_sends_over_rest_are_counted_and_told(stack: Stack, ann: Identity, ben: Identity) -> None:
    conversation = stack.make_direct(ann, ben).conversation.conversation_id
    body = {"conversationId": conversation, "clientMessageId": "one", "content": "Hello"}
    first, _, third = (stack.request("POST", "/api/chat/send", body, caller=ann) for _ in range(3))
    assert first.status == 202
    assert first.headers["ratelimit-policy"] == '"send";q=2;w=2'
    assert first.headers["ratelimit"] == '"send";r=1;t=1'
    assert (third.status, third.json["code"]) == (429, "rate_limited")
    assert third.headers["content-type"] == "application/problem+json"
    assert third.headers["retry-after"] == "1"
    assert third.headers["ratelimit"] == '"send";r=0;t=1'
    assert stack.request("POST", "/api/chat/send", body, caller=ben).status == 202
    stack.clock.advance(1)
    assert stack.request("POST", "/api/chat/send", body, caller=ann).status == 202


def test_other_writes_have_a_bucket_and_reads_have_none(stack: Stack, ann: Identity) -> None:
    statuses = [stack.request("PATCH", "/api/users/me", {"about": "x"}, caller=ann).status for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    for _ in range(9):
        answer = stack.request("GET", "/api/users/me", caller=ann)
        assert answer.status == 200
        assert "ratelimit" not in answer.headers


def test_who_has_no_token_takes_none(stack: Stack, ann: Identity) -> None:
    for _ in range(9):
        assert stack.request("PATCH", "/api/users/me", {"about": "x"}).status == 401
    assert stack.request("PATCH", "/api/users/me", {"about": "x"}, caller=ann).status == 200


def test_logins_are_counted_by_account_and_address(stack: Stack, ann: Identity) -> None:
    body = {"login": "ann", "password": "wrong"}
    answers = [stack.request("POST", "/api/auth/login", body) for _ in range(3)]
    assert [answer.status for answer in answers] == [401, 401, 429]
    assert answers[2].headers["retry-after"] == "10"
    assert answers[2].headers["ratelimit"].startswith('"login_account";r=0')
    other = stack.request("POST", "/api/auth/login", {"login": "ben", "password": "wrong"})
    assert (other.status, other.headers["ratelimit"].split(";")[0]) == (429, '"login_address"')
    stack.rate_limiter.reachable = False
    closed = stack.request("POST", "/api/auth/login", body)
    assert (closed.status, closed.json["code"]) == (503, "unavailable")


def test_registering_is_counted_by_address(stack: Stack) -> None:
    statuses = [stack.request("POST", "/api/auth/register", {"username": "x"}).status for _ in range(4)]
    assert statuses == [422, 422, 422, 429]


def test_addresses_behind_the_sites_distribution_are_told_apart_by_its_word_alone(stack: Stack) -> None:
    def statuses(key: str) -> list[int]:
        return [
            stack.request(
                "POST",
                "/api/auth/register",
                {"username": "x"},
                headers={"x-parley-edge": key, "x-parley-address": f"198.51.100.{number}"},
            ).status
            for number in range(4)
        ]

    assert statuses(stack.edge_key) == [422] * 4
    assert statuses("made up by a client") == [422, 422, 422, 429]


def frame(stack: Stack, caller: Identity, action: str, data: object = None) -> dict[str, object]:
    event = load_event("ws_send")
    event["requestContext"]["authorizer"] = {"userId": caller.user_id, "sessionId": caller.session_id}
    event["body"] = json.dumps({"action": action, "requestId": "r", "data": data or {}})
    answer: dict[str, object] = json.loads(websocket.frame_handler(stack)(event, Context())["body"])
    return answer


def test_frames_are_counted_by_their_action(stack: Stack, ann: Identity, ben: Identity) -> None:
    conversation = stack.make_direct(ann, ben).conversation.conversation_id
    assert [frame(stack, ann, "ping")["event"] for _ in range(3)] == ["pong", "pong", "error"]
    messages = [
        {"conversationId": conversation, "clientMessageId": f"n{number}", "content": "x"} for number in range(25)
    ]
    sent = [frame(stack, ann, action, {"messages": messages}) for action in ("send", "chat:send", "send")]
    assert [answer["event"] for answer in sent] == ["chat:send:ack", "chat:send:ack", "error"]
    assert sent[2]["data"] == {
        "code": "rate_limited",
        "message": "That is too often.",
        "retryable": True,
        "retryAfter": 1,
    }
    assert frame(stack, ben, "ping")["event"] == "pong"


def test_frames_go_on_without_valkey_under_a_cap(stack: Stack, ann: Identity) -> None:
    stack.rate_limiter.reachable = False
    assert [frame(stack, ann, "ping")["event"] for _ in range(3)] == ["pong", "pong", "error"]


def test_who_connects_when_many_do_is_told_their_turn(stack: Stack, ann: Identity, ben: Identity) -> None:
    path = "/api/auth/ws-ticket"
    assert stack.request("POST", path, caller=ann).status == 201
    refused = stack.request("POST", path, caller=ben)
    assert (refused.status, refused.json["code"], refused.headers["retry-after"]) == (429, "rate_limited", "10")
    stack.clock.advance(4)
    assert stack.request("POST", path, caller=ben).headers["retry-after"] == "6"
    stack.clock.advance(6)
    assert stack.request("POST", path, caller=ben).status == 201


def test_a_socket_without_a_ticket_takes_its_turn_when_it_opens(stack: Stack, ann: Identity, ben: Identity) -> None:
    handler = sockets.connect_handler(stack)

    def connect(identity: Identity, **changes: object) -> object:
        event = load_event("ws_connect") | changes
        event["requestContext"]["authorizer"] = {"userId": identity.user_id, "sessionId": identity.session_id}
        return handler(event, Context())["statusCode"]

    assert connect(ann, queryStringParameters=None) == 200
    assert connect(ben, queryStringParameters=None) == 429
    assert connect(ben) == 200, "its ticket was given out when it was its turn"
