"""REST: conversations and groups."""

from __future__ import annotations

from tests.e2e.conformance.cast import Cast

FIELDS = {
    "conversationId", "kind", "name", "photoUrl", "memberCount", "rev", "lastSeq", "lastMessage", "createdAt",
    "updatedAt", "myRole", "lastReadSeq", "lastDeliveredSeq", "unreadCount", "muted", "peer",
}  # fmt: skip
PHOTO = "https://example.com/photo.png"
NOWHERE = "c_aaaaaaaaaaaaaaaaaaaa"


async def test_create_direct(cast: Cast) -> None:
    """POST /api/conversations {kind: direct}: 200 for one that exists, at most one a pair; peer is the other."""
    place = await cast.direct()
    for one, other in ((cast.ada, cast.ben), (cast.ben, cast.ada)):
        body = {"kind": "direct", "memberId": other.user_id}
        view = await cast.ok(200, "POST", "/api/conversations", one, body=body)
        assert view["conversationId"] == place
        assert view["peer"]["userId"] == other.user_id
        assert view.keys() == FIELDS
        assert (view["kind"], view["memberCount"]) == ("direct", 2)
    nobody = {"kind": "direct", "memberId": "u_aaaaaaaaaaaaaaaaaaaa"}
    await cast.refused(404, "not_found", "POST", "/api/conversations", cast.ada, body=nobody)


async def test_create_group(cast: Cast) -> None:
    """POST /api/conversations {kind: group}, POST /api/groups: 201; the maker owns it; rev is 1; 422 without a name."""
    for path, kind in (("/api/conversations", {"kind": "group"}), ("/api/groups", {})):
        body = {**kind, "name": "Owls", "memberIds": [cast.ben.user_id], "photoUrl": PHOTO}
        view = await cast.ok(201, "POST", path, cast.ada, body=body)
        assert view.keys() == FIELDS
        told = view["kind"], view["name"], view["photoUrl"], view["memberCount"], view["myRole"], view["rev"]
        assert told == ("group", "Owls", PHOTO, 2, "owner", 1)
        await cast.refused(422, "invalid_request", "POST", path, cast.ada, body={**body, "name": ""})
        await cast.refused(422, "invalid_request", "POST", path, cast.ada, body={**body, "name": "x" * 101})


async def test_list(cast: Cast) -> None:
    """GET /api/conversations: newest activity first, in pages without repeats or holes."""
    older, newer = await cast.group(cast.ben), await cast.group(cast.ben)
    await cast.stored(older)
    found: list[str] = []
    cursor = ""
    for _ in range(100):
        query: dict[str, str | int] = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = await cast.ok(200, "GET", "/api/conversations", cast.ada, query=query)
        found += [view["conversationId"] for view in page["items"]]
        cursor = page["nextCursor"] or ""
        if not cursor:
            break
    assert found[:2] == [older, newer]
    assert len(found) == len(set(found))


async def test_get(cast: Cast) -> None:
    """GET /api/conversations/{id}, …/members: 200 for members; 404 with the same body for strangers as for nothing."""
    place = await cast.direct()
    assert (await cast.ok(200, "GET", f"/api/conversations/{place}", cast.ben))["conversationId"] == place
    members = (await cast.ok(200, "GET", f"/api/conversations/{place}/members", cast.ben))["items"]
    assert {member["userId"] for member in members} == {cast.ada.user_id, cast.ben.user_id}
    assert members[0].keys() == {"userId", "role", "joinedAt", "lastDeliveredSeq", "lastReadSeq", "user"}
    for rest in ("", "/members"):
        told = [
            await cast.refused(404, "not_found", "GET", f"/api/conversations/{name}{rest}", cast.cy)
            for name in (place, NOWHERE)
        ]
        assert {**told[0], "requestId": ""} == {**told[1], "requestId": ""}


async def test_mute(cast: Cast) -> None:
    """PATCH /api/conversations/{id} {muted}: 200, the caller's own setting alone."""
    path = f"/api/conversations/{await cast.group(cast.ben)}"
    assert (await cast.ok(200, "PATCH", path, cast.ben, body={"muted": True}))["muted"] is True
    assert (await cast.ok(200, "GET", path, cast.ada))["muted"] is False
    await cast.refused(404, "not_found", "PATCH", path, cast.cy, body={"muted": True})


