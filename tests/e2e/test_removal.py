"""Who was put out of something hears no more of it soon: of a group within a second, of anything after a logout."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest

from bench.client import Device, ParleyClient, Person
from bench.load.people import People, create_large_group
from bench.stack import Stack
from parley.services.chunks import LARGE_GROUP_COUNT
from tests.e2e.conftest import PASSWORD, POLL_S, register, still_serves

REMOVED_WITHIN_S = 1.0
REFUSED_WITHIN_S = 5.0
BEFORE, AFTER_S = 20, 3.0


async def _talk(device: Device, place: str, until: asyncio.Event, sent: list[str]) -> None:
    """Sends one message after the other, as fast as they are taken."""
    while not until.is_set():
        sent.append((await device.send_message(place, f"number {len(sent)}")).data["messageId"])


@pytest.mark.parametrize("others", [0, LARGE_GROUP_COUNT])
def test_a_removed_member_gets_nothing_a_second_after_the_removal(stack: Stack, others: int) -> None:
    async def scenario() -> None:
        async with ParleyClient(stack.url) as client:
            ada, ben, cy = [await register(client, name) for name in ("ada", "ben", "cy")]
            silent = [other.user_id for other in await People(client).take(others)]
            place = await create_large_group(ada, "Removal", [ben.user_id, cy.user_id, *silent])
            sender, stays, goes = [await Device.connect(one, one.username) for one in (ben, ada, cy)]
            sent: list[str] = []
            enough = asyncio.Event()
            talking = asyncio.create_task(_talk(sender, place, enough, sent))
            try:
                await goes.wait_until(lambda: len(goes.messages) >= BEFORE, timeout_s=30)
                await ada.call("PATCH", f"/api/groups/{place}/members", body={"remove": [cy.user_id]})
                removed_at = time.perf_counter()
                await stays.wait_until(
                    lambda: bool(stays.received) and stays.received[-1].at > removed_at + AFTER_S, timeout_s=30
                )
            finally:
                enough.set()
                await talking
            await stays.wait_for_message(sent[-1])
            await still_serves(goes)

            late = [one for one in goes.received if one.at > removed_at + REMOVED_WITHIN_S and one.request_id is None]
            assert late == []
            told = [one.data["removed"] for one in goes.received if one.event == "group:members"]
            # Where many were added some at a time, the last of that may have come to the new socket still.
            assert [removed for removed in told if removed] == [[cy.user_id]]
            assert [one.event for one in goes.received if one.request_id is None][-1] == "group:members"
            assert len([one for one in stays.messages if one["senderId"] == ben.user_id]) == len(sent)
            assert len(goes.messages) < len(sent) - BEFORE, "they wrote on long enough for that to mean something"
            for device in (sender, stays, goes):
                await device.close()

    asyncio.run(scenario())


def test_after_a_logout_the_token_is_refused_within_five_seconds_and_the_socket_is_closed(stack: Stack) -> None:
    async def scenario() -> None:
        async with ParleyClient(stack.url) as client:
            ada = await register(client, "ada")
            other = await client.login(ada.username, PASSWORD)
            leaving, staying = await Device.connect(ada, "leaving"), await Device.connect(other, "staying")
            assert await _status(client, ada) == 200
            await ada.call("POST", "/api/auth/logout")
            out_at = time.perf_counter()
            while await _status(client, ada) != 401:
                assert time.perf_counter() - out_at < REFUSED_WITHIN_S, "the access token still opens doors"
                await asyncio.sleep(POLL_S)
            assert time.perf_counter() - out_at < REFUSED_WITHIN_S

            assert await leaving.wait_closed(timeout_s=REFUSED_WITHIN_S) != 1006, "it is told good-bye"
            assert [(one.event, one.data) for one in leaving.received][-1] == ("session:ended", {"reason": "logout"})
            assert await _status(client, other) == 200
            await still_serves(staying)
            assert [one for one in staying.received if one.event == "session:ended"] == []
            await staying.close()

    asyncio.run(scenario())


async def _status(client: ParleyClient, person: Person) -> int:
    answer: httpx.Response = await client.request("GET", "/api/users/me", token=person.access_token)
    return answer.status_code
