"""The first message, and the same message over and over."""

from __future__ import annotations

import asyncio

from bench.client import Device, ParleyClient
from bench.client.rest import Json
from bench.stack import Stack
from tests.e2e.conftest import PASSWORD, register


def test_messages_by_rest_and_by_socket_arrive_everywhere_and_outlive_a_restart(own_stack: Stack) -> None:
    async def talk() -> tuple[str, str, list[Json]]:
        async with ParleyClient(own_stack.url) as client:
            ada, ben = await register(client, "ada"), await register(client, "ben")
            conversation_id = await ada.create_direct(ben.user_id)
            sender = await Device.connect(ada, "ada's laptop")
            others = [await Device.connect(ben, "phone"), await Device.connect(ben, "tablet", by_ticket=False)]
            first = await ada.send_message(conversation_id, "first", "by REST")
            for device in others:
                assert (await device.wait_for_message(first["messageId"])).data["message"]["seq"] == 1
            second = (await sender.send_message(conversation_id, "by socket", client_message_id="second")).data
            for device in (*others, sender):
                await device.wait_for_message(second["messageId"])
                assert [(m["seq"], m["content"]) for m in device.messages] == [(1, "by REST"), (2, "by socket")]
                await device.close()
            history = await ben.history(conversation_id)
            assert [m["messageId"] for m in history] == [first["messageId"], second["messageId"]]
            return ben.username, conversation_id, history

    async def read_again(username: str, conversation_id: str) -> list[Json]:
        async with ParleyClient(own_stack.url) as client:
            ben = await client.login(username, PASSWORD)
            return await ben.history(conversation_id)

    username, conversation_id, history = asyncio.run(talk())
    assert own_stack.stop() == 0
    own_stack.start()
    own_stack.wait_until_healthy()
    assert asyncio.run(read_again(username, conversation_id)) == history


def test_one_client_message_id_five_times_at_once_is_one_message(stack: Stack) -> None:
    async def scenario() -> None:
        async with ParleyClient(stack.url) as client:
            ada, ben = await register(client, "ada"), await register(client, "ben")
            conversation_id = await ada.create_direct(ben.user_id)
            devices = [await Device.connect(ada), await Device.connect(ada)]
            listener = await Device.connect(ben)

            async def by_socket(number: int) -> Json:
                device = devices[number % 2]
                content = f"attempt {number}"
                return (await device.send_message(conversation_id, content, client_message_id="the-one")).data

            async def by_rest(number: int) -> Json:
                return await ada.send_message(conversation_id, "the-one", f"attempt {number}")

            answers = list(await asyncio.gather(by_socket(0), by_rest(1), by_socket(2), by_rest(3), by_socket(4)))
            assert answers == [answers[0]] * 5
            marker = await ada.send_message(conversation_id, "after", "the next one")
            await listener.wait_for_message(marker["messageId"])
            history = await ada.history(conversation_id)
            assert [m["messageId"] for m in history] == [answers[0]["messageId"], marker["messageId"]]
            assert {m["messageId"] for m in listener.messages} == {m["messageId"] for m in history}
            await asyncio.gather(*(device.close() for device in (*devices, listener)))

    asyncio.run(scenario())
