"""REST: messages, receipts, attachments, sync, the service."""

from __future__ import annotations

import json
from urllib.parse import quote

import httpx
import pytest

from bench.client.rest import Json
from tests.e2e.conformance.cast import DEADLINE_S, Cast, check_problem, until

FIELDS = {
    "messageId", "conversationId", "seq", "rev", "senderId", "clientMessageId", "type", "content", "replyTo",
    "mentions", "attachments", "reactions", "createdAt", "editedAt", "deletedAt",
}  # fmt: skip
NOTHING = "m_aaaaaaaaaaaaaaaaaaaa"
NOWHERE = "c_aaaaaaaaaaaaaaaaaaaa"
THUMB = quote("👍")


async def changed(cast: Cast, message: Json, what: str, value: object) -> Json:
    """The message once a field of it has a value."""
    path = f"/api/messages/{message['messageId']}"

    def holds(answer: httpx.Response) -> bool:
        found = answer.json()[what]
        return found is not None if value is ... else bool(found == value)

    return dict((await until(lambda: cast.ask("GET", path, cast.ada), holds)).json())


async def readable(cast: Cast, message_id: str) -> Json:
    """A message, once ben can read it."""
    path = f"/api/messages/{message_id}"
    return dict((await until(lambda: cast.ask("GET", path, cast.ben), lambda found: found.is_success)).json())


def draft(place: str, **fields: object) -> Json:
    return {"conversationId": place, "clientMessageId": "a-draft", "content": "hello", **fields}


async def test_send(cast: Cast) -> None:
    """POST /api/chat/send, /api/chats/messages/send: 202 {messageId, clientMessageId, status}; then stored."""
    place = await cast.group(cast.ben)
    for number, path in enumerate(("/api/chat/send", "/api/chats/messages/send"), 1):
        body = draft(place, clientMessageId=f"n{number}", content=f"number {number} 🦉", mentions=[cast.ben.user_id])
        answer = await cast.ok(202, "POST", path, cast.ada, body=body)
        assert answer == {"messageId": answer["messageId"], "clientMessageId": f"n{number}", "status": "accepted"}
        message = await readable(cast, answer["messageId"])
        assert message.keys() == FIELDS
        assert (message["seq"], message["content"], message["type"]) == (number, f"number {number} 🦉", "text")
        assert message["mentions"] == [cast.ben.user_id]


async def test_idempotent(cast: Cast) -> None:
    """The same clientMessageId again, with other content too, gets the first id and makes no second message."""
    place = await cast.group(cast.ben)
    first = await cast.ok(202, "POST", "/api/chat/send", cast.ada, body=draft(place))
    again = await cast.ok(202, "POST", "/api/chat/send", cast.ada, body=draft(place, content="other"))
    (device,) = await cast.devices(cast.ada)
    by_socket = await device.request("send", draft(place, content="by socket"))
    assert first == again == by_socket.data
    await cast.stored(place, "the next")
    listed = await cast.ok(200, "GET", f"/api/messages/conversation/{place}", cast.ada)
    assert [(one["seq"], one["content"]) for one in listed["items"]] == [(2, "the next"), (1, "hello")]


@pytest.mark.parametrize(
    "change",
    [
        {"content": ""}, {"content": " \n"}, {"content": "x" * 8001}, {"content": "a\0b"}, {"clientMessageId": "a b"},
        {"clientMessageId": "x" * 65}, {"replyTo": NOTHING}, {"mentions": ["u"] * 51}, {"attachments": ["a"] * 11},
        {"type": "song"}, {"extra": 1}, {"content": 5},
    ],
    ids=lambda change: next(f"{key} {str(value)[:12]!r}" for key, value in change.items()),
)  # fmt: skip
async def test_send_invalid(cast: Cast, change: Json) -> None:
    """POST /api/chat/send: 422 invalid_request."""
    body = draft(await cast.direct(), **change)
    await cast.refused(422, "invalid_request", "POST", "/api/chat/send", cast.ada, body=body)


