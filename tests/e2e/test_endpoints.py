"""Several endpoints at once: who is connected to one is reached by functions that were called through another."""

from __future__ import annotations

import asyncio

from bench.client import Device, ParleyClient
from bench.stack import Stack
from tests.e2e.conftest import register, until


def test_people_on_two_endpoints_reach_each_other(stack: Stack) -> None:
    async def scenario() -> None:
        first, second = stack.facts()["ws_urls"]
        async with ParleyClient(stack.url) as client:
            ada, ben = await register(client, "ada"), await register(client, "ben")
            conversation_id = await ada.create_direct(ben.user_id)
            devices = []
            for person, url in ((ada, first), (ben, second)):
                ticket = (await person.ws_ticket()).partition("?")[2]
                device = Device(person, "device")
                await device.open(f"{url}?{ticket}")
                devices.append(device)
            for device, other in (devices, reversed(devices)):
                answer = await device.send_message(conversation_id, f"from {device.person.username}")
                await other.wait_for_message(str(answer.data["messageId"]), timeout_s=30)
            await asyncio.gather(*(device.close() for device in devices))
            await until(lambda: all(device.socket.closed.done() for device in devices))

    asyncio.run(scenario())
