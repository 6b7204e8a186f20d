"""REST: accounts, sessions and users."""

from __future__ import annotations

import pytest

from bench.client import Device
from bench.client.rest import Json
from tests.e2e.conformance.cast import DEADLINE_S, PASSWORD, Cast, check_problem, heard, until


def registration(cast: Cast, name: str, **changes: object) -> Json:
    username = f"{name}.{cast.run_id}"
    return {"username": username, "email": f"{username}@example.com", "password": PASSWORD, **changes}


async def test_register(cast: Cast) -> None:
    """POST /api/auth/register: 201 {user with email, accessToken, refreshToken, expiresIn}."""
    answer = await cast.ok(201, "POST", "/api/auth/register", body=registration(cast, "dee", displayName="Dee"))
    assert answer.keys() == {"user", "accessToken", "refreshToken", "expiresIn"}
    fields = {"userId", "username", "displayName", "avatarUrl", "about", "createdAt", "email"}
    assert answer["user"].keys() == fields
    assert answer["user"]["displayName"] == "Dee"
    dee = await cast.client.login(f"dee.{cast.run_id}", PASSWORD)
    await cast.ok(204, "DELETE", "/api/users/me", dee, body={"password": PASSWORD})


@pytest.mark.parametrize("field", ["username", "email"])
async def test_register_taken(cast: Cast, field: str) -> None:
    """POST /api/auth/register: 409 conflict for what is taken, compared without case."""
    body = registration(cast, "other")
    taken = registration(cast, "ada")[field] if field == "username" else registration(cast, "ada")[field].upper()
    await cast.refused(
        409,
        "conflict",
        "POST",
        "/api/auth/register",
        body={**body, field: taken if field == "username" else taken.upper()},
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"username": "Upper"},
        {"username": "ab"},
        {"password": "short"},
        {"password": "x" * 129},
        {"email": "none"},
        {"extra": 1},
    ],
    ids=["upper-case username", "username of 2", "short password", "password of 129", "no email", "unknown field"],
)
async def test_register_invalid(cast: Cast, changes: Json) -> None:
    """POST /api/auth/register: 422 invalid_request, naming the field."""
    problem = await cast.refused(
        422, "invalid_request", "POST", "/api/auth/register", body=registration(cast, "bad", **changes)
    )
    assert [error["field"] for error in problem["errors"]] == list(changes)


async def test_login(cast: Cast) -> None:
    """POST /api/auth/login: 200 by username or email, of any case."""
    for login in (cast.ada.username, f"{cast.ada.username}@EXAMPLE.com"):
        answer = await cast.ok(200, "POST", "/api/auth/login", body={"login": login, "password": PASSWORD})
        assert answer["user"]["userId"] == cast.ada.user_id
        assert answer.keys() == {"user", "accessToken", "refreshToken", "expiresIn"}


async def test_bad_credentials(cast: Cast) -> None:
    """POST /api/auth/login: 401 bad_credentials, the same for a wrong password and an unknown login."""
    told = []
    for login in (cast.cy.username, f"nobody.{cast.run_id}"):
        body = {"login": login, "password": "not the password of anybody"}
        problem = await cast.refused(401, "bad_credentials", "POST", "/api/auth/login", body=body)
        told.append({**problem, "requestId": ""})
    assert told[0] == told[1]


async def test_refresh(cast: Cast) -> None:
    """POST /api/auth/refresh: rotates; a retry gets the same answer; a reuse of an older one ends the session."""
    body = {"login": cast.ben.username, "password": PASSWORD}
    first = (await cast.ok(200, "POST", "/api/auth/login", body=body))["refreshToken"]
    second = await cast.ok(200, "POST", "/api/auth/refresh", body={"refreshToken": first})
    assert second["refreshToken"] != first
    again = await cast.ok(200, "POST", "/api/auth/refresh", body={"refreshToken": first})
    assert again == second
    third = await cast.ok(200, "POST", "/api/auth/refresh", body={"refreshToken": second["refreshToken"]})
    await cast.refused(401, "unauthorized", "POST", "/api/auth/refresh", body={"refreshToken": first})
    await cast.refused(401, "unauthorized", "POST", "/api/auth/refresh", body={"refreshToken": third["refreshToken"]})


