"""Erasure, as clients see it on a whole stack; tests/e2e/conformance has the rest of accounts."""

from __future__ import annotations

import asyncio

import pytest

from bench.client import Device, ParleyClient
from bench.client.rest import ApiError
from bench.stack import Stack
from tests.e2e.conftest import PASSWORD, register
from tests.e2e.test_live import told


def test_an_erased_person_leaves_tombstones_and_a_free_name(stack: Stack) -> None:
    async def scenario() -> None:
        async with ParleyClient(stack.url) as client:
            ada, ben = await register(client, "ada"), await register(client, "ben")
            place = await ada.create_direct(ben.user_id)
            sender, reader = await Device.connect(ada, "ada's"), await Device.connect(ben, "ben's")
            message_id = (await sender.send_message(place, "a secret")).data["messageId"]
            await reader.wait_for_message(message_id)
            with pytest.raises(ApiError):
                await ada.call("DELETE", "/api/users/me", body={"password": "wrong"})
            await ada.call("DELETE", "/api/users/me", body={"password": PASSWORD})
            assert await told(sender, "session:ended") == {"reason": "account_erased"}
            assert (await told(reader, "message:delete"))["messageId"] == message_id
            assert (await told(reader, "group:members"))["removed"] == [ada.user_id]
            (left,) = await ben.list_messages(place)
            assert (left["content"], left["senderId"]) == (None, ada.user_id)
            again = await client.register(ada.username, PASSWORD)
            assert again.user_id != ada.user_id
            await reader.close()

    asyncio.run(scenario())