async def test_longest(cast: Cast) -> None:
    """Content of 8,000 code points is taken, whatever they are."""
    await cast.ok(202, "POST", "/api/chat/send", cast.ada, body=draft(await cast.group(), content="🦉" * 8000))


async def test_broken_bodies(cast: Cast) -> None:
    """Broken JSON, NaN, a surrogate or depth over 16: 422; another media type: 415; over 256 KB: 413; a method: 405."""
    token = cast.ada.access_token
    for raw in (b"{", b'{"content":NaN}', b'{"content":"\\ud800"}', b"[" * 17 + b"]" * 17, b'"text"', b""):
        answer = await cast.client.request_raw("POST", "/api/chat/send", raw, token=token)
        check_problem(answer, 422, "invalid_request")
    large = json.dumps(draft("c", content="x" * (257 * 1024))).encode()
    check_problem(await cast.client.request_raw("POST", "/api/chat/send", large, token=token), 413, "too_large")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/plain"}
    async with httpx.AsyncClient(base_url=cast.base, trust_env=False, timeout=DEADLINE_S) as plain:
        answer = await plain.post("/api/chat/send", content=b"{}", headers=headers)
    check_problem(answer, 415, "unsupported_media_type")
    check_problem(await cast.ask("PATCH", "/api/chat/send", cast.ada, body={}), 405, "method_not_allowed")


async def test_strangers(cast: Cast) -> None:
    """A stranger gets 404 not_found for a conversation and its messages, with the same body as for nothing at all."""
    place = await cast.direct()
    message = await cast.stored(place)
    ways = [
        ("POST", "/api/chat/send", draft(place), draft(NOWHERE)),
        ("PUT", "/api/chat/{}", {"content": "mine"}, None), ("DELETE", "/api/chat/{}", None, None),
        ("PUT", f"/api/chat/{{}}/reactions/{THUMB}", None, None), ("GET", "/api/messages/{}", None, None),
    ]  # fmt: skip
    for method, path, body, other in ways:
        told = [
            await cast.refused(404, "not_found", method, path.format(message_id), cast.cy, body=sent)
            for message_id, sent in ((message["messageId"], body), (NOTHING, other or body))
        ]
        assert {**told[0], "requestId": ""} == {**told[1], "requestId": ""}
    for name in (place, NOWHERE):
        await cast.refused(404, "not_found", "GET", f"/api/messages/conversation/{name}", cast.cy)
        body = {"conversationId": name, "status": "read", "seq": 1}
        await cast.refused(404, "not_found", "PUT", "/api/messages/status", cast.cy, body=body)


@pytest.mark.parametrize("older", [False, True], ids=["/api/chat/{id}", "/api/chats/messages/{id}"])
async def test_edit_and_delete(cast: Cast, older: bool) -> None:
    """PUT or PATCH edits, DELETE deletes: 202; 403 for who did not send it, 409 for an edit of a deleted message."""
    message = await cast.stored(await cast.direct())
    base, edit = ("/api/chats/messages", "PATCH") if older else ("/api/chat", "PUT")
    path = f"{base}/{message['messageId']}"
    await cast.refused(403, "forbidden", edit, path, cast.ben, body={"content": "not mine"})
    await cast.refused(403, "forbidden", "DELETE", path, cast.ben)
    answer = await cast.ok(202, edit, path, cast.ada, body={"content": "edited"})
    assert answer["messageId"] == message["messageId"]
    edited = await changed(cast, message, "content", "edited")
    assert edited["rev"] > message["rev"]
    assert edited["editedAt"] is not None
    await cast.ok(202, "DELETE", path, cast.ada)
    gone = await changed(cast, message, "deletedAt", ...)
    assert (gone["content"], gone["seq"], gone["messageId"]) == (None, message["seq"], message["messageId"])
    assert (gone["mentions"], gone["attachments"], gone["reactions"]) == ([], [], [])
    await cast.ok(202, "DELETE", path, cast.ada)
    await cast.refused(409, "conflict", edit, path, cast.ada, body={"content": "back"})


