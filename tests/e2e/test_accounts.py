"""Signing out, groups and erasure, as clients see them on a whole stack."""

from __future__ import annotations

import asyncio

import pytest

from bench.client import Device, ParleyClient
from bench.client.rest import ApiError, Json
from bench.stack import Stack
from tests.e2e.conftest import PASSWORD, register
from tests.e2e.test_live import told


def test_signing_out_ends_the_session_and_closes_its_sockets(stack: Stack) -> None:
    async def scenario() -> None:
        async with ParleyClient(stack.url) as client:
            ada = await register(client, "ada")
            laptop = await client.login(ada.username, PASSWORD)
            phone_socket, laptop_socket = await Device.connect(ada, "phone"), await Device.connect(laptop, "laptop")
            await laptop.call("POST", "/api/auth/logout")
            assert await told(laptop_socket, "session:ended") == {"reason": "logout"}
            await laptop_socket.wait_closed()
            await phone_socket.request("ping", {})
            await ada.call("POST", "/api/auth/logout-all")
            assert await told(phone_socket, "session:ended") == {"reason": "logout"}
            await phone_socket.wait_closed()

    asyncio.run(scenario())


def test_a_group_changes_for_all_and_ends_for_those_who_are_removed(stack: Stack) -> None:
    async def scenario() -> None:
        async with ParleyClient(stack.url) as client:
            ada, ben, cy = [await register(client, name) for name in ("ada", "ben", "cy")]
            one, two, three = [await Device.connect(person, person.username) for person in (ada, ben, cy)]
            place = await ada.create_group("Owls", [ben.user_id])
            created = await told(two, "group:create")
            assert (created["rev"], created["conversation"]["myRole"]) == (1, "member")
            base = f"/api/groups/{place}"
            await ada.call("PATCH", f"{base}/rename", body={"name": "Larks"})
            assert (await told(two, "group:update"))["conversation"]["name"] == "Larks"
            await ada.call("PATCH", f"{base}/members", body={"add": [cy.user_id], "remove": [ben.user_id]})
            assert (await told(three, "group:create"))["conversation"]["memberCount"] == 2
            members = await told(two, "group:members")
            assert (members["removed"], [member["userId"] for member in members["added"]]) == (
                [ben.user_id],
                [cy.user_id],
            )
            message_id = (await one.send_message(place, "without Ben")).data["messageId"]
            await three.wait_for_message(message_id)
            await ada.call("DELETE", base)
            assert await told(three, "group:delete") == {"conversationId": place, "rev": 5}
            assert [event.event for event in two.received] == ["group:create", "group:update", "group:members"]
            synced: Json = await cy.call("GET", "/api/sync")
            assert synced["changes"] == []
            for device in (one, two, three):
                await device.close()

    asyncio.run(scenario())


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
