"""Files as a browser sends and fetches them, through a whole running stack."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest

from bench.client import Device, ParleyClient
from bench.client.rest import ApiError, Json, Person
from bench.stack import Stack
from tests.e2e.conftest import POLL_S, history_of, register

ORIGIN = "http://localhost:5173"


async def announce(person: Person, name: str, content_type: str, size: int) -> Json:
    body = {"fileName": name, "contentType": content_type, "size": size}
    return await person.call("POST", "/api/attachments", body=body)


async def upload(browser: httpx.AsyncClient, announced: Json, content: bytes) -> None:
    form = announced["upload"]
    answer = await browser.post(form["url"], data=form["fields"], files={"file": content}, headers={"Origin": ORIGIN})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] in ("*", ORIGIN)


def test_a_file_goes_from_one_browser_to_another_and_is_gone_with_its_message(stack: Stack) -> None:
    content = bytes(range(256)) * 40

    async def scenario() -> None:
        async with ParleyClient(stack.url) as client, httpx.AsyncClient(trust_env=False) as browser:
            ann, ben = await register(client, "ann"), await register(client, "ben")
            place = await ann.create_direct(ben.user_id)
            reader, sender = await Device.connect(ben, "ben's"), await Device.connect(ann, "ann's")
            announced = await announce(ann, "Grüße.bin", "application/x-thing", len(content))
            draft = {
                "conversationId": place,
                "clientMessageId": "file-1",
                "content": "See here",
                "type": "attachment",
                "attachments": [announced["attachmentId"]],
            }
            with pytest.raises(ApiError) as early:
                await ann.call("POST", "/api/chat/send", body=draft)
            assert (early.value.status, early.value.code) == (422, "invalid_request")
            await upload(browser, announced, content)
            with pytest.raises(ApiError) as stolen:
                await ben.call("POST", "/api/chat/send", body={**draft, "clientMessageId": "file-2"})
            assert (stolen.value.status, stolen.value.code) == (422, "invalid_request")
            message_id = (await sender.request("send", draft)).data["messageId"]
            pushed = (await reader.wait_for_message(message_id)).data["message"]
            (listed,) = await history_of(ben, place, 1)
            page = await ben.call("GET", "/api/sync")
            synced = next(one for one in page["changes"] if one["conversation"]["conversationId"] == place)
            over_socket = (await reader.request("sync", {})).data["changes"][0]
            shown = [
                pushed,
                listed,
                *synced["messages"],
                synced["conversation"]["lastMessage"],
                *over_socket["messages"],
            ]
            assert len(shown) == 5
            for message in shown:
                (attachment,) = message["attachments"]
                fetched = await browser.get(attachment.pop("url"), headers={"Origin": ORIGIN})
                assert (fetched.status_code, fetched.content) == (200, content)
                assert attachment == {
                    "attachmentId": announced["attachmentId"],
                    "fileName": "Grüße.bin",
                    "contentType": "application/x-thing",
                    "size": len(content),
                }
            address = (await ben.call("GET", f"/api/messages/{message_id}"))["attachments"][0]["url"]
            await ann.call("DELETE", f"/api/chat/{message_id}")
            deadline = time.monotonic() + 60
            while (await browser.get(address)).status_code not in (403, 404):
                assert time.monotonic() < deadline
                await asyncio.sleep(POLL_S)
            assert (await ben.call("GET", f"/api/messages/{message_id}"))["attachments"] == []
            await reader.close()
            await sender.close()

    asyncio.run(scenario())