async def test_rename_and_photo(cast: Cast) -> None:
    """PATCH /api/groups/{id}/rename, /photo: 200 for owner and admins; 403 members, 404 strangers, 409 direct."""
    base = f"/api/groups/{await cast.group(cast.ben)}"
    for rest, body in (("rename", {"name": "Larks"}), ("photo", {"photoUrl": PHOTO})):
        view = await cast.ok(200, "PATCH", f"{base}/{rest}", cast.ada, body=body)
        assert {key: view[key] for key in body} == body
        await cast.refused(403, "forbidden", "PATCH", f"{base}/{rest}", cast.ben, body=body)
        await cast.refused(404, "not_found", "PATCH", f"{base}/{rest}", cast.cy, body=body)
        direct = f"/api/groups/{await cast.direct()}/{rest}"
        await cast.refused(409, "conflict", "PATCH", direct, cast.ada, body=body)
    await cast.ok(200, "PATCH", f"{base}/members/{cast.ben.user_id}", cast.ada, body={"role": "admin"})
    await cast.ok(200, "PATCH", f"{base}/rename", cast.ben, body={"name": "By an admin"})


async def test_members(cast: Cast) -> None:
    """PATCH /api/groups/{id}/members {add, remove}: 200; 403 for members and for removing the owner."""
    base = f"/api/groups/{await cast.group(cast.ben)}"
    added = await cast.ok(200, "PATCH", f"{base}/members", cast.ada, body={"add": [cast.cy.user_id]})
    assert (added["memberCount"], added["rev"]) == (3, 2)
    await cast.refused(403, "forbidden", "PATCH", f"{base}/members", cast.ben, body={"remove": [cast.cy.user_id]})
    await cast.ok(200, "PATCH", f"{base}/members/{cast.ben.user_id}", cast.ada, body={"role": "admin"})
    await cast.refused(403, "forbidden", "PATCH", f"{base}/members", cast.ben, body={"remove": [cast.ada.user_id]})
    removed = await cast.ok(200, "PATCH", f"{base}/members", cast.ben, body={"remove": [cast.cy.user_id]})
    assert removed["memberCount"] == 2
    await cast.refused(404, "not_found", "GET", base.replace("groups", "conversations"), cast.cy)


async def test_roles(cast: Cast) -> None:
    """PATCH /api/groups/{id}/members/{userId} {role}: 200 for the owner, else 403; giving `owner` away demotes."""
    base = f"/api/groups/{await cast.group(cast.ben, cast.cy)}"
    path = f"{base}/members/{cast.ben.user_id}"
    await cast.refused(403, "forbidden", "PATCH", path, cast.cy, body={"role": "admin"})
    await cast.refused(422, "invalid_request", "PATCH", path, cast.ada, body={"role": "king"})
    view = await cast.ok(200, "PATCH", path, cast.ada, body={"role": "owner"})
    assert view["myRole"] == "admin"
    members = (await cast.ok(200, "GET", f"{base.replace('groups', 'conversations')}/members", cast.cy))["items"]
    roles = {member["userId"]: member["role"] for member in members}
    assert roles == {cast.ada.user_id: "admin", cast.ben.user_id: "owner", cast.cy.user_id: "member"}


async def test_leave_and_delete(cast: Cast) -> None:
    """POST /api/groups/{id}/leave: 204, the longest-standing admin follows the owner; DELETE: 204, else 403."""
    base = f"/api/groups/{await cast.group(cast.ben, cast.cy)}"
    await cast.ok(200, "PATCH", f"{base}/members/{cast.cy.user_id}", cast.ada, body={"role": "admin"})
    await cast.ok(204, "POST", f"{base}/leave", cast.ada)
    view = await cast.ok(200, "GET", base.replace("groups", "conversations"), cast.cy)
    assert (view["myRole"], view["memberCount"]) == ("owner", 2)
    await cast.refused(403, "forbidden", "DELETE", base, cast.ben)
    await cast.refused(404, "not_found", "DELETE", base, cast.ada)
    await cast.ok(204, "DELETE", base, cast.cy)
    await cast.refused(404, "not_found", "GET", base.replace("groups", "conversations"), cast.ben)


async def test_older_names(cast: Cast) -> None:
    """POST /api/chats/groups/create, PATCH /api/chats/groups/{id}/rename|photo|members, GET /api/chats/recent."""
    body = {"name": "Older", "members": [cast.ben.user_id], "photo": PHOTO}
    view = await cast.ok(201, "POST", "/api/chats/groups/create", cast.ada, body=body)
    assert (view["name"], view["memberCount"], view["photoUrl"]) == ("Older", 2, PHOTO)
    base = f"/api/chats/groups/{view['conversationId']}"
    assert (await cast.ok(200, "PATCH", f"{base}/rename", cast.ada, body={"name": "Old"}))["name"] == "Old"
    assert (await cast.ok(200, "PATCH", f"{base}/photo", cast.ada, body={"photoUrl": None}))["photoUrl"] is None
    assert (await cast.ok(200, "PATCH", f"{base}/members", cast.ada, body={"add": [cast.cy.user_id]}))[
        "memberCount"
    ] == 3
    recent = (await cast.ok(200, "GET", "/api/chats/recent", cast.ada))["items"]
    assert recent[0]["conversationId"] == view["conversationId"]