async def test_logout(cast: Cast) -> None:
    """POST /api/auth/logout: 204; refresh token dead, sockets closed with session:ended, access token dead in 5 s."""
    answer = await cast.ok(
        200, "POST", "/api/auth/login", body={"login": cast.cy.username, "password": PASSWORD, "deviceName": "Phone"}
    )
    cast.cy.access_token = answer["accessToken"]
    (device,) = await cast.devices(cast.cy)
    await cast.ok(204, "POST", "/api/auth/logout", cast.cy)
    assert (await heard(device, "session:ended"))["reason"] == "logout"
    await device.wait_closed(timeout_s=DEADLINE_S)
    await cast.refused(401, "unauthorized", "POST", "/api/auth/refresh", body={"refreshToken": answer["refreshToken"]})
    await until(lambda: cast.ask("GET", "/api/users/me", cast.cy), lambda answer: answer.status_code == 401)


async def test_logout_all(cast: Cast) -> None:
    """POST /api/auth/logout-all: 204; the sockets of all sessions close."""
    gil = await cast.newcomer("gil")
    other = await cast.client.login(gil.username, PASSWORD)
    one, two = await cast.devices(gil, other)
    await cast.ok(204, "POST", "/api/auth/logout-all", gil)
    for device in (one, two):
        await heard(device, "session:ended")
        await device.wait_closed(timeout_s=DEADLINE_S)
    cast.forget("gil")


async def test_sessions(cast: Cast) -> None:
    """GET, DELETE /api/auth/sessions: the devices with the current one; 204 ends one; 404 for one of somebody else."""
    other = await cast.client.login(cast.ben.username, PASSWORD, device_name="Tablet")
    listed = (await cast.ok(200, "GET", "/api/auth/sessions", cast.ben))["items"]
    assert sum(session["current"] for session in listed) == 1
    (tablet,) = [session for session in listed if session["deviceName"] == "Tablet"]
    assert tablet.keys() == {"sessionId", "deviceName", "createdAt", "lastSeenAt", "current"}
    path = f"/api/auth/sessions/{tablet['sessionId']}"
    await cast.refused(404, "not_found", "DELETE", path, cast.ada)
    device = await Device.connect(other, "tablet")
    await cast.ok(204, "DELETE", path, cast.ben)
    await heard(device, "session:ended")
    await device.wait_closed(timeout_s=DEADLINE_S)


async def test_password_and_erasure(cast: Cast) -> None:
    """PUT /api/auth/password: 204 ends other sessions, 403; DELETE /api/users/me: 403, then 204 frees the name."""
    eve = await cast.newcomer("eve")
    other = await cast.client.login(eve.username, PASSWORD)
    new = f"{PASSWORD} anew"
    wrong = {"currentPassword": "not it, not at all", "newPassword": new}
    await cast.refused(403, "forbidden", "PUT", "/api/auth/password", eve, body=wrong)
    (device,) = await cast.devices(other)
    await cast.ok(204, "PUT", "/api/auth/password", eve, body={"currentPassword": PASSWORD, "newPassword": new})
    await heard(device, "session:ended")
    await cast.ok(200, "GET", "/api/users/me", eve)
    await cast.refused(403, "forbidden", "DELETE", "/api/users/me", eve, body={"password": "not it, not at all"})
    await cast.ok(204, "DELETE", "/api/users/me", eve, body={"password": new})
    cast.forget("eve")
    again = await cast.newcomer("eve")
    assert again.user_id != eve.user_id


async def test_ticket(cast: Cast) -> None:
    """POST /api/auth/ws-ticket: 201 {ticket, url, expiresIn}; the url carries the ticket."""
    answer = await cast.ok(201, "POST", "/api/auth/ws-ticket", cast.ada)
    assert answer.keys() == {"ticket", "url", "expiresIn"}
    assert answer["ticket"] in answer["url"]
    assert answer["expiresIn"] == 30


