"""Two people change one group at the same time, over HTTP."""

from __future__ import annotations

import asyncio

from bench.client import Device, ParleyClient, Person
from bench.client.rest import Json
from bench.stack import Stack
from tests.e2e.conftest import register

EACH = 50


def revs_of(device: Device, conversation_id: str) -> list[int]:
    """The revs of all that a device was told of a group."""
    told = [received.data for received in device.received if "rev" in received.data]
    return [data["rev"] for data in told if place_of(data) == conversation_id]


def place_of(data: Json) -> str:
    """The conversation that an event is of."""
    return str(data["conversation"]["conversationId"] if "conversation" in data else data["conversationId"])


async def rename(person: Person, group: str) -> list[int]:
    """Renames a group again and again; the revs that it was told it then had."""
    path = f"/api/groups/{group}/rename"
    return [(await person.call("PATCH", path, body={"name": f"Name {number}"}))["rev"] for number in range(EACH)]


async def come_and_go(person: Person, group: str, guest: Person) -> list[int]:
    """Has somebody come and go again and again; the same."""
    path = f"/api/groups/{group}/members"
    changes = [{"add" if number % 2 == 0 else "remove": [guest.user_id]} for number in range(EACH)]
    return [(await person.call("PATCH", path, body=change))["rev"] for change in changes]


def test_a_hundred_changes_by_two_at_once_lose_nothing_and_are_all_told(stack: Stack) -> None:
    async def scenario() -> None:
        async with ParleyClient(stack.url) as client:
            owner, admin, watcher, guest = [await register(client, name) for name in ("ada", "ben", "cara", "dan")]
            group = await owner.create_group("Before", [admin.user_id, watcher.user_id])
            await owner.call("PATCH", f"/api/groups/{group}/members/{admin.user_id}", body={"role": "admin"})
            device = await Device.connect(watcher)
            answered = await asyncio.gather(rename(owner, group), come_and_go(admin, group, guest))
            assert sorted(rev for revs in answered for rev in revs) == list(range(3, 3 + 2 * EACH)), "each took its own"
            seen = await watcher.get_conversation(group)
            assert (seen["rev"], seen["name"], seen["memberCount"]) == (2 + 2 * EACH, f"Name {EACH - 1}", 3)
            members = (await watcher.call("GET", f"/api/conversations/{group}/members"))["items"]
            roles = {member["userId"]: member["role"] for member in members}
            assert roles == {owner.user_id: "owner", admin.user_id: "admin", watcher.user_id: "member"}
            everything = set(range(3, 3 + 2 * EACH))
            await device.wait_until(lambda: everything <= set(revs_of(device, group)), timeout_s=60)
            await device.close()

    asyncio.run(scenario())
