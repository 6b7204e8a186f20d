"""A change that was committed is told of, though the function that made it died before it could tell."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE

import pytest

from bench.client import ApiError, Device, ParleyClient, Person
from bench.client.rest import Json
from bench.faults.control import Control
from bench.faults.menu import kill_at
from bench.stack import PROJECT_ROOT, Stack
from tests.e2e.conftest import register

RELAYED_WITHIN_S = 90.0
"""relay_outbox leaves alone what is younger than five seconds, and may wait for a busy machine."""

RELAYED = "rows of the outbox were published late"


async def killed(person: Person, method: str, path: str, body: Json) -> None:
    """Makes a change whose function dies before it answers."""
    with pytest.raises(ApiError) as error:
        await person.call(method, path, body=body)
    assert (error.value.status, error.value.code) == (500, ""), "API Gateway answers for the function"


def told_of(device: Device, conversation_id: str) -> list[tuple[str, int]]:
    """The events of a conversation's own changes that came, each with its rev, in their order and repeats too."""
    return [
        (received.event, received.data["rev"])
        for received in device.received
        if "rev" in received.data and place_of(received.data) == conversation_id
    ]


def place_of(data: Json) -> str:
    """The conversation that an event is of."""
    return str(data["conversation"]["conversationId"] if "conversation" in data else data["conversationId"])


async def relayed(client: ParleyClient) -> list[str]:
    """What relay_outbox said of late rows, where its schedule had it run."""
    lines = (await client.call("GET", "/_local/logs/relay_outbox"))["lines"]
    return [str(line) for line in lines if RELAYED in str(line)]


async def relay_now(stack: Stack) -> bool:
    """Has relay_outbox run, as its schedule does once a minute; whether it said that it published rows."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "local", "invoke", "relay_outbox", "events/relay_outbox.json"),
        cwd=PROJECT_ROOT,
        env={**os.environ, "PARLEY_DATA": str(stack.data)},
        stdout=PIPE,
        stderr=PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == 0, said.decode()
    return RELAYED in said.decode()


@pytest.mark.timeout(240)
def test_a_change_whose_function_died_before_the_publish_is_told_of_once(stack: Stack) -> None:
    async def scenario() -> None:
        async with ParleyClient(stack.url) as client, Control(stack.url) as control:
            ada, ben, cara = [await register(client, name) for name in ("ada", "ben", "cara")]
            devices = [await Device.connect(person, person.display_name) for person in (ada, ben, cara)]
            group = await ada.create_group("Before", [ben.user_id])
            for device in devices[:2]:
                await until_told(device, group, [("group:create", 1)])
            before = len(await relayed(client))
            number = await control.add({**kill_at("between change and publish"), "times": 3})
            try:
                await killed(ada, "PATCH", f"/api/groups/{group}/rename", {"name": "After"})
                seen = await ben.get_conversation(group)
                assert (seen["name"], seen["rev"]) == ("After", 2), "it was committed, and the next request is served"
                await killed(ada, "PATCH", f"/api/groups/{group}/members", {"add": [cara.user_id]})
                assert (await cara.get_conversation(group))["rev"] == 3
                await killed(ada, "POST", "/api/groups", {"name": "Second", "memberIds": [ben.user_id]})
                second = next(one for one in await ben.list_conversations() if one["name"] == "Second")
                assert (await control.list())[number][1] == 3, "each died where it was to die"
            finally:
                await control.clear()
            due = what_is_due(devices, group, str(second["conversationId"]))
            has_relayed = False
            async with asyncio.timeout(RELAYED_WITHIN_S):
                while not all(set(events) <= set(told_of(*where)) for where, events in due.items()):
                    has_relayed |= await relay_now(stack)
            was_scheduled = len(await relayed(client)) > before
            assert has_relayed or was_scheduled, "nobody but the relay can have told of them"
            # The stack runs one relay at a time, and no two tell of the same row; ours it knows nothing of.
            await check_told(due, ada, group, once=not (has_relayed and was_scheduled))
            for device in devices:
                await device.close()

    asyncio.run(scenario())


Due = dict[tuple[Device, str], list[tuple[str, int]]]


def what_is_due(devices: list[Device], group: str, second: str) -> Due:
    """What everybody is to be told of each conversation."""
    ada, ben, cara = devices
    return {
        (ada, group): [("group:create", 1), ("group:members", 3), ("group:update", 2)],
        (ben, group): [("group:create", 1), ("group:members", 3), ("group:update", 2)],
        (cara, group): [("group:create", 3), ("group:members", 3)],
        (ada, second): [("group:create", 1)],
        (ben, second): [("group:create", 1)],
        (cara, second): [],
    }


async def check_told(due: Due, owner: Person, group: str, *, once: bool) -> None:
    """Everybody was told of each change that concerns them and of no other, and can go on."""
    # What comes of one more change can be behind no repeat: a partition holds a group's events in their order.
    for place in {place for _, place in due}:
        await owner.call("PATCH", f"/api/groups/{place}/rename", body={"name": "Last"})
    for (device, place), events in due.items():
        if events:
            events.append(("group:update", 4 if place == group else 2))
        await until_told(device, place, events)
        told = told_of(device, place)
        assert sorted(told if once else set(told)) == sorted(events)


async def until_told(device: Device, place: str, events: list[tuple[str, int]]) -> None:
    """Waits until a device has heard these of a conversation, and maybe others."""
    try:
        await device.wait_until(lambda: set(events) <= set(told_of(device, place)), timeout_s=30)
    except TimeoutError:
        raise AssertionError(f"{device.name} waits for {events} and heard {told_of(device, place)}") from None
