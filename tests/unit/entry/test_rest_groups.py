"""Groups and erasure over HTTP, and what runs by the clock."""

from __future__ import annotations

from datetime import timedelta

import pytest

from parley.domain.models import Identity
from parley.entry import schedules
from tests.unit.entry.stack import Answer, Context, Stack, kafka_event, load_event

PASSWORD = "a long enough passphrase"


@pytest.fixture
def group(stack: Stack, ann: Identity, ben: Identity, eve: Identity) -> str:
    return stack.make_group(ann, ben, eve).conversation.conversation_id


def assert_refused(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.json["code"]) == (status, code)


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/api/groups", ("memberIds", "photoUrl")),
        ("/api/chats/groups/create", ("members", "photo")),
    ],
)
def test_a_group_is_made(stack: Stack, ann: Identity, ben: Identity, path: str, names: tuple[str, str]) -> None:
    body = {"name": "Owls", names[0]: [ben.user_id], names[1]: "https://example.org/owl.png"}
    answer = stack.request("POST", path, body, caller=ann)
    assert answer.status == 201
    made = answer.json
    assert (made["kind"], made["name"], made["photoUrl"]) == ("group", "Owls", "https://example.org/owl.png")
    assert (made["memberCount"], made["myRole"], made["rev"]) == (2, "owner", 1)
    assert_refused(stack.request("POST", path, {**body, "name": ""}, caller=ann), 422, "invalid_request")


@pytest.mark.parametrize("base", ["/api/groups", "/api/chats/groups"])
def test_a_group_is_changed(stack: Stack, ann: Identity, ben: Identity, group: str, base: str) -> None:
    eve = Identity("u_eve", "s_eve")
    renamed = stack.request("PATCH", f"{base}/{group}/rename", {"name": "Larks"}, caller=ann)
    assert (renamed.status, renamed.json["name"], renamed.json["rev"]) == (200, "Larks", 2)
    photo = stack.request("PATCH", f"{base}/{group}/photo", {"photoUrl": "https://example.org/l.png"}, caller=ann)
    assert photo.json["photoUrl"] == "https://example.org/l.png"
    members = stack.request("PATCH", f"{base}/{group}/members", {"remove": [eve.user_id]}, caller=ann)
    assert (members.status, members.json["memberCount"]) == (200, 2)
    back = stack.request("PATCH", f"{base}/{group}/members", {"add": [eve.user_id]}, caller=ann)
    assert (back.json["memberCount"], back.json["rev"]) == (3, 5)
    removal = stack.request("PATCH", f"{base}/{group}/members", {"remove": [ann.user_id]}, caller=ann)
    assert_refused(removal, 403, "forbidden")
    assert_refused(stack.request("PATCH", f"{base}/{group}/rename", {"name": "x"}, caller=ben), 403, "forbidden")


def test_roles_leaving_and_deleting(stack: Stack, ann: Identity, ben: Identity, eve: Identity, group: str) -> None:
    one = f"/api/groups/{group}"
    raised = stack.request("PATCH", f"{one}/members/{ben.user_id}", {"role": "admin"}, caller=ann)
    assert (raised.status, raised.json["myRole"]) == (200, "owner")
    given = stack.request("PATCH", f"{one}/members/{ben.user_id}", {"role": "owner"}, caller=ann)
    assert given.json["myRole"] == "admin"
    assert_refused(
        stack.request("PATCH", f"{one}/members/{eve.user_id}", {"role": "admin"}, caller=ann), 403, "forbidden"
    )
    assert_refused(
        stack.request("PATCH", f"{one}/members/{ben.user_id}", {"role": "king"}, caller=ben), 422, "invalid_request"
    )
    assert stack.request("POST", f"{one}/leave", caller=ben).status == 204
    assert stack.request("GET", f"/api/conversations/{group}", caller=ann).json["myRole"] == "owner"
    assert_refused(stack.request("GET", f"/api/conversations/{group}", caller=ben), 404, "not_found")
    assert_refused(stack.request("DELETE", one, caller=eve), 403, "forbidden")
    assert stack.request("DELETE", one, caller=ann).status == 204
    assert_refused(stack.request("DELETE", one, caller=ann), 404, "not_found")


