"""`python -m bench.faults.wiped`: Valkey forgets everything and every socket is cut, while messages go on.

Three blows, one after the other, and after each it is measured how long it takes until presence is right again:

- every socket is cut, no `$disconnect` is called, and some people stay away: only the sweep can find that out;
- Valkey is wiped and every socket is cut at the same moment;
- Valkey is wiped, and the sockets stay open: only what their clients send makes them known again.

In the end every device must have every message.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import random
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import uvloop

from bench.client import ApiError, FrameError, ParleyClient
from bench.client.live import LiveClient
from bench.client.rest import Person
from bench.faults.control import Control
from bench.faults.menu import Fault
from bench.stack import Stack, end_in_order

SIDE_BY_SIDE = 6
GROUP_SIZE = 20
PRESENCE_PROMISED_S = 60.0
GIVE_UP_S = 120.0
PAUSE_S, LOOK_S = 0.2, 0.5
HEARTBEAT_S = 25.0
WIPE: Fault = {"kind": "engine", "engine": "valkey", "action": "wipe"}
CUT: Fault = {"kind": "sockets"}
LOST: Fault = {"kind": "disconnects", "action": "lose"}
BLOWS: dict[str, tuple[Fault, ...]] = {
    "sockets cut, $disconnect lost": (LOST, CUT),
    "Valkey wiped and sockets cut": (WIPE, CUT),
    "Valkey wiped": (WIPE,),
}


@dataclass
class Crowd:
    """People on several devices each, in groups, one of them with everybody in it."""

    client: ParleyClient
    control: Control
    chance: random.Random
    people: list[Person] = field(default_factory=list)
    devices: dict[str, list[LiveClient]] = field(default_factory=dict)
    places: dict[str, list[Person]] = field(default_factory=dict)
    sent: list[tuple[str, str]] = field(default_factory=list)
    """Conversation and message of all that were acknowledged."""
    away: set[str] = field(default_factory=set)

    async def gather(self, people: int, devices: int) -> None:
        """Signs everybody in, makes the groups, and connects every device."""
        slots, run, password = asyncio.Semaphore(SIDE_BY_SIDE), secrets.token_hex(4), f"wiped {secrets.token_hex(16)}"

        async def register(number: int) -> Person:
            async with slots:
                return await self.client.register(f"w{run}.{number}", password)

        async def start(device: LiveClient) -> None:
            async with slots:
                await device.start()

        self.people = list(await asyncio.gather(*(register(number) for number in range(people))))
        groups = [self.people, *(self.people[at : at + GROUP_SIZE] for at in range(0, people, GROUP_SIZE))]
        for number, group in enumerate(groups):
            name = await group[0].create_group(f"Group {number}", [other.user_id for other in group[1:]])
            self.places[name] = group
        for person in self.people:
            self.devices[person.user_id] = [
                LiveClient(person, password, chance=random.Random(self.chance.random())) for _ in range(devices)
            ]
        await asyncio.gather(*(start(device) for device in self.all_devices()))

    def all_devices(self) -> Iterator[LiveClient]:
        """Of everybody."""
        return itertools.chain.from_iterable(self.devices.values())

    def present(self) -> Iterator[LiveClient]:
        """The devices of those who have not left."""
        return (device for device in self.all_devices() if device.person.user_id not in self.away)

    async def send(self) -> None:
        """Messages here and there, each until it is acknowledged, until this is cancelled."""
        for number in itertools.count():
            place = self.chance.choice(list(self.places))
            sender = self.chance.choice(self.places[place])
            while True:
                try:
                    answer = await sender.send_message(place, f"wiped-{number}", "who is there?")
                except (ApiError, httpx.TransportError) as error:
                    if isinstance(error, ApiError) and error.status not in (429, 502, 503, 504):
                        raise
                    await asyncio.sleep(1)
                else:
                    break
            self.sent.append((place, answer["messageId"]))
            await asyncio.sleep(PAUSE_S)

    async def beat(self) -> None:
        """Every device pings from time to time, as the web client does, and syncs where it missed something."""

        async def ping(device: LiveClient) -> None:
            with contextlib.suppress(FrameError, ConnectionError, TimeoutError):
                if (await device.request("ping", {})).data.get("missed"):
                    await device.sync()

        while True:
            await asyncio.sleep(HEARTBEAT_S)
            await asyncio.gather(*(ping(device) for device in self.present()))

    def leave(self, count: int) -> None:
        """So many more people do not come back when their sockets end."""
        for person in [person for person in self.people[1:] if person.user_id not in self.away][:count]:
            self.away.add(person.user_id)
            for device in self.devices[person.user_id]:
                device.ended = "left"

    async def strike(self, faults: tuple[Fault, ...]) -> float:
        """Lets faults strike; after how many seconds presence was right, and stayed so."""
        before = {device: device.connections for device in self.present()}
        is_cut = CUT in faults
        for fault in faults:
            await self.control.add(fault)
        started = time.monotonic()
        right_since: float | None = None
        while time.monotonic() - started < GIVE_UP_S:
            back = not is_cut or all(device.connections > count for device, count in before.items())
            if back and await self._presence_is_right():
                right_since = right_since or time.monotonic()
                if time.monotonic() - right_since > 2 * LOOK_S:
                    break
            else:
                right_since = None
            await asyncio.sleep(LOOK_S)
        await self.control.clear()
        return (right_since or float("inf")) - started

    async def _presence_is_right(self) -> bool:
        ids = ",".join(person.user_id for person in self.people)
        try:
            found = (await self.people[0].call("GET", "/api/users/presence", query={"ids": ids}))["items"]
        except (ApiError, httpx.TransportError):
            return False
        return {one["userId"]: one["online"] for one in found} == {
            person.user_id: person.user_id not in self.away for person in self.people
        }

    async def until_stored(self) -> float:
        """Waits until everything that was acknowledged is stored; in how many seconds that was."""
        started = time.monotonic()
        for place, members in self.places.items():
            sent = {message_id for name, message_id in self.sent if name == place}
            while not sent <= {message["messageId"] for message in await members[0].history(place)}:
                if time.monotonic() - started > GIVE_UP_S:
                    return float("inf")
                await asyncio.sleep(LOOK_S)
        return time.monotonic() - started

    async def sync_all(self) -> None:
        """Every device syncs a last time."""
        slots = asyncio.Semaphore(SIDE_BY_SIDE)

        async def sync(device: LiveClient) -> None:
            async with slots:
                await device.make_whole()

        await asyncio.gather(*(sync(device) for device in self.present()))

    def lacking(self) -> int:
        """How many messages are missing on how many devices, counted together."""
        return sum(
            (held := device.replica.conversations.get(place)) is None or message_id not in held.messages
            for device in self.present()
            for place, message_id in self.sent
            if device.person in self.places[place]
        )


async def run(url: str, people: int, devices: int, away: int) -> bool:
    """All blows on one stack; whether everything was kept."""
    async with ParleyClient(url, timeout_s=60) as client, Control(url) as control:
        crowd = Crowd(client, control, random.Random(1))
        await crowd.gather(people, devices)
        print(f"{sum(1 for _ in crowd.all_devices())} sockets of {people} people are open", flush=True)
        work = [asyncio.create_task(crowd.send()), asyncio.create_task(crowd.beat())]
        kept = True
        try:
            for name, faults in BLOWS.items():
                if CUT in faults:
                    crowd.leave(away)
                right_s = await crowd.strike(faults)
                kept = kept and right_s <= PRESENCE_PROMISED_S
                print(f"{name}: presence right after {right_s:.1f} s, {len(crowd.away)} people away", flush=True)
        finally:
            for task in work:
                task.cancel()
            results = await asyncio.gather(*work, return_exceptions=True)
        failed = [result for result in results if not isinstance(result, asyncio.CancelledError)]
        stored_s = await crowd.until_stored()
        before = crowd.lacking()
        await crowd.sync_all()
        missing = crowd.lacking()
        count, syncs = sum(1 for _ in crowd.present()), sum(device.syncs for device in crowd.present())
        print(f"{len(crowd.sent)} messages were stored {stored_s:.1f} s after the last; {count} devices, {syncs} syncs")
        print(f"missing before the last sync: {before}, after it: {missing}")
        for failure in failed:
            print(f"failed: {failure!r}")
        await asyncio.gather(*(device.stop() for device in crowd.all_devices()))
        return kept and not missing and not failed


def main() -> int:
    """The command: 0 where nothing was missed and presence was right in time."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.faults.wiped", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=100, help="at most 100, as presence is asked for that many")
    parser.add_argument("--devices", type=int, default=5, help="of each")
    parser.add_argument("--away", type=int, default=5, help="people who do not come back, each time")
    options = parser.parse_args()
    end_in_order()
    with tempfile.TemporaryDirectory(prefix="parley-wiped-") as folder:
        stack = Stack(Path(folder) / "data", environment={"FREEZE": "on"})
        stack.start()
        try:
            kept = uvloop.run(run(stack.url, options.people, options.devices, options.away))
        finally:
            stack.stop()
    print("kept" if kept else "NOT kept")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