async def test_profile(cast: Cast) -> None:
    """GET, PATCH /api/users/me: the own profile with email; fields that are sent change."""
    mine = await cast.ok(200, "GET", "/api/users/me", cast.cy)
    changed = await cast.ok(200, "PATCH", "/api/users/me", cast.cy, body={"displayName": "Cyan", "about": "here"})
    assert changed == {**mine, "displayName": "Cyan", "about": "here"}
    assert (await cast.ok(200, "PATCH", "/api/users/me", cast.cy, body={"about": None}))["about"] is None
    await cast.refused(422, "invalid_request", "PATCH", "/api/users/me", cast.cy, body={"displayName": ""})


async def test_public_profile(cast: Cast) -> None:
    """GET /api/users/{userId}: 200 without the email; 404 not_found."""
    shown = await cast.ok(200, "GET", f"/api/users/{cast.ben.user_id}", cast.ada)
    assert shown.keys() == {"userId", "username", "displayName", "avatarUrl", "about", "createdAt"}
    await cast.refused(404, "not_found", "GET", "/api/users/u_aaaaaaaaaaaaaaaaaaaa", cast.ada)


async def test_user_search(cast: Cast) -> None:
    """GET /api/users?q=: by the beginning of a username; 422 under 2 characters."""
    found = await cast.ok(200, "GET", "/api/users", cast.ada, query={"q": f"ben.{cast.run_id}"})
    assert [user["userId"] for user in found["items"]] == [cast.ben.user_id]
    await cast.refused(422, "invalid_request", "GET", "/api/users", cast.ada, query={"q": "b"})


async def test_presence(cast: Cast) -> None:
    """GET /api/users/presence: {userId, online, lastSeenAt}, only for those who share a conversation."""
    await cast.direct()
    await cast.devices(cast.ben)
    query = {"ids": f"{cast.ben.user_id},{cast.cy.user_id}"}
    items = (await cast.ok(200, "GET", "/api/users/presence", cast.ada, query=query))["items"]
    shown = [item for item in items if item["userId"] == cast.ben.user_id]
    assert [item["online"] for item in shown] == [True]
    assert shown[0].keys() == {"userId", "online", "lastSeenAt"}
    many = {"ids": ",".join(f"u_{number}" for number in range(101))}
    await cast.refused(422, "invalid_request", "GET", "/api/users/presence", cast.ada, query=many)


async def test_blocks(cast: Cast) -> None:
    """PUT, DELETE /api/users/{userId}/block, GET /api/users/blocks: 204; neither can write: 403 blocked."""
    place = await cast.ada.create_direct(cast.cy.user_id)
    path = f"/api/users/{cast.cy.user_id}/block"
    await cast.ok(204, "PUT", path, cast.ada)
    listed = (await cast.ok(200, "GET", "/api/users/blocks", cast.ada))["items"]
    assert cast.cy.user_id in [user["userId"] for user in listed]
    for person in (cast.ada, cast.cy):
        body = {"conversationId": place, "clientMessageId": "blocked", "content": "no"}
        await cast.refused(403, "blocked", "POST", "/api/chat/send", person, body=body)
    await cast.ok(204, "DELETE", path, cast.ada)
    await cast.ok(202, "POST", "/api/chat/send", cast.cy, body=body)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/auth/logout"), ("GET", "/api/auth/sessions"), ("PUT", "/api/auth/password"),
        ("POST", "/api/auth/ws-ticket"), ("GET", "/api/users/me"), ("GET", "/api/users?q=ab"),
        ("GET", "/api/conversations"),
        ("POST", "/api/conversations"), ("POST", "/api/groups"), ("POST", "/api/chat/send"), ("GET", "/api/sync"),
        ("PUT", "/api/messages/status"), ("POST", "/api/attachments"),
    ],
)  # fmt: skip
async def test_unauthorized(cast: Cast, method: str, path: str) -> None:
    """Without an access token, or with a forged one: 401 unauthorized."""
    forged = cast.ada.access_token[:-6] + "AAAAAA"
    for token in (None, forged, "nonsense"):
        check_problem(await cast.client.request(method, path, token=token, body=None), 401, "unauthorized")
