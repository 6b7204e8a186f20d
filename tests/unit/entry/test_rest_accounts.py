"""Accounts and users over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from parley.domain.models import Identity
from tests.unit.entry.stack import Answer, Stack

PASSWORD = "a long enough passphrase"
DORA = {"username": "dora", "email": "dora@example.com", "password": PASSWORD}


@pytest.fixture
def dora(stack: Stack) -> dict[str, Any]:
    answer = stack.request("POST", "/api/auth/register", DORA)
    assert answer.status == 201
    found: dict[str, Any] = answer.json
    return found


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    return {"authorization": f"Bearer {tokens['accessToken']}"}


def assert_done(answer: Answer) -> None:
    assert (answer.status, answer.text) == (204, "")


def test_refresh_rotates_and_repeats_its_answer(stack: Stack, dora: dict[str, Any]) -> None:
    body = {"refreshToken": dora["refreshToken"]}
    first = stack.request("POST", "/api/auth/refresh", body)
    assert first.status == 200
    assert first.json.keys() == {"accessToken", "refreshToken", "expiresIn"}
    assert stack.request("POST", "/api/auth/refresh", body).json == first.json
    stack.clock.advance(11)
    late = stack.request("POST", "/api/auth/refresh", body)
    assert (late.status, late.json["code"]) == (401, "unauthorized")
    assert stack.request("POST", "/api/auth/refresh", {"refreshToken": first.json["refreshToken"]}).status == 401


def test_logout_and_logout_all(stack: Stack, dora: dict[str, Any]) -> None:
    other = stack.request("POST", "/api/auth/login", {"login": "dora", "password": PASSWORD}).json
    assert_done(stack.request("POST", "/api/auth/logout", headers=bearer(other)))
    assert stack.request("POST", "/api/auth/refresh", {"refreshToken": other["refreshToken"]}).status == 401
    assert_done(stack.request("POST", "/api/auth/logout-all", headers=bearer(dora)))
    stack.clock.advance(5)
    assert stack.request("GET", "/api/users/me", headers=bearer(dora)).status == 401


def test_sessions_are_listed_and_ended(stack: Stack, dora: dict[str, Any], ann: Identity) -> None:
    stack.clock.advance(2)
    login = {"login": "dora", "password": PASSWORD, "deviceName": "Laptop"}
    laptop = stack.request("POST", "/api/auth/login", login).json
    page = stack.request("GET", "/api/auth/sessions", headers=bearer(laptop), query={"limit": 1}).json
    assert page["items"] == [
        {
            "sessionId": page["items"][0]["sessionId"],
            "deviceName": "Laptop",
            "createdAt": "2026-01-31T12:00:02.000Z",
            "lastSeenAt": "2026-01-31T12:00:02.000Z",
            "current": True,
        }
    ]
    query = {"limit": 2, "cursor": page["nextCursor"]}
    rest = stack.request("GET", "/api/auth/sessions", headers=bearer(laptop), query=query).json
    assert [item["current"] for item in rest["items"]] == [False]
    assert rest["nextCursor"] is None
    phone = f"/api/auth/sessions/{rest['items'][0]['sessionId']}"
    foreign = stack.request("DELETE", phone, caller=ann)
    assert foreign.status == 404
    assert foreign == stack.request("DELETE", "/api/auth/sessions/s_none", caller=ann)
    assert_done(stack.request("DELETE", phone, headers=bearer(laptop)))
    assert stack.request("DELETE", phone, headers=bearer(laptop)).status == 404


def test_password_changes_end_the_other_sessions(stack: Stack, dora: dict[str, Any]) -> None:
    other = stack.request("POST", "/api/auth/login", {"login": "dora", "password": PASSWORD}).json
    body = {"currentPassword": "wrong", "newPassword": "another fine passphrase"}
    wrong = stack.request("PUT", "/api/auth/password", body, headers=bearer(dora))
    assert (wrong.status, wrong.json["code"]) == (403, "forbidden")
    weak = {"currentPassword": PASSWORD, "newPassword": "passwordpassword"}
    refused = stack.request("PUT", "/api/auth/password", weak, headers=bearer(dora))
    assert (refused.status, [error["field"] for error in refused.json["errors"]]) == (422, ["newPassword"])
    body["currentPassword"] = PASSWORD
    assert_done(stack.request("PUT", "/api/auth/password", body, headers=bearer(dora)))
    assert stack.request("POST", "/api/auth/refresh", {"refreshToken": other["refreshToken"]}).status == 401
    assert stack.request("POST", "/api/auth/refresh", {"refreshToken": dora["refreshToken"]}).status == 200


@pytest.mark.parametrize("password", ["passwordpassword", "dora dora dora dora", "123456789012345", "parleyparley1234"])
def test_common_passwords_are_refused(stack: Stack, password: str) -> None:
    answer = stack.request("POST", "/api/auth/register", {**DORA, "password": password})
    assert (answer.status, [error["field"] for error in answer.json["errors"]]) == (422, ["password"])


def test_a_profile_is_changed_and_seen(stack: Stack, ann: Identity, ben: Identity) -> None:
    body = {"displayName": "Ann Other", "avatarUrl": "https://example.org/a.png", "about": "Hello"}
    changed = stack.request("PATCH", "/api/users/me", body, caller=ann)
    assert changed.status == 200
    assert changed.json == stack.request("GET", "/api/users/me", caller=ann).json
    seen = stack.request("GET", f"/api/users/{ann.user_id}", caller=ben).json
    assert {key: value for key, value in changed.json.items() if key != "email"} == seen
    assert stack.request("PATCH", "/api/users/me", {"about": None}, caller=ann).json["about"] is None
    for bad in ({"displayName": None}, {"displayName": ""}, {"about": 1}, {"email": "x@example.com"}):
        assert stack.request("PATCH", "/api/users/me", bad, caller=ann).status == 422


def test_people_are_searched_for_by_pages(stack: Stack, ann: Identity) -> None:
    for name in ("anna", "anton", "bo"):
        stack.add_user(name)
    page = stack.request("GET", "/api/users", caller=ann, query={"q": "AN", "limit": 2}).json
    assert [user["username"] for user in page["items"]] == ["ann", "anna"]
    assert "email" not in page["items"][0]
    query = {"q": "an", "limit": 2, "cursor": page["nextCursor"]}
    rest = stack.request("GET", "/api/users", caller=ann, query=query).json
    assert ([user["username"] for user in rest["items"]], rest["nextCursor"]) == (["anton"], None)
    for short in ("", "q=", "q=a"):
        assert stack.request("GET", "/api/users", caller=ann, query=short).status == 422


def test_blocking_stops_both(stack: Stack, ann: Identity, ben: Identity) -> None:
    conversation = stack.make_direct(ann, ben).conversation.conversation_id
    assert_done(stack.request("PUT", f"/api/users/{ben.user_id}/block", caller=ann))
    body = {"conversationId": conversation, "clientMessageId": "one", "content": "Hello"}
    for caller in (ann, ben):
        answer = stack.request("POST", "/api/chat/send", body, caller=caller)
        assert (answer.status, answer.json["code"]) == (403, "blocked")
    blocks = stack.request("GET", "/api/users/blocks", caller=ann).json
    assert [user["userId"] for user in blocks["items"]] == [ben.user_id]
    assert stack.request("GET", "/api/users/blocks", caller=ben).json == {"items": [], "nextCursor": None}
    assert_done(stack.request("DELETE", f"/api/users/{ben.user_id}/block", caller=ann))
    assert stack.request("POST", "/api/chat/send", body, caller=ben).status == 202
    assert stack.request("PUT", "/api/users/u_none/block", caller=ann).status == 404
    assert stack.request("PUT", f"/api/users/{ann.user_id}/block", caller=ann).status == 422
