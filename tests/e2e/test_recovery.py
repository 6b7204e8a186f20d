"""What a client that keeps to the contract holds, whatever goes wrong: `bench.faults` and `bench.acts` in small."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bench.acts import Acts
from bench.client import Device, ParleyClient, Person
from bench.client.live import LiveClient
from bench.client.rest import Json
from bench.faults.menu import POINTS, kill_at
from bench.faults.run import RETRYABLE, run_seed
from bench.faults.scene import Size
from bench.stack import Stack
from tests.e2e.conftest import PASSWORD, POLL_S, register

MESSAGES = 60
REFUSAL_DEADLINE_S = (
    8.0  # 5 s are promised, and for both of them less; the rest is for a machine that does other things
)
CAUGHT_UP_DEADLINE_S = 30.0
FAULTS: list[dict[str, Any]] = [
    {"kind": "posts", "action": "gone", "share": 0.2, "times": 5},
    *(kill_at(point) for point in POINTS),
    {"kind": "disconnects", "action": "lose", "times": 3},
    {"kind": "sockets"},
    {"kind": "redeliver", "function": "store_messages"},
    {"kind": "posts", "action": "throttle", "share": 0.2, "times": 5},
    {"kind": "engine", "engine": "valkey", "action": "wipe"},
]


def test_nothing_acknowledged_is_lost_twice_or_out_of_order_under_faults(stack: Stack) -> None:
    size = Size(messages=240, conversations=10, clients=6, faults=len(FAULTS))
    report = asyncio.run(run_seed(stack, 1, size, faults=FAULTS))
    assert report.failures() == [], report.lines()
    assert report.acked >= size.messages
    assert report.strikes.struck.total() == len(FAULTS)


@pytest.mark.parametrize("engine", ["kafka", "mongo", "valkey"])
def test_while_an_engine_is_away_sends_are_refused_for_now_and_none_is_lost(stack: Stack, engine: str) -> None:
    size = Size(messages=30, conversations=4, clients=4, faults=1)
    report = asyncio.run(run_seed(stack, 1, size, spoil=lambda spoiler: spoiler.down(engine, 2.0, stay_s=1.0)))
    (outage,) = report.outages
    assert (report.violations, report.unexpected, report.strikes.missing) == ([], {}, {}), report.lines()
    assert set(report.refused) <= RETRYABLE
    assert outage.slowest_refusal_s < REFUSAL_DEADLINE_S
    assert outage.caught_up_s < CAUGHT_UP_DEADLINE_S
    if engine != "valkey":  # without which messages go on
        assert outage.refused > 0


@pytest.mark.parametrize("seed", [1, 2])
def test_state_from_events_and_sync_is_the_state_that_is_read_anew(stack: Stack, seed: int) -> None:
    async def scenario() -> None:
        async with ParleyClient(stack.url) as client:
            acts = Acts(client, seed, people=6, count=60)
            assert await acts.run() == []
            assert acts.done > 20

    asyncio.run(scenario())


@pytest.mark.parametrize("action", ["gone", "fail"])
def test_a_last_message_whose_push_failed_is_told_of_by_the_next_ping(stack: Stack, action: str) -> None:
    async def scenario() -> None:
        async with ParleyClient(stack.url) as client:
            ada, ben = await register(client, "ada"), await register(client, "ben")
            place = await ada.create_direct(ben.user_id)
            device = await Device.connect(ben)
            token = (await device.request("sync", {})).data["token"]
            assert "missed" not in (await device.request("ping", {})).data
            async with fault(client, {"kind": "posts", "action": action}):
                message_id = (await ada.send_message(place, "only", "the only one"))["messageId"]
                told = await deliveries_of(ben, message_id)
            assert [one["outcome"] for one in told] == ["gone" if action == "gone" else "failed"]
            assert device.messages == []
            assert (await device.request("ping", {})).data["missed"] is True
            assert "missed" not in (await device.request("ping", {})).data
            (change,) = (await device.request("sync", {"token": token})).data["changes"]
            assert [message["messageId"] for message in change["messages"]] == [message_id]
            # It is heard of again, and at once.
            after = (await ada.send_message(place, "after", "one more"))["messageId"]
            await device.wait_for_message(after, timeout_s=30)
            await device.close()

    asyncio.run(scenario())


async def deliveries_of(person: Person, message_id: str) -> list[Json]:
    """What became of a message's pushes to somebody's connections, once it is known."""
    async with asyncio.timeout(30):
        while True:
            path = f"/api/messages/{message_id}/trace"
            answer = await person.client.request("GET", path, token=person.access_token)
            if answer.is_success and answer.json()["deliveries"]:
                return list(answer.json()["deliveries"])
            await asyncio.sleep(POLL_S)


@asynccontextmanager
async def fault(client: ParleyClient, body: Json) -> AsyncIterator[None]:
    """Makes something go wrong for as long as it is entered."""
    await client.call("POST", "/_local/faults", body=body)
    try:
        yield
    finally:
        await client.request("DELETE", "/_local/faults")


def test_a_hand_over_loses_nothing_and_shows_nothing_twice(stack: Stack) -> None:
    async def scenario() -> None:
        async with ParleyClient(stack.url) as client:
            ada, ben = await register(client, "ada"), await register(client, "ben")
            place = await ada.create_direct(ben.user_id)
            sender, reader = LiveClient(ada, PASSWORD), LiveClient(ben, PASSWORD)
            await asyncio.gather(sender.start(), reader.start())
            first = reader.device

            async def talk() -> list[str]:
                return [
                    (await sender.device.send_message(place, str(number))).data["messageId"]
                    for number in range(MESSAGES)
                ]

            async def move() -> None:
                await first.wait_until(lambda: bool(first.messages), timeout_s=60)
                for _ in range(3):
                    old = reader.device
                    await reader.hand_over()
                    assert reader.device is not old
                    assert old.socket.closed.done()

            try:
                ids, _ = await asyncio.gather(talk(), move())
                await reader.device.wait_until(lambda: len(reader.replica.shown) >= MESSAGES, timeout_s=60)
                assert sorted(reader.replica.shown) == sorted(ids)
                assert (reader.handovers, reader.connections) == (3, 4)
            finally:
                await asyncio.gather(sender.stop(), reader.stop())

    asyncio.run(scenario())
