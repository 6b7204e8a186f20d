"""What became of a message, as its sender and its reader are told."""

from __future__ import annotations

import asyncio

import pytest

from bench.client import ApiError, Device, ParleyClient, Person
from bench.client.rest import Json
from bench.stack import Stack
from tests.e2e.conftest import register


async def trace_of(person: Person, message_id: str) -> Json:
    """The message's trace, once all of it is told: publishing is noted after it, by another process than pushes."""
    async with asyncio.timeout(30):
        while True:
            trace = await person.call("GET", f"/api/messages/{message_id}/trace")
            if trace["publishedAt"] and trace["deliveries"]:
                return trace
            await asyncio.sleep(0.05)


def test_each_is_told_of_the_way_to_their_own_connections(stack: Stack) -> None:
    async def scenario() -> None:
        async with ParleyClient(stack.url) as client:
            ada, ben, eve = [await register(client, name) for name in ("ada", "ben", "eve")]
            place = await ada.create_direct(ben.user_id)
            sender, phone, tablet = [await Device.connect(person) for person in (ada, ben, ben)]
            message_id = (await sender.send_message(place, "Hello")).data["messageId"]
            await ada.call("GET", f"/api/messages/{message_id}/trace")  # accepted is enough for its sender
            for device in (sender, phone, tablet):
                await device.wait_for_message(message_id)
            mine, theirs = await trace_of(ada, message_id), await trace_of(ben, message_id)
            assert mine["acceptedAt"] <= mine["storedAt"] <= mine["publishedAt"]
            assert mine["storedAt"] <= mine["deliveries"][0]["at"]
            assert [one["outcome"] for one in mine["deliveries"]] == ["pushed"]
            assert [one["outcome"] for one in theirs["deliveries"]] == ["pushed", "pushed"]
            with pytest.raises(ApiError, match="not_found"):
                await eve.call("GET", f"/api/messages/{message_id}/trace")
            for device in (sender, phone, tablet):
                await device.close()

    asyncio.run(scenario())