async def test_moderation(cast: Cast) -> None:
    """A group's owner and admins delete what others sent; nobody edits it."""
    message = await cast.stored(await cast.group(cast.ben), who=cast.ben)
    path = f"/api/chat/{message['messageId']}"
    await cast.refused(403, "forbidden", "PUT", path, cast.ada, body={"content": "censored"})
    await cast.ok(202, "DELETE", path, cast.ada)
    await changed(cast, message, "deletedAt", ...)


async def test_reactions(cast: Cast) -> None:
    """PUT, DELETE /api/chat/{messageId}/reactions/{emoji}: 202, harmless twice; 422 for what is no emoji."""
    message = await cast.stored(await cast.direct())
    path = f"/api/chat/{message['messageId']}/reactions/"
    for _ in range(2):
        await cast.ok(202, "PUT", f"{path}{THUMB}", cast.ada)
    await changed(cast, message, "reactions", [{"emoji": "👍", "count": 1, "userIds": [cast.ada.user_id]}])
    await cast.refused(422, "invalid_request", "PUT", f"{path}word", cast.ada)
    for _ in range(2):
        await cast.ok(202, "DELETE", f"{path}{THUMB}", cast.ada)
    await changed(cast, message, "reactions", [])


async def test_history(cast: Cast) -> None:
    """GET /api/messages/conversation/{id}, /api/chat/history/{id}: newest first, or oldest first with after; pages."""
    place = await cast.group(cast.ben)
    for number in range(5):
        await cast.stored(place, f"number {number}")

    async def seqs(path: str, **query: str | int) -> tuple[list[int], str | None]:
        page = await cast.ok(200, "GET", path, cast.ben, query=query)
        return [message["seq"] for message in page["items"]], page["nextCursor"]

    for path in (f"/api/messages/conversation/{place}", f"/api/chat/history/{place}"):
        first, cursor = await seqs(path, limit=2)
        assert first == [5, 4]
        assert (await seqs(path, limit=2, cursor=cursor or ""))[0] == [3, 2]
        assert (await seqs(path, before=4, limit=2))[0] == [3, 2]
        forward, cursor = await seqs(path, after=1, limit=2)
        assert forward == [2, 3]
        assert (await seqs(path, limit=2, cursor=cursor or ""))[0] == [4, 5]
        assert (await seqs(path))[1] is None
        for limit in ("0", "101", "x"):
            await cast.refused(422, "invalid_request", "GET", path, cast.ben, query={"limit": limit})


async def test_older_history(cast: Cast) -> None:
    """GET /api/chats/messages?chatId=&page=&limit=: pages from 1, newest first."""
    place = await cast.group()
    for number in range(3):
        await cast.stored(place, f"number {number}")
    for page, expected in ((1, [3, 2]), (2, [1])):
        query: dict[str, str | int] = {"chatId": place, "page": page, "limit": 2}
        found = await cast.ok(200, "GET", "/api/chats/messages", cast.ada, query=query)
        assert [message["seq"] for message in found["items"]] == expected


async def test_receipts(cast: Cast) -> None:
    """PUT /api/messages/status: 200 with both pointers; forward only, clamped to lastSeq, read implies delivered."""
    place = await cast.group(cast.ben)
    for number in range(3):
        await cast.stored(place, f"number {number}")
    steps = [("delivered", 2, 2, 0), ("read", 1, 2, 1), ("delivered", 1, 2, 1), ("read", 99, 3, 3), ("read", 1, 3, 3)]
    for status, seq, delivered, read in steps:
        body = {"conversationId": place, "status": status, "seq": seq}
        answer = await cast.ok(200, "PUT", "/api/messages/status", cast.ben, body=body)
        assert answer == {"conversationId": place, "lastDeliveredSeq": delivered, "lastReadSeq": read}
    view = await cast.ok(200, "GET", f"/api/conversations/{place}", cast.ada)
    assert (view["lastReadSeq"], view["unreadCount"], view["lastSeq"]) == (3, 0, 3), "sending moves the sender's own"