def test_groups_of_others_and_direct_conversations(stack: Stack, ann: Identity, ben: Identity, group: str) -> None:
    zed = stack.add_user("zed")
    direct = stack.make_direct(ann, ben).conversation.conversation_id
    for method, path, body in (
        ("PATCH", "rename", {"name": "x"}),
        ("PATCH", "photo", {"photoUrl": None}),
        ("PATCH", "members", {"add": []}),
        ("PATCH", f"members/{ben.user_id}", {"role": "admin"}),
        ("POST", "leave", None),
    ):
        theirs = stack.request(method, f"/api/groups/{group}/{path}", body, caller=zed)
        nobodys = stack.request(method, f"/api/groups/c_none/{path}", body, caller=zed)
        assert theirs.status == 404
        assert theirs == nobodys
        assert_refused(stack.request(method, f"/api/groups/{direct}/{path}", body, caller=ann), 409, "conflict")


def test_muting(stack: Stack, ann: Identity, ben: Identity, group: str) -> None:
    muted = stack.request("PATCH", f"/api/conversations/{group}", {"muted": True}, caller=ben)
    assert (muted.status, muted.json["muted"], muted.json["rev"]) == (200, True, 1)
    assert stack.request("GET", f"/api/conversations/{group}", caller=ann).json["muted"] is False
    assert stack.request("PATCH", f"/api/conversations/{group}", {"muted": 1}, caller=ben).status == 422
    assert stack.request("PATCH", "/api/conversations/c_none", {"muted": True}, caller=ben).status == 404


def test_an_account_is_erased_by_its_password(stack: Stack) -> None:
    body = {"username": "dora", "email": "dora@example.com", "password": PASSWORD}
    dora = stack.request("POST", "/api/auth/register", body).json
    me = {"authorization": f"Bearer {dora['accessToken']}"}
    assert_refused(stack.request("DELETE", "/api/users/me", headers=me), 422, "invalid_request")
    assert_refused(stack.request("DELETE", "/api/users/me", {"password": "wrong"}, headers=me), 403, "forbidden")
    assert stack.request("DELETE", "/api/users/me", {"password": PASSWORD}, headers=me).status == 204
    assert stack.request("POST", "/api/auth/login", {"login": "dora", "password": PASSWORD}).status == 401
    assert stack.request("POST", "/api/auth/register", body).status == 201


def test_what_was_left_behind_is_done_by_the_clock(stack: Stack, ann: Identity, ben: Identity, group: str) -> None:
    stack.publisher.reachable = False
    assert stack.request("PATCH", f"/api/groups/{group}/rename", {"name": "Larks"}, caller=ann).status == 200
    stack.clock.advance(61)
    relay = schedules.relay_outbox_handler(stack)
    assert relay(load_event("relay_outbox"), Context()) == {"count": 0}
    stack.publisher.reachable = True
    assert relay(load_event("relay_outbox"), Context()) == {"count": 1}
    assert len(stack.publisher.records) == 1
    assert schedules.erase_accounts_handler(stack)(load_event("erase_accounts"), Context()) == {"count": 0}


def test_files_that_no_message_has_are_deleted_by_the_clock(stack: Stack, ann: Identity) -> None:
    body = {"fileName": "a.txt", "contentType": "text/plain", "size": 5}
    assert stack.request("POST", "/api/attachments", body, caller=ann).status == 201
    sweep = schedules.sweep_attachments_handler(stack)
    assert sweep(load_event("sweep_attachments"), Context()) == {"count": 0}
    stack.clock.advance(timedelta(days=1).total_seconds())
    stack.attachment_store.reachable = False
    assert sweep(load_event("sweep_attachments"), Context()) == {"count": 0}
    stack.attachment_store.reachable = True
    assert sweep(load_event("sweep_attachments"), Context()) == {"count": 1}


def test_a_change_reaches_sockets_through_the_consumer(stack: Stack, ann: Identity, ben: Identity, group: str) -> None:
    from parley.entry import streams

    stack.open_socket(ben, "socket")
    stack.request("PATCH", f"/api/groups/{group}/rename", {"name": "Larks"}, caller=ann)
    stack.request("DELETE", f"/api/groups/{group}", caller=ann)
    event = kafka_event("chat.receive", stack.publisher.on_topic("chat.receive"))
    assert streams.fan_out_handler(stack)(event, Context()) == {"batchItemFailures": []}
    # The view of the first is no more, as there are no members; of the second they are told.
    (frame,) = stack.push.frames["socket"]
    assert b'"event":"group:delete"' in frame
