"""A page of history in a very long conversation beside one in a short one, over HTTP.

The messages are written straight into the stack's database, as the consumer would have left them: by the message path
a million would take the better part of an hour.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from pymongo import MongoClient

from bench.client import ApiError, Person
from bench.load.figures import MeasurementError, Row, Sample, percentile
from bench.load.people import People
from bench.load.processes import Processes
from parley.domain.models import Message
from parley.stores.codecs import Document, encode_message, encode_words

SHORT = 1_000
PAGE = 50
ROUNDS = 100
BATCH = 2_000
FILL_DEADLINE_S, SETTLE_DEADLINE_S = 1_200.0, 120.0
CONTENT = "A message of some forty characters or so."
_BESIDE = ("words", "changedAt", "acceptedAt")
"""What stands in a message's document beside the message."""


def rows(long: int) -> tuple[Row, ...]:
    """What is measured, where the longer conversation has so many messages."""
    return (
        *(
            Row(f"history_{name}_{key}_ms", f"page of {PAGE} in a conversation of {size:,} messages, {key}", "ms")
            for name, size in _sizes(long).items()
            for key in ("p50", "p99")
        ),
        Row("history_ratio", "the longer one's p50 for each of the shorter one's", "", "<= 1.1"),
        Row("history_fill_rate", "messages written straight into the database, to get there", "/s"),
        Row("history_elsewhere", "of the machine, used by others meanwhile", "%"),
    )


def _sizes(long: int) -> dict[str, int]:
    return {"short": SHORT, "long": long}


class HistoryPath:
    """Measures pages over one stack; the conversations are filled once."""

    def __init__(self, people: People, processes: Processes, long: int) -> None:
        self._people = people
        self._processes = processes
        self._sizes = _sizes(long)
        self._places: dict[str, str] = {}
        self._fill_rate = 0.0

    async def run(self) -> Sample:
        """Pages at the newest end, in the middle and at the oldest, of one conversation and the other in turn."""
        reader, other = await self._people.take(2)
        for name, size in self._sizes.items():
            if name not in self._places:
                self._places[name] = await self._make(reader, other, size)
        times: dict[str, list[float]] = {name: [] for name in self._sizes}
        before = self._processes.read()
        for number in range(-5, ROUNDS):  # the first few only warm it up
            for name, size in self._sizes.items():
                taken = await self._read(reader, name, size, number)
                if number >= 0:
                    times[name].append(taken)
        sample = {
            f"history_{name}_{key}_ms": percentile(taken, share)
            for name, taken in times.items()
            for key, share in (("p50", 0.5), ("p99", 0.99))
        }
        return {
            **sample,
            "history_ratio": sample["history_long_p50_ms"] / sample["history_short_p50_ms"],
            "history_fill_rate": self._fill_rate,
            "history_elsewhere": self._processes.read().elsewhere_since(before) * 100,
        }

    async def _read(self, reader: Person, name: str, size: int, number: int) -> float:
        """The time of one page in ms, which must be the right one."""
        before = (None, size // 2 + number, PAGE + 1)[number % 3]
        query = {"limit": PAGE} if before is None else {"limit": PAGE, "before": before}
        began = time.perf_counter()
        page = await reader.call("GET", f"/api/messages/conversation/{self._places[name]}", query=query)
        took = (time.perf_counter() - began) * 1000
        newest = size if before is None else before - 1
        if [message["seq"] for message in page["items"]] != list(range(newest, newest - PAGE, -1)):
            raise MeasurementError(f"the page before {before} of {size:,} messages is another one")
        return took

    async def _make(self, owner: Person, other: Person, size: int) -> str:
        """A conversation of so many messages.

        Raises:
            MeasurementError: the database takes too long.
        """
        place = await owner.create_group(f"{size:,} messages", [other.user_id])
        uri = self._processes.workers("rest_chat")[0].environ()["PARLEY_MONGO_URI"]
        began = time.perf_counter()
        await asyncio.to_thread(fill, uri, place, owner.user_id, size)
        self._fill_rate = size / (time.perf_counter() - began)
        await _settle(owner, place)
        return place


async def _settle(reader: Person, place: str) -> None:
    """Waits until the database, which puts away what was written at once, serves again.

    Raises:
        MeasurementError: it takes too long.
    """
    try:
        async with asyncio.timeout(SETTLE_DEADLINE_S):
            while True:
                try:
                    await reader.call("GET", f"/api/messages/conversation/{place}", query={"limit": 1})
                except ApiError as error:
                    if error.status != 503:
                        raise
                else:
                    return
    except TimeoutError as error:
        raise MeasurementError(f"the database did not serve within {SETTLE_DEADLINE_S:.0f} s") from error


def fill(uri: str, place: str, sender_id: str, size: int) -> None:
    """Writes so many messages into a conversation that has none.

    Args:
        uri: of the database, whose name is its path.

    Raises:
        MeasurementError: the database takes too long.
    """
    deadline = time.monotonic() + FILL_DEADLINE_S
    with MongoClient[Document](uri, retryWrites=False) as client:
        database = client.get_default_database()
        for batch in batches(place, sender_id, size):
            if time.monotonic() > deadline:
                raise MeasurementError(f"{size:,} messages were not written within {FILL_DEADLINE_S:.0f} s")
            database["messages"].insert_many(batch, ordered=False)
        last = {name: value for name, value in batch[-1].items() if name not in _BESIDE}
        head = {"lastSeq": size, "rev": 1 + size, "lastMessage": last}
        times = dict.fromkeys(("updatedAt", "changedAt"), last["createdAt"])
        database["conversations"].update_one({"_id": place}, {"$set": head | times})


def batches(place: str, sender_id: str, size: int) -> Iterator[list[Document]]:
    """The messages as documents, the first with seq 1; one a second, the last of them now."""
    run, first_at = secrets.token_hex(6), datetime.now(UTC) - timedelta(seconds=size)
    for start in range(1, size + 1, BATCH):
        yield [
            _document(place, sender_id, f"{run}-{seq}", seq, first_at)
            for seq in range(start, min(start + BATCH, size + 1))
        ]


def _document(place: str, sender_id: str, name: str, seq: int, first_at: datetime) -> Document:
    created_at = first_at + timedelta(seconds=seq)
    message = Message(
        message_id=f"m_{name}",
        conversation_id=place,
        seq=seq,
        rev=1 + seq,
        sender_id=sender_id,
        client_message_id=name,
        type="text",
        content=CONTENT,
        reply_to=None,
        mentions=(),
        attachment_ids=(),
        reactions=(),
        created_at=created_at,
    )
    beside = (encode_words(message), created_at, created_at)
    return encode_message(message) | dict(zip(_BESIDE, beside, strict=True))
