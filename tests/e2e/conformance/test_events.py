"""WebSocket: who gets which event, with two people on two devices each and a stranger."""

from __future__ import annotations

from functools import partial
from urllib.parse import quote

from bench.client import Device
from bench.client.rest import Json
from tests.e2e.conformance.cast import Cast, events, heard, heard_by, not_heard_by, settle

Five = tuple[Device, Device, Device, Device, Device]


async def on_stage(cast: Cast) -> Five:
    """Two devices of ada's, two of ben's, one of cy's, who is in none of it."""
    one, two, three, four, five = await cast.devices(cast.ada, cast.ada, cast.ben, cast.ben, cast.cy)
    return one, two, three, four, five


async def test_receive(cast: Cast) -> None:
    """chat:receive {message, rev}: every device of every member, the sending one included; nobody else."""
    place = await cast.group(cast.ben)
    *inside, outside = await on_stage(cast)
    message_id = (await inside[0].send_message(place, "hello")).data["messageId"]
    data = await heard_by("chat:receive", *inside)
    assert (data["message"]["messageId"], data["rev"]) == (message_id, data["message"]["rev"])
    await not_heard_by("chat:receive", outside)


async def test_update(cast: Cast) -> None:
    """message:update {message, rev}: an edit and a reaction, to every device of every member."""
    message = await cast.stored(await cast.group(cast.ben))
    *inside, outside = await on_stage(cast)
    await inside[0].request("edit", {"messageId": message["messageId"], "content": "edited"})
    data = await heard_by("message:update", *inside)
    assert (data["message"]["content"], data["rev"]) == ("edited", message["rev"] + 1)
    await inside[2].request("react", {"messageId": message["messageId"], "emoji": "👍"})
    told = [(await heard(device, "message:update", 2))["message"]["reactions"] for device in inside]
    assert told == [[{"emoji": "👍", "count": 1, "userIds": [cast.ben.user_id]}]] * 4
    await inside[2].request("react", {"messageId": message["messageId"], "emoji": "👍", "remove": True})
    assert [(await heard(device, "message:update", 3))["message"]["reactions"] for device in inside] == [[]] * 4
    await not_heard_by("message:update", outside)


async def test_delete(cast: Cast) -> None:
    """message:delete {conversationId, messageId, seq, rev}: to every device of every member."""
    message = await cast.stored(await cast.group(cast.ben))
    *inside, outside = await on_stage(cast)
    await cast.ok(202, "DELETE", f"/api/chat/{message['messageId']}", cast.ada)
    data = await heard_by("message:delete", *inside)
    expected = {key: message[key] for key in ("conversationId", "messageId", "seq")}
    assert data == {**expected, "rev": message["rev"] + 1}
    await not_heard_by("message:delete", outside)


async def test_seen(cast: Cast) -> None:
    """chat:seen:update: to every device of every member, the reader's other devices included; after it is stored."""
    place = await cast.group(cast.ben)
    await cast.stored(place)
    *inside, outside = await on_stage(cast)
    answer = (await inside[2].request("seen", {"conversationId": place, "seq": 1})).data
    assert answer == {"conversationId": place, "lastDeliveredSeq": 1, "lastReadSeq": 1}
    data = await heard_by("chat:seen:update", *inside)
    assert {**answer, "userId": cast.ben.user_id}.items() <= data.items()
    await not_heard_by("chat:seen:update", outside)


async def test_typing(cast: Cast) -> None:
    """chat:typing:update {conversationId, userId, state}: to those who have joined, and to no others."""
    place = await cast.direct()
    one, two, three, four, five = await on_stage(cast)
    for device in (one, three):
        await device.request("join", {"conversationId": place})
    for number, state in enumerate(("start", "stop"), 1):
        await three.request("typing", {"conversationId": place, "state": state})
        told = await heard(one, "chat:typing:update", number)
        assert told == {"conversationId": place, "userId": cast.ben.user_id, "state": state}
    await not_heard_by("chat:typing:update", two, four, five)


async def test_rooms(cast: Cast) -> None:
    """chat:user:joined, chat:user:left: to those who have joined; join tells who is online; a closed socket left."""
    place = await cast.direct()
    one, two, three, four, five = await on_stage(cast)
    online = (await one.request("join", {"conversationId": place})).data["online"]
    assert online == sorted([cast.ada.user_id, cast.ben.user_id])
    await three.request("join", {"conversationId": place})
    about = {"conversationId": place, "userId": cast.ben.user_id}
    assert await heard(one, "chat:user:joined") == about
    await three.request("leave", {"conversationId": place})
    assert await heard(one, "chat:user:left") == about
    await four.request("join", {"conversationId": place})
    assert await heard(one, "chat:user:joined", 2) == about
    await four.close()
    assert await heard(one, "chat:user:left", 2) == about
    for name in ("chat:user:joined", "chat:user:left"):
        await not_heard_by(name, two, five)


