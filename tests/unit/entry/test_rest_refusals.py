"""What the REST side refuses, and how: always a problem document, never a 500, never a word of what was sent."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from parley.domain.models import Identity
from parley.protocol.errors import Problem
from tests.unit.entry.stack import Answer, Stack, load_event

CANARY = "canary-7f3a"
SEND = {"conversationId": "c_1", "clientMessageId": "one", "content": "Hello"}
DEEP = b'{"content":' + b"[" * 5_000 + b"]" * 5_000 + b"}"


def check_problem(answer: Answer, status: int, code: str) -> dict[str, Any]:
    assert answer.status == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json
    Problem.model_validate(problem)
    assert (problem["code"], problem["status"]) == (code, status)
    assert problem["requestId"] == answer.headers["x-request-id"]
    return problem


RAW_BODIES = {
    "empty": b"",
    "not json": b"{",
    "trailing": b'{"a":1} x',
    "nan": b'{"content": NaN}',
    "infinity": b'{"content": -Infinity}',
    "overflowing float": b'{"content": 1e999}',
    "huge integer": b'{"content": 9223372036854775808}',
    "4,000 digits": b'{"content": ' + b"9" * 4_000 + b"}",
    "deep": DEEP,
    "depth 17": b'{"content":' + b"[" * 17 + b"]" * 17 + b"}",
    "lone surrogate": b'{"content": "\\ud800"}',
    "broken utf-8": b'{"content": "\xff"}',
    "encoded surrogate": b'{"content": "\xed\xa0\x80"}',
    "byte order mark": b"\xef\xbb\xbf{}",
    "control character": b'{"content": "\x01"}',
    "name twice": b'{"conversationId":"c_1","clientMessageId":"a","clientMessageId":"b","content":"x"}',
    "array": b"[]",
    "null": b"null",
    "text": b'"text"',
    "number": b"1",
}

BODIES: dict[str, Any] = {
    "unknown field": {**SEND, CANARY: 1},
    "unknown field with an odd name": {**SEND, "$where": 1},
    "snake case": {"conversation_id": "c_1", "client_message_id": "one", "content": "Hello"},
    "operator for an id": {**SEND, "conversationId": {"$ne": None}},
    "number for a text": {**SEND, "content": 1},
    "boolean for a text": {**SEND, "content": True},
    "null for a text": {**SEND, "content": None},
    "list for a text": {**SEND, "content": ["Hello"]},
    "nul": {**SEND, "content": f"{CANARY}\0"},
    "too long": {**SEND, "content": CANARY * 1_000},
    "white space alone": {**SEND, "content": " \n\t\u2003"},
    "nothing": {**SEND, "content": ""},
    "bad client id": {**SEND, "clientMessageId": f"{CANARY} "},
    "long client id": {**SEND, "clientMessageId": "a" * 65},
    "unknown type": {**SEND, "type": CANARY},
    "text for a list": {**SEND, "mentions": CANARY},
    "numbers in a list": {**SEND, "mentions": [1]},
    "too many mentions": {**SEND, "mentions": [f"u_{number}" for number in range(51)]},
    "too many attachments": {**SEND, "attachments": [f"a_{number}" for number in range(11)]},
    "missing field": {"conversationId": "c_1", "content": CANARY},
}


@pytest.mark.parametrize("raw", RAW_BODIES.values(), ids=RAW_BODIES.keys())
@pytest.mark.parametrize("path", ["/api/chat/send", "/api/conversations", "/api/auth/register", "/api/auth/login"])
def test_bodies_that_are_no_json_are_refused(stack: Stack, ann: Identity, path: str, raw: bytes) -> None:
    check_problem(stack.request("POST", path, raw=raw, caller=ann), 422, "invalid_request")


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_bodies_that_break_a_rule_are_refused_without_an_echo(
    stack: Stack, ann: Identity, ben: Identity, body: dict[str, Any]
) -> None:
    conversation = stack.make_direct(ann, ben).conversation.conversation_id
    if body.get("conversationId") == "c_1":
        body = {**body, "conversationId": conversation}
    answer = stack.request("POST", "/api/chat/send", body, caller=ann)
    problem = check_problem(answer, 422, "invalid_request")
    assert CANARY not in answer.text.replace(f'"field":"{CANARY}"', "")
    assert problem["errors"]
    assert stack.publisher.on_topic("chat.send") == []


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "direct"},
        {"kind": CANARY, "memberId": "u_ben"},
        {"memberId": "u_ben"},
        {"kind": "direct", "memberId": "u_ben", "name": "x"},
        {"kind": "group", "name": "x", "memberIds": "u_ben"},
        {"kind": "group", "name": "x" * 101, "memberIds": ["u_ben"]},
        {"kind": "group", "name": "x", "memberIds": ["u_nobody"]},
        {"kind": "group", "name": "x", "memberIds": [], "photoUrl": "javascript:alert(1)"},
        {"kind": ["direct"], "memberId": "u_ben"},
    ],
)
def test_conversations_that_cannot_be_made(stack: Stack, ann: Identity, ben: Identity, body: dict[str, Any]) -> None:
    answer = stack.request("POST", "/api/conversations", body, caller=ann)
    check_problem(answer, 422, "invalid_request")
    assert CANARY not in answer.text


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=%2B5",
        "limit=5.0",
        "limit=1_0",
        "limit=%EF%BC%95",
        "limit=",
        "limit=9999999999999999999999",
        "limit=5&limit=6",
        "unknown=1",
        "limit=5&$where=1",
        "cursor=garbage",
        "cursor=%ff",
        "cursor=",
        "cursor=e30",
        "cursor=" + "a" * 9_000,
        "before=x",
        "before=1&after=1",
        "after=1&cursor=eyJhZnRlciI6MX0",
        "before=-1",
    ],
)
def test_queries_that_are_refused(stack: Stack, ann: Identity, ben: Identity, query: str) -> None:
    conversation = stack.make_direct(ann, ben).conversation.conversation_id
    path = f"/api/messages/conversation/{conversation}"
    check_problem(stack.request("GET", path, caller=ann, query=query), 422, "invalid_request")


@pytest.mark.parametrize("query", ["limit=0", "before=1", "cursor=eyJhZnRlciI6MX0"])
@pytest.mark.parametrize("path", ["/api/conversations", "/api/conversations/{}/members"])
def test_list_queries_that_are_refused(stack: Stack, ann: Identity, ben: Identity, path: str, query: str) -> None:
    path = path.format(stack.make_direct(ann, ben).conversation.conversation_id)
    check_problem(stack.request("GET", path, caller=ann, query=query), 422, "invalid_request")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/users/me"),
        ("POST", "/api/auth/ws-ticket"),
        ("GET", "/api/conversations"),
        ("POST", "/api/conversations"),
        ("GET", "/api/conversations/c_1"),
        ("GET", "/api/conversations/c_1/members"),
        ("POST", "/api/chat/send"),
        ("GET", "/api/messages/conversation/c_1"),
        ("GET", "/api/chat/history/c_1"),
        ("GET", "/api/messages/m_1"),
    ],
)
@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer forged", "Bearer \u00e9\u4e2d", "forged"]
)
def test_nobody_gets_in_without_a_token_whatever_else_is_wrong(
    stack: Stack, method: str, path: str, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}
    for raw in (None, b"{", b"{}"):
        body = raw if method == "POST" else None
        answer = stack.request(method, path, headers=headers, raw=body, query="unknown=1")
        check_problem(answer, 401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_token_of_an_ended_session_is_refused(stack: Stack, ann: Identity) -> None:
    stack.session_store.end_session(ann.session_id)
    check_problem(stack.request("GET", "/api/users/me", caller=ann), 401, "unauthorized")


def test_unknown_paths_and_methods(stack: Stack, ann: Identity) -> None:
    check_problem(stack.request("GET", "/api/nothing", caller=ann), 404, "not_found")
    check_problem(stack.request("GET", "/api/auth/nothing"), 404, "not_found")
    check_problem(stack.request("GET", "/api/conversations/", caller=ann), 404, "not_found")
    check_problem(stack.request("GET", "/api/\0", caller=ann), 404, "not_found")
    answer = stack.request("DELETE", "/api/conversations", caller=ann)
    check_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, POST"
    check_problem(stack.request("BREW", "/api/chat/send", caller=ann), 405, "method_not_allowed")


def test_bodies_over_the_limit_and_of_other_kinds(stack: Stack, ann: Identity) -> None:
    fits, too_large = (
        json.dumps({**SEND, "content": "a" * (size - len(json.dumps(SEND)) + 5)}).encode()
        for size in (256 * 1024, 256 * 1024 + 1)
    )
    assert (len(fits), len(too_large)) == (262_144, 262_145)
    check_problem(stack.request("POST", "/api/chat/send", raw=fits, caller=ann), 422, "invalid_request")
    check_problem(stack.request("POST", "/api/chat/send", raw=too_large, caller=ann), 413, "too_large")
    for kind in ("text/plain", "", "application/x-www-form-urlencoded", "application/merge-patch+json", ";;"):
        answer = stack.request("POST", "/api/chat/send", SEND, caller=ann, headers={"content-type": kind})
        check_problem(answer, 415, "unsupported_media_type")
    answer = stack.request(
        "POST",
        "/api/auth/login",
        {"login": "a", "password": "b"},
        headers={"content-type": "Application/JSON;charset=utf-8"},
    )
    check_problem(answer, 401, "bad_credentials")


def test_a_body_where_none_belongs_is_refused(stack: Stack, ann: Identity) -> None:
    answer = stack.request("POST", "/api/auth/ws-ticket", {"ttl": 1}, caller=ann)
    check_problem(answer, 422, "invalid_request")


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "x:y:z"},
        {"host": "[::1]:8000"},
        {"x-forwarded-port": "none"},
        {"x-forwarded-proto": "\ud800"},
        {"content-length": "many"},
        {"cookie": "a=\ud800"},
    ],
)
def test_odd_headers_upset_nothing(stack: Stack, headers: dict[str, str]) -> None:
    assert stack.request("GET", "/api/health", headers=headers).status == 200


def test_odd_paths_and_queries_upset_nothing(stack: Stack, ann: Identity) -> None:
    for path in ("/api/messages/\ud800", "/api/messages/%", "/api/messages/%2e%2e", "/api//messages/x", "/api/../x"):
        check_problem(stack.request("GET", path, caller=ann), 404, "not_found")
    check_problem(stack.request("GET", "/api/conversations", caller=ann, query="%&=&;\ud800"), 422, "invalid_request")


def test_faults_of_our_own_are_told_without_a_word_of_what_was_sent(
    stack: Stack, ann: Identity, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError(f"cannot handle {CANARY}")

    monkeypatch.setattr(stack.chat, "send_message", fail)
    with caplog.at_level(logging.DEBUG):
        answer = stack.request("POST", "/api/chat/send", {**SEND, "content": CANARY}, caller=ann)
    check_problem(answer, 500, "internal")
    assert CANARY not in answer.text
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert "RuntimeError" in record.__dict__["stack"]
    assert CANARY not in "".join(str(record.__dict__) for record in caplog.records)


def test_every_answer_has_security_headers(stack: Stack, ann: Identity) -> None:
    answers = [
        stack.request("GET", "/api/users/me", caller=ann),
        stack.request("GET", "/api/users/me"),
        stack.request("GET", "/api/nothing"),
        stack.request("GET", "/api/docs"),
    ]
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-request-id"] == load_event("rest_chat.send")["requestContext"]["requestId"]


def test_stores_that_are_away_give_503(stack: Stack, ann: Identity) -> None:
    stack.session_store.reachable = False
    answer = stack.request("GET", "/api/users/me", caller=ann)
    check_problem(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "1"
