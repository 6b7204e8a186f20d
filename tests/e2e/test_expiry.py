"""A socket that nears the end of its two hours: its client is told by the sweep, and hands over by itself."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bench.client import Device, ParleyClient
from bench.client.live import LiveClient
from bench.stack import PROJECT_ROOT, Stack
from local.engines import read_run
from parley.connections.valkey import ValkeyConnections
from parley.domain.times import format_time
from tests.e2e.conftest import PASSWORD, register, still_serves, until

LIFE, NOTICE = timedelta(hours=2), timedelta(minutes=5)


def age(stack: Stack, user_id: str, by: timedelta) -> datetime:
    """Makes the registry believe that a user's only socket has been open for so long; since when."""
    facts = read_run(stack.data)
    assert facts is not None
    registry = ValkeyConnections(facts["values"]["redis.url"])
    try:
        ((socket,),) = registry.find_connections([user_id]).values()
        aged = replace(socket, connected_at=datetime.now(UTC).replace(microsecond=0) - by)
        registry.renew_connection(aged)
        return aged.connected_at
    finally:
        registry.close()


def sweep(stack: Stack) -> None:
    """Runs the sweep, which runs once a minute by itself."""
    words = ["-m", "local", "invoke", "sweep_connections", "events/sweep_connections.json"]
    environment = {**os.environ, "PARLEY_DATA": str(stack.data)}
    subprocess.run(
        [sys.executable, *words], cwd=PROJECT_ROOT, env=environment, check=True, timeout=60, stdout=subprocess.DEVNULL
    )


def test_five_minutes_before_its_end_a_socket_is_told_and_its_client_moves_without_a_gap(stack: Stack) -> None:
    async def scenario() -> None:
        async with ParleyClient(stack.url) as client:
            ada, ben, cy = [await register(client, name) for name in ("ada", "ben", "cy")]
            place = await ada.create_group("Expiry", [ben.user_id, cy.user_id])
            sender, young = await Device.connect(ada, "ada's"), await Device.connect(cy, "cy's")
            reader = LiveClient(ben, PASSWORD)
            await reader.start()
            old = reader.device
            ids: list[str] = []
            enough = asyncio.Event()

            async def talk() -> None:
                while not enough.is_set():
                    ids.append((await sender.send_message(place, str(len(ids)))).data["messageId"])

            talking = asyncio.create_task(talk())
            try:
                since = age(stack, ben.user_id, LIFE - NOTICE + timedelta(seconds=5))
                age(stack, cy.user_id, LIFE - NOTICE - timedelta(minutes=1))
                await asyncio.to_thread(sweep, stack)
                await old.wait_until(lambda: any(one.event == "session:expiring" for one in old.received))
                await until(lambda: reader.handovers == 1)
                moved = len(ids)
                await until(lambda: len(ids) >= moved + 20)
                await asyncio.to_thread(sweep, stack)
            finally:
                enough.set()
                await talking
            try:
                await reader.device.wait_until(lambda: len(reader.replica.shown) >= len(ids), timeout_s=60)
                assert sorted(reader.replica.shown) == sorted(ids), "every message, and each once"
                assert (reader.handovers, reader.connections) == (1, 2)
                assert reader.device is not old
                assert old.socket.closed.done()
                told = [one.data for one in old.received if one.event == "session:expiring"]
                assert told == [{"reconnectBy": format_time(since + LIFE)}]
                assert [one.event for one in reader.device.received if one.event == "session:expiring"] == []
                await still_serves(young)
                assert [one.event for one in young.received if one.event == "session:expiring"] == []
            finally:
                await asyncio.gather(reader.stop(), sender.close(), young.close())

    asyncio.run(scenario())
