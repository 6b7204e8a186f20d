"""Sync after one change, for somebody of many conversations, over HTTP: as a client that was away for a moment."""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass

from bench.client import ParleyClient, Person
from bench.client.rest import Json
from bench.load.figures import MeasurementError, Row, Sample, percentile

SIZES = (500, 1_000)
ROWS = tuple(
    Row(f"sync{size}_{name}_ms", f"sync after one change, {size:,} conversations, {name}", "ms", target)
    for size, target in ((500, "<= 30 (fast database)"), (1_000, ""))
    for name in ("p50", "p99")
)
ROUNDS = 50
SIDE_BY_SIDE = 8
QUIET_DEADLINE_S = 240.0
STORED_DEADLINE_S = 20.0


@dataclass(slots=True)
class _Reader:
    """Somebody of so many groups, all with the same other one."""

    person: Person
    other: Person
    places: list[str]
    token: str


class SyncPath:
    """Measures sync over one stack; who syncs is made once."""

    def __init__(self, client: ParleyClient) -> None:
        self._client = client
        self._password = f"sync-{secrets.token_hex(16)}"
        self._readers: dict[int, _Reader] = {}

    async def run(self) -> Sample:
        """For each size: a message is stored, the reader syncs, as often as `ROUNDS`."""
        sample: Sample = {}
        for size in SIZES:
            reader = await self._reader(size)
            times = [await self._measure(reader, number) for number in range(ROUNDS)]
            sample[f"sync{size}_p50_ms"] = percentile(times, 0.5)
            sample[f"sync{size}_p99_ms"] = percentile(times, 0.99)
        return sample

    async def _measure(self, reader: _Reader, number: int) -> float:
        place = reader.places[number * 7 % len(reader.places)]
        before = (await reader.other.get_conversation(place))["lastSeq"]
        await reader.other.send_message(place, secrets.token_hex(8), "A message of some forty characters or so.")
        deadline = time.monotonic() + STORED_DEADLINE_S
        while (await reader.other.get_conversation(place))["lastSeq"] == before:
            if time.monotonic() > deadline:
                raise MeasurementError(f"a message was not stored within {STORED_DEADLINE_S:.0f} s")
            await asyncio.sleep(0.005)
        began = time.perf_counter()
        page = await self._ask(reader)
        took = (time.perf_counter() - began) * 1000
        brought = [change["conversation"]["conversationId"] for change in page["changes"]]
        if brought != [place] or not page["complete"]:
            raise MeasurementError(f"one conversation changed, and sync brought {len(brought)}")
        return took

    async def _ask(self, reader: _Reader) -> Json:
        page = await reader.person.call("GET", "/api/sync", query={"token": reader.token} if reader.token else None)
        reader.token = page["token"]
        return page

    async def _reader(self, size: int) -> _Reader:
        """The reader of a size, signed in anew, who has everything, and so long since that nothing comes again."""
        known = self._readers.get(size)
        if known is not None:
            known.person = await self._client.login(known.person.username, self._password)
            known.other = await self._client.login(known.other.username, self._password)
            return known
        run = secrets.token_hex(4)
        person, other = [await self._client.register(f"sync.{run}.{n}", self._password) for n in range(2)]
        slots = asyncio.Semaphore(SIDE_BY_SIDE)

        async def create(number: int) -> str:
            async with slots:
                return await other.create_group(f"Group {number}", [person.user_id])

        places = await asyncio.gather(*(create(number) for number in range(size)))
        reader = self._readers[size] = _Reader(person, other, list(places), "")
        async with asyncio.timeout(QUIET_DEADLINE_S):
            # What changed shortly before a token comes again with it, where it is more than a token remembers.
            while (page := await self._ask(reader))["changes"] or not page["complete"]:
                if page["complete"]:
                    await asyncio.sleep(2)
        return reader
