"""`python -m bench.herd`: drops all sockets of a stack at once, and watches their clients come back in turns."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import uvloop

from bench.client import ApiError, ParleyClient
from bench.client.live import LiveClient
from bench.client.rest import Person
from bench.faults.control import Control
from bench.load.people import create_large_group
from bench.stack import Stack

SIDE_BY_SIDE = 6
RETRYABLE = (429, 503)
PAUSE_S = 0.2
AWAY_COUNT = 20
# As long as a gateway waits for a function: who gives up earlier and comes again asks for the same twice.
SYNC_TIMEOUT_S = 30.0
# Sync looks at what changed up to 90 s before its token (docs/adr/0011): all the members, if they joined just now.
SETTLED_S = 95.0


class Herd:
    """Clients, each on a session of its own, in one group: what is sent while they are away must come with them."""

    def __init__(self, client: ParleyClient, control: Control) -> None:
        self._client = client
        self._control = control
        self._password = f"herd {secrets.token_hex(16)}"
        self._clients: list[LiveClient] = []
        self._place = ""
        self._sent_again = 0

    async def gather(self, count: int) -> float:
        """Signs everybody in and connects them; in how many seconds they were connected."""
        slots = asyncio.Semaphore(SIDE_BY_SIDE)
        run = secrets.token_hex(4)

        async def register(number: int) -> Person:
            async with slots:
                return await self._client.register(f"h{run}.{number}", self._password)

        people = list(await asyncio.gather(*(register(number) for number in range(count))))
        self._place = await create_large_group(people[0], "Herd", [person.user_id for person in people[1:]])
        # As if it had been there before: else everybody's sync has to go over all its members.
        await asyncio.sleep(SETTLED_S)
        self._clients = [
            LiveClient(person, self._password, chance=random.Random(number), sync_timeout_s=SYNC_TIMEOUT_S)
            for number, person in enumerate(people)
        ]
        started = time.monotonic()
        await asyncio.gather(*(client.start() for client in self._clients))
        return time.monotonic() - started

    async def scatter(self) -> dict[str, float]:
        """Drops every socket at once, sends meanwhile, and waits until everybody is back and has it all."""
        refusals = sum(client.refusals for client in self._clients)
        syncs = sum(client.syncs for client in self._clients)
        started = time.monotonic()
        await self._control.add({"kind": "sockets"})
        connected = [asyncio.create_task(self._until(client, _is_back, started)) for client in self._clients]
        sender = self._clients[0].person
        slowest_s = 0.0
        for number in range(AWAY_COUNT):
            sent_at = time.monotonic()
            await self._send(sender, f"away-{number}")
            slowest_s = max(slowest_s, time.monotonic() - sent_at)
        whole = sorted(
            await asyncio.gather(*(self._until(client, self._is_whole, started) for client in self._clients))
        )
        times = sorted(await asyncio.gather(*connected))
        return {
            "clients": len(times),
            "connected p50 s": times[len(times) // 2],
            "connected last s": times[-1],
            "most in one second": _busiest(times),
            "whole last s": max(whole),
            "refusals a client": (sum(client.refusals for client in self._clients) - refusals) / len(times),
            "syncs a client": (sum(client.syncs for client in self._clients) - syncs) / len(times),
            "slowest send s": slowest_s,
            "sends tried again": self._sent_again,
        }

    async def _send(self, sender: Person, client_message_id: str) -> None:
        """Sends as a client does: a thousand `$disconnect`s may take all the account's concurrency for a moment."""
        while True:
            try:
                await sender.send_message(self._place, client_message_id, "while you were away")
            except ApiError as error:
                if error.status not in RETRYABLE:
                    raise
                self._sent_again += 1
                await asyncio.sleep(PAUSE_S)
            else:
                return

    async def _until(self, client: LiveClient, holds: Callable[[LiveClient], bool], started: float) -> float:
        while not holds(client):  # noqa: ASYNC110 - what it looks at is changed by two parts that tell nobody
            await asyncio.sleep(0.05)
        return time.monotonic() - started

    def _is_whole(self, client: LiveClient) -> bool:
        held = client.replica.conversations.get(self._place)
        return _is_back(client) and held is not None and len(held.messages) >= AWAY_COUNT

    async def disperse(self) -> None:
        """Ends all."""
        await asyncio.gather(*(client.stop() for client in self._clients))


def _is_back(client: LiveClient) -> bool:
    """Whether it has connected for the second time."""
    return client.connections >= 2


def _busiest(times: Sequence[float]) -> int:
    return max(len(list(same)) for _, same in itertools.groupby(times, key=int))


async def run(url: str, count: int) -> dict[str, float]:
    """One herd on a stack."""
    async with ParleyClient(url, timeout_s=60) as client, Control(url) as control:
        herd = Herd(client, control)
        connected_s = await herd.gather(count)
        try:
            return {"first connected s": connected_s, **await asyncio.wait_for(herd.scatter(), timeout=600)}
        finally:
            await herd.disperse()


def main() -> int:
    """The command: 0 where everybody came back whole."""
    parser = argparse.ArgumentParser(prog="python -m bench.herd", description=__doc__)
    parser.add_argument("--clients", type=int, default=1_000)
    parser.add_argument("--rate", type=float, default=50, help="connects a second that the stage lets through")
    options = parser.parse_args()
    buckets = {"connect": f"{options.rate}/{max(1, round(options.rate))}", "write": "100000/100000"}
    limits = ",".join(f"{name}={value}" for name, value in {**buckets, "frame": "100000/100000"}.items())
    with tempfile.TemporaryDirectory(prefix="parley-herd-") as folder:
        # The gateway's own rates are far off; what queues for a laptop's environments is not to be throttled for it.
        stack = Stack(Path(folder) / "data", environment={"PARLEY_RATE_LIMITS": limits, "LIMITS": "off"})
        stack.start()
        try:
            found = uvloop.run(run(stack.url, options.clients))
        finally:
            stack.stop()
    print(", ".join(f"{name} {value:.4g}" for name, value in found.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
