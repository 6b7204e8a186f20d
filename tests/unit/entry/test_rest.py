"""The REST routes: what they answer when all is well, and what they say when it is not."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from parley.domain.models import Identity
from parley.domain.records import SendRequested
from parley.entry import rest
from tests.unit.entry.stack import Stack, load_event
from tests.unit.services.world import draft

PASSWORD = "a long enough passphrase"


def test_register_then_login_with_the_sample_events(stack: Stack) -> None:
    handler = rest.auth_handler(stack)
    registered = stack.handle_http(handler, load_event("rest_auth.register"))
    assert registered.status == 201
    assert registered.json["user"] == {
        "userId": registered.json["user"]["userId"],
        "username": "dora",
        "displayName": "Dora Dietz",
        "avatarUrl": None,
        "about": None,
        "createdAt": "2026-01-31T12:00:00.000Z",
        "email": "dora@example.com",
    }
    assert registered.headers["x-request-id"] == "YV1hXjRvFiAEJfQ="
    signed_in = stack.handle_http(handler, load_event("rest_auth.login"))
    assert signed_in.status == 200
    assert signed_in.json.keys() == {"user", "accessToken", "refreshToken", "expiresIn"}
    me = stack.request("GET", "/api/users/me", headers={"Authorization": f"bearer {signed_in.json['accessToken']}"})
    assert me.json == registered.json["user"]


def test_register_tells_every_bad_field_and_a_taken_name(stack: Stack, ann: Identity) -> None:
    bad = stack.request("POST", "/api/auth/register", {"username": "Ann", "email": "nobody", "password": "short"})
    assert bad.status == 422
    assert bad.headers["content-type"] == "application/problem+json"
    assert {error["field"] for error in bad.json["errors"]} == {"username", "email", "password"}
    taken = stack.request(
        "POST", "/api/auth/register", {"username": "ann", "email": "a@example.com", "password": PASSWORD}
    )
    assert (taken.status, taken.json["code"]) == (409, "conflict")


def test_login_answers_alike_for_a_wrong_password_and_an_unknown_login(stack: Stack) -> None:
    body = {"username": "dora", "email": "dora@example.com", "password": PASSWORD}
    assert stack.request("POST", "/api/auth/register", body).status == 201
    wrong = stack.request("POST", "/api/auth/login", {"login": "dora", "password": "wrong"})
    unknown = stack.request("POST", "/api/auth/login", {"login": "nobody", "password": "wrong"})
    assert (wrong.status, wrong.json["code"]) == (401, "bad_credentials")
    assert wrong == unknown


def test_ws_ticket_gives_an_address_that_opens_one_socket(stack: Stack, ann: Identity) -> None:
    answer = stack.request("POST", "/api/auth/ws-ticket", caller=ann)
    assert answer.status == 201
    assert answer.json == {
        "ticket": answer.json["ticket"],
        "url": f"wss://socket.test/ws?ticket={answer.json['ticket']}",
        "expiresIn": 30,
    }
    assert stack.authentication.authorize_connection(ticket=answer.json["ticket"]) == ann


def test_ws_tickets_spread_users_over_the_cells_and_keep_each_in_its_own(stack: Stack) -> None:
    stack.ws_url = " ".join(f"wss://cell-{index}.test/ws" for index in range(4))
    callers = [stack.add_user(f"user{index}") for index in range(40)]
    hosts = [
        [urlsplit(stack.request("POST", "/api/auth/ws-ticket", caller=caller).json["url"]).hostname for _ in range(2)]
        for caller in callers
    ]
    assert all(first == second for first, second in hosts)
    assert {first for first, _ in hosts} == {f"cell-{index}.test" for index in range(4)}


@pytest.mark.parametrize("body", [{}, None])
def test_ws_ticket_takes_an_empty_object_for_no_body(stack: Stack, ann: Identity, body: object) -> None:
    assert stack.request("POST", "/api/auth/ws-ticket", body, caller=ann).status == 201


def test_create_direct_conversation_once_and_get_it(stack: Stack, ann: Identity, ben: Identity) -> None:
    body = {"kind": "direct", "memberId": ben.user_id}
    created = stack.request("POST", "/api/conversations", body, caller=ann)
    again = stack.request("POST", "/api/conversations", {**body, "memberId": ann.user_id}, caller=ben)
    assert (created.status, again.status) == (201, 200)
    assert created.json["conversationId"] == again.json["conversationId"]
    assert created.json["peer"]["userId"] == ben.user_id
    assert "email" not in created.json["peer"]
    got = stack.request("GET", f"/api/conversations/{created.json['conversationId']}", caller=ann)
    assert got.json == created.json


def test_create_group_and_page_its_members(stack: Stack, ann: Identity, ben: Identity, eve: Identity) -> None:
    body = {"kind": "group", "name": "Three", "memberIds": [ben.user_id, eve.user_id]}
    group = stack.request("POST", "/api/conversations", body, caller=ann).json
    assert (group["kind"], group["memberCount"], group["myRole"], group["peer"]) == ("group", 3, "owner", None)
    path = f"/api/conversations/{group['conversationId']}/members"
    first = stack.request("GET", path, caller=ben, query={"limit": 2}).json
    rest_of_them = stack.request("GET", path, caller=ben, query={"limit": 2, "cursor": first["nextCursor"]}).json
    members = [*first["items"], *rest_of_them["items"]]
    assert [member["userId"] for member in members] == sorted([ann.user_id, ben.user_id, eve.user_id])
    assert members[0]["user"]["username"] == "ann"
    assert rest_of_them["nextCursor"] is None


def test_list_conversations_by_pages(stack: Stack, ann: Identity, ben: Identity) -> None:
    made = []
    for _ in range(5):
        stack.clock.advance(1)
        made.append(stack.make_group(ann, ben).conversation.conversation_id)
    found: list[str] = []
    query: dict[str, object] = {"limit": 2}
    while True:
        page = stack.request("GET", "/api/conversations", caller=ben, query=query).json
        found += [item["conversationId"] for item in page["items"]]
        if page["nextCursor"] is None:
            break
        query["cursor"] = page["nextCursor"]
    assert found == made[::-1]


def test_send_message_is_accepted_into_kafka(stack: Stack, ann: Identity, ben: Identity) -> None:
    conversation = stack.make_direct(ann, ben).conversation.conversation_id
    body = {"conversationId": conversation, "clientMessageId": "one", "content": "Hello: there"}
    first = stack.request("POST", "/api/chat/send", body, caller=ann)
    second = stack.request("POST", "/api/chat/send", body, caller=ann)
    assert first.status == 202
    assert first.json == {"messageId": first.json["messageId"], "clientMessageId": "one", "status": "accepted"}
    assert second.json == first.json
    records = stack.publisher.on_topic("chat.send")
    assert isinstance(records[0], SendRequested)
    assert records[0].message.content == "Hello: there"


def test_send_message_says_503_while_kafka_is_away(stack: Stack, ann: Identity, ben: Identity) -> None:
    conversation = stack.make_direct(ann, ben).conversation.conversation_id
    stack.publisher.fails = lambda record: True
    body = {"conversationId": conversation, "clientMessageId": "one", "content": "Hello"}
    answer = stack.request("POST", "/api/chat/send", body, caller=ann)
    assert (answer.status, answer.json["code"]) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize("path", ["/api/messages/conversation/{}", "/api/chat/history/{}"])
def test_history_in_both_directions(stack: Stack, ann: Identity, ben: Identity, path: str) -> None:
    conversation = stack.make_direct(ann, ben).conversation.conversation_id
    stack.store(ann, *(draft(conversation, number) for number in range(1, 8)))
    path = path.format(conversation)

    def seqs(**query: object) -> tuple[list[int], str | None]:
        page = stack.request("GET", path, caller=ben, query=query).json
        return [item["seq"] for item in page["items"]], page["nextCursor"]

    newest, cursor = seqs(limit=3)
    assert newest == [7, 6, 5]
    older, cursor = seqs(limit=4, cursor=cursor)
    assert (older, cursor) == ([4, 3, 2, 1], None)
    assert seqs(before=3)[0] == [2, 1]
    oldest, cursor = seqs(after=0, limit=5)
    assert oldest == [1, 2, 3, 4, 5]
    assert seqs(limit=5, cursor=cursor) == ([6, 7], None)


def test_get_message(stack: Stack, ann: Identity, ben: Identity) -> None:
    conversation = stack.make_direct(ann, ben).conversation.conversation_id
    (message,) = stack.store(ann, draft(conversation, 1, "Grüße 👋"))
    answer = stack.request("GET", f"/api/messages/{message.message_id}", caller=ben)
    assert answer.json == {
        "messageId": message.message_id,
        "conversationId": conversation,
        "seq": 1,
        "rev": 2,
        "senderId": ann.user_id,
        "clientMessageId": "client-1",
        "type": "text",
        "content": "Grüße 👋",
        "replyTo": None,
        "mentions": [],
        "attachments": [],
        "reactions": [],
        "createdAt": "2026-01-31T12:00:00.000Z",
        "editedAt": None,
        "deletedAt": None,
    }


def test_what_is_not_and_what_is_not_yours_look_alike(
    stack: Stack, ann: Identity, ben: Identity, eve: Identity
) -> None:
    conversation = stack.make_direct(ann, ben).conversation.conversation_id
    (message,) = stack.store(ann, draft(conversation))
    for path in (
        "/api/conversations/{}",
        "/api/conversations/{}/members",
        "/api/messages/conversation/{}",
        "/api/chat/history/{}",
        "/api/messages/{}",
    ):
        known = message.message_id if path == "/api/messages/{}" else conversation
        theirs = stack.request("GET", path.format(known), caller=eve)
        nobodys = stack.request("GET", path.format("c_nothing"), caller=eve)
        malformed = stack.request("GET", path.format("$ne 🙂"), caller=eve)
        assert theirs.status == 404
        assert theirs == nobodys == malformed
    body = {"conversationId": conversation, "clientMessageId": "x", "content": "Hello"}
    theirs = stack.request("POST", "/api/chat/send", body, caller=eve)
    nobodys = stack.request("POST", "/api/chat/send", {**body, "conversationId": "c_nothing"}, caller=eve)
    assert theirs.status == 404
    assert theirs == nobodys


def test_health_tells_what_is_down(stack: Stack) -> None:
    well = stack.request("GET", "/api/health")
    assert (well.status, well.json) == (
        200,
        {"status": "ok", "checks": {"kafka": "ok", "mongo": "ok", "redis": "ok"}},
    )
    stack.user_store.reachable = False
    ill = stack.request("GET", "/api/health")
    assert (ill.status, ill.json["status"], ill.json["checks"]["kafka"]) == (503, "unavailable", "unavailable")
    assert ill.headers["retry-after"] == "1"