async def test_presence(cast: Cast) -> None:
    """presence:update {userId, online, lastSeenAt}: to those who have joined a conversation with that user."""
    place = await cast.ada.create_direct(cast.cy.user_id)
    one, two = await cast.devices(cast.ada, cast.ada)
    await one.request("join", {"conversationId": place})

    def told() -> list[bool]:
        return [data["online"] for data in events(one, "presence:update") if data["userId"] == cast.cy.user_id]

    (other,) = await cast.devices(cast.cy)
    await one.wait_until(lambda: True in told())
    await other.close()
    await one.wait_until(lambda: told()[-1:] == [False])
    await not_heard_by("presence:update", two)


async def test_conversation_create(cast: Cast) -> None:
    """conversation:create {conversation, rev}: a direct one, to both as each sees it."""
    fay = await cast.newcomer("fay")
    devices = await cast.devices(cast.ada, cast.ada, fay, fay, cast.ben)
    place = await fay.create_direct(cast.ada.user_id)
    for device, peer in zip(devices, (fay, fay, cast.ada, cast.ada), strict=False):
        data = await heard(device, "conversation:create")
        assert data["conversation"]["conversationId"] == place
        assert data["conversation"]["peer"]["userId"] == peer.user_id
    await not_heard_by("conversation:create", devices[4])


async def test_group_create(cast: Cast) -> None:
    """group:create {conversation, rev}: to every device of every member, in their own view."""
    devices = await on_stage(cast)
    place = await cast.group(cast.ben)
    for device, role in zip(devices, ("owner", "owner", "member", "member"), strict=False):
        data = await heard(device, "group:create")
        told = data["conversation"]["conversationId"], data["conversation"]["myRole"], data["rev"]
        assert told == (place, role, 1)
    await not_heard_by("group:create", devices[4])


async def test_group_update(cast: Cast) -> None:
    """group:update {conversation, rev}: a new name or photo, to every device of every member."""
    place = await cast.group(cast.ben)
    *inside, outside = await on_stage(cast)
    await cast.ok(200, "PATCH", f"/api/groups/{place}/rename", cast.ada, body={"name": "Larks"})
    for device in inside:
        data = await heard(device, "group:update")
        assert (data["conversation"]["name"], data["rev"]) == ("Larks", 2)
    await not_heard_by("group:update", outside)


async def test_group_members(cast: Cast) -> None:
    """group:members {conversationId, rev, added, removed, changed}: to those removed too; added: group:create."""
    place = await cast.group(cast.ben)
    *inside, outside = await on_stage(cast)
    base = f"/api/groups/{place}/members"
    await cast.ok(200, "PATCH", base, cast.ada, body={"add": [cast.cy.user_id]})
    data = await heard_by("group:members", *inside)
    assert ([member["userId"] for member in data["added"]], data["removed"], data["rev"]) == ([cast.cy.user_id], [], 2)
    assert (await heard(outside, "group:create"))["conversation"]["myRole"] == "member"
    await cast.ok(200, "PATCH", f"{base}/{cast.cy.user_id}", cast.ada, body={"role": "admin"})
    changed = (await heard(inside[3], "group:members", 2))["changed"]
    assert [(member["userId"], member["role"]) for member in changed] == [(cast.cy.user_id, "admin")]
    await cast.ok(200, "PATCH", base, cast.ada, body={"remove": [cast.cy.user_id]})

    def was_removed(device: Device) -> bool:
        return any(cast.cy.user_id in data["removed"] for data in events(device, "group:members"))

    for device in (*inside, outside):
        await device.wait_until(partial(was_removed, device), timeout_s=30)


async def test_removed(cast: Cast) -> None:
    """Who was removed from a group gets nothing of it after group:members."""
    place = await cast.group(cast.ben, cast.cy)
    one, _, three, _, five = await on_stage(cast)
    await cast.ok(200, "PATCH", f"/api/groups/{place}/members", cast.ada, body={"remove": [cast.cy.user_id]})
    assert cast.cy.user_id in (await heard(five, "group:members"))["removed"]
    message_id = (await one.send_message(place, "without cy")).data["messageId"]
    await three.wait_for_message(message_id, timeout_s=30)
    await cast.ok(202, "PUT", f"/api/chat/{message_id}/reactions/{quote('👍')}", cast.ben)
    await heard(three, "message:update")
    await settle(five)
    assert [one.event for one in five.received if one.request_id is None][-1] == "group:members"


async def test_group_delete(cast: Cast) -> None:
    """group:delete {conversationId, rev}: to every device of every member."""
    place = await cast.group(cast.ben)
    *inside, outside = await on_stage(cast)
    await cast.ok(204, "DELETE", f"/api/groups/{place}", cast.ada)
    data: Json = await heard_by("group:delete", *inside)
    assert data == {"conversationId": place, "rev": 2}
    await not_heard_by("group:delete", outside)
