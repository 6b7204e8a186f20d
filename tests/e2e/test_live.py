"""Changes, receipts, sync, rooms and presence, as clients see them on a whole stack."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

import pytest

from bench.client import Device, FrameError, ParleyClient
from bench.client.rest import Json
from bench.stack import Stack
from tests.e2e.conftest import register


async def told(device: Device, event: str, count: int = 1) -> Json:
    """The data of the latest event of a kind, once so many have come."""

    def found() -> list[Json]:
        return [received.data for received in device.received if received.event == event]

    try:
        await device.wait_until(lambda: len(found()) >= count)
    except TimeoutError:
        raise AssertionError(f"{device.name} never heard {event}: {[r.event for r in device.received]}") from None
    return found()[-1]


def test_changes_reach_every_device_with_the_next_rev_and_a_repeat_takes_none(stack: Stack) -> None:
    async def scenario() -> None:
        async with ParleyClient(stack.url) as client:
            ada, ben = await register(client, "ada"), await register(client, "ben")
            place = await ada.create_direct(ben.user_id)
            sender, reader = await Device.connect(ada, "ada's"), await Device.connect(ben, "ben's")
            message_id = (await sender.send_message(place, "one")).data["messageId"]
            await reader.wait_for_message(message_id)
            await sender.request("edit", {"messageId": message_id, "content": "two"})
            edited = await told(reader, "message:update")
            assert (edited["rev"], edited["message"]["content"]) == (3, "two")
            for number, event in ((1, "message:update"), (2, "message:update")):
                path = f"/api/chat/{message_id}/reactions/{quote('👍🏽' if number == 1 else '#️⃣')}"
                await ben.call("PUT", path)
                await ben.call("PUT", path)
                reacted = await told(reader, event, number + 1)
            emoji = [(reaction["emoji"], reaction["userIds"]) for reaction in reacted["message"]["reactions"]]
            assert emoji == [("👍🏽", [ben.user_id]), ("#️⃣", [ben.user_id])]
            with pytest.raises(FrameError, match="forbidden"):
                await reader.request("chat:delete", {"messageId": message_id})
            await ada.call("DELETE", f"/api/chat/{message_id}")
            gone = {"conversationId": place, "messageId": message_id, "seq": 1, "rev": 6}
            assert await told(reader, "message:delete") == await told(sender, "message:delete") == gone
            with pytest.raises(FrameError, match="conflict"):
                await sender.request("edit", {"messageId": message_id, "content": "three"})
            view = await ben.get_conversation(place)
            assert (view["rev"], view["unreadCount"], view["lastMessage"]["content"]) == (6, 0, None)
            for device in (sender, reader):
                await device.close()

    asyncio.run(scenario())


def test_who_was_away_is_made_whole_by_sync_over_both_transports(stack: Stack) -> None:
    async def scenario() -> None:
        async with ParleyClient(stack.url) as client:
            ada, ben = await register(client, "ada"), await register(client, "ben")
            place = await ada.create_group("Away", [ben.user_id])
            device = await Device.connect(ben)
            token = (await device.request("sync", {})).data["token"]
            ids = [(await ada.send_message(place, f"m{number}", "x" * 2_000))["messageId"] for number in range(120)]
            await device.wait_until(lambda: len(device.messages) == 120)
            await ada.call("DELETE", f"/api/chat/{ids[7]}")
            await told(device, "message:delete")
            seen: dict[int, Json] = {}
            pages, complete = 0, False
            while not complete:
                page = (await device.request("sync", {"token": token})).data
                token, complete, pages = page["token"], page["complete"], pages + 1
                for change in page["changes"]:
                    assert change["conversation"]["conversationId"] == place
                    seen |= {message["seq"]: message for message in change["messages"]}
            assert (sorted(seen), seen[8]["content"], pages > 2) == (list(range(1, 121)), None, True)
            assert (await ben.call("GET", "/api/sync", query={"token": token}))["changes"] == []
            refused = await client.request("GET", "/api/sync", token=ada.access_token, query={"token": token})
            assert (refused.status_code, refused.json()["code"]) == (410, "sync_token_invalid")
            await device.close()

    asyncio.run(scenario())


def test_rooms_typing_and_presence(stack: Stack) -> None:
    async def scenario() -> None:
        async with ParleyClient(stack.url) as client:
            ada, ben = await register(client, "ada"), await register(client, "ben")
            place = await ada.create_direct(ben.user_id)
            first = await Device.connect(ada, "ada's")
            assert (await first.request("join", {"conversationId": place})).data["online"] == [ada.user_id]
            other = await Device.connect(ben, "ben's")
            assert (await told(first, "presence:update"))["online"] is True
            joined = await other.request("chat:join", {"conversationId": place})
            assert joined.data["online"] == sorted([ada.user_id, ben.user_id])
            assert await told(first, "chat:user:joined") == {"conversationId": place, "userId": ben.user_id}
            await other.request("typing", {"conversationId": place, "state": "start"})
            typing = {"conversationId": place, "userId": ben.user_id, "state": "start"}
            assert await told(first, "chat:typing:update") == typing
            await other.close()
            assert await told(first, "chat:user:left") == {"conversationId": place, "userId": ben.user_id}
            offline = await told(first, "presence:update", 2)
            assert (offline["userId"], offline["online"]) == (ben.user_id, False)
            (shown,) = (await ada.call("GET", "/api/users/presence", query={"ids": ben.user_id}))["items"]
            assert shown == offline
            assert [r.event for r in other.received if r.event in {"chat:typing:update", "presence:update"}] == []
            await first.close()

    asyncio.run(scenario())