async def test_attachments(cast: Cast) -> None:
    """POST /api/attachments: 201 with a form; what was uploaded goes by send and comes back by url; 422 over 25 MB."""
    content = b"an owl" * 100
    body = {"fileName": "owl.bin", "contentType": "application/x-owl", "size": len(content)}
    await cast.refused(
        422, "invalid_request", "POST", "/api/attachments", cast.ada, body={**body, "size": 25 * 1024 * 1024 + 1}
    )
    made = await cast.ok(201, "POST", "/api/attachments", cast.ada, body=body)
    place = await cast.group(cast.ben)
    files = {"attachments": [made["attachmentId"]], "type": "attachment"}
    early = draft(place, **files)
    await cast.refused(422, "invalid_request", "POST", "/api/chat/send", cast.ada, body=early)
    async with httpx.AsyncClient(trust_env=False, timeout=DEADLINE_S) as browser:
        form = made["upload"]
        assert (await browser.post(form["url"], data=form["fields"], files={"file": content})).is_success
        await cast.ok(202, "POST", "/api/chat/send", cast.ada, body=draft(place, **files))
        history = f"/api/messages/conversation/{place}"
        page = await until(lambda: cast.ask("GET", history, cast.ben), lambda answer: bool(answer.json()["items"]))
        (shown,) = page.json()["items"][0]["attachments"]
        assert shown == {**body, "attachmentId": made["attachmentId"], "url": shown["url"]}
        assert (await browser.get(shown["url"])).content == content


async def test_sync_rest(cast: Cast) -> None:
    """GET /api/sync: state, then every change since, equal to what is read anew; 410 for a token of somebody else."""
    place = await cast.group(cast.ben)
    token = ""
    for _ in range(200):
        page = await cast.ok(200, "GET", "/api/sync", cast.ben, query={"token": token} if token else {})
        token = str(page["token"])
        if page["complete"]:
            break
    messages = [await cast.stored(place, f"number {number}") for number in range(3)]
    await cast.ok(202, "DELETE", f"/api/chat/{messages[0]['messageId']}", cast.ada)
    await changed(cast, messages[0], "deletedAt", ...)
    known: dict[str, Json] = {}
    complete = False
    while not complete:
        page = await cast.ok(200, "GET", "/api/sync", cast.ben, query={"token": token, "limit": 1})
        token, complete = str(page["token"]), page["complete"]
        for change in page["changes"]:
            if change.get("conversation", {}).get("conversationId") == place:
                known |= {message["messageId"]: message for message in change["messages"]}
    history = (await cast.ok(200, "GET", f"/api/messages/conversation/{place}", cast.ben))["items"]
    assert known == {message["messageId"]: message for message in history}
    for bad in (token, "nonsense"):
        await cast.refused(410, "sync_token_invalid", "GET", "/api/sync", cast.ada, query={"token": bad})


async def test_sync_left(cast: Cast) -> None:
    """GET /api/sync: a conversation that the caller was removed from comes as {conversationId, removed: true}."""
    place = await cast.group(cast.cy)
    token = (await cast.ok(200, "GET", "/api/sync", cast.cy))["token"]
    body = {"remove": [cast.cy.user_id]}
    await cast.ok(200, "PATCH", f"/api/groups/{place}/members", cast.ada, body=body)
    page = await cast.ok(200, "GET", "/api/sync", cast.cy, query={"token": token})
    assert {"conversationId": place, "removed": True} in page["changes"]


async def test_service(cast: Cast) -> None:
    """GET /api/health, /api/openapi.json, /api/docs, /api/asyncapi.json: 200 without a token."""
    health = await cast.ok(200, "GET", "/api/health")
    assert health["checks"].keys() == {"kafka", "mongo", "redis"}
    assert (await cast.ok(200, "GET", "/api/openapi.json"))["openapi"].startswith("3.")
    assert (await cast.ok(200, "GET", "/api/asyncapi.json"))["asyncapi"].startswith("3.")
    assert "text/html" in (await cast.ask("GET", "/api/docs")).headers["content-type"]
    await cast.refused(404, "not_found", "GET", "/api/nothing/here", cast.ada)
