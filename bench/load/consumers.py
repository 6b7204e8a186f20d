"""What consumers take for a message, where little is stored and where much is: it should be the same.

The stores are called as the consumers call them, in batches, on the stack's database server; what else a consumer does
(Kafka, Valkey, posts) does not know how much is stored.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import secrets
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit, urlunsplit

from pymongo import MongoClient

from bench.load.figures import MeasurementError, Row, Sample
from bench.load.history import SETTLE_DEADLINE_S, fill
from bench.load.processes import Processes
from parley.domain.errors import UnavailableError
from parley.domain.models import AcceptedChange, AcceptedMessage, AcceptedReceipt, Conversation, Membership
from parley.ports import Appended, Changed, Moved
from parley.stores.codecs import Document
from parley.stores.mongo import MongoStores

FEW, MANY = 10, 10_000
FEW_STORED = 10_000
MEMBERS = ("u_load_a", "u_load_b", "u_load_c")
AT_ONCE, EACH = 10, 10
"""The shape of a batch: so many conversations, and so many messages of each."""

ROUNDS, WARM_UP = 60, 5
START_DEADLINE_S = 30.0
WORK = {"store": "store_messages", "change": "apply_changes", "receipt": "record_receipts"}


def rows(long: int) -> tuple[Row, ...]:
    """What is measured, where in the end so many messages are stored."""
    return tuple(
        row
        for key, name in WORK.items()
        for row in (
            Row(f"{key}_base", f"{name}, {FEW_STORED:,} messages stored in {FEW} conversations, each item", "ms"),
            Row(f"{key}_conversations", f"for each of that, among {MANY:,} conversations", "", "0.8 to 1.2"),
            Row(f"{key}_stored", f"for each of that, among {long:,} messages", "", "0.8 to 1.2"),
        )
    )


@dataclass(slots=True)
class _Load:
    """Batches into some conversations, and how far each has come."""

    stores: MongoStores
    places: Sequence[str]
    seqs: dict[str, int]
    times: dict[str, list[float]] = field(default_factory=lambda: {key: [] for key in WORK})

    def run(self) -> dict[str, float]:
        """Stores, changes and reads batches in turn; the median time of an item in ms, by the kind of work.

        Raises:
            MeasurementError: something was refused.
        """
        turn = itertools.cycle(self.places)
        for number in range(-WARM_UP, ROUNDS):
            self._batch(list(itertools.islice(turn, AT_ONCE)), is_counted=number >= 0)
        return {key: statistics.median(times) * 1e3 for key, times in self.times.items()}

    def _batch(self, places: Sequence[str], *, is_counted: bool) -> None:
        now = datetime.now(UTC).replace(microsecond=0)
        messages = [_message(place, now) for place in places for _ in range(EACH)]
        for place in places:
            self.seqs[place] += EACH
        changes = [_reaction(message) for message in messages]
        receipts = [
            AcceptedReceipt(place, user_id, "read", self.seqs[place], now) for place in places for user_id in MEMBERS
        ]
        works: tuple[tuple[str, Callable[[], Sequence[object]], type], ...] = (
            ("store", lambda: self.stores.messages.append_messages(messages, now), Appended),
            ("change", lambda: self.stores.messages.apply_changes(changes, now), Changed),
            ("receipt", lambda: self.stores.conversations.move_pointers(receipts, now), Moved),
        )
        for key, work, done in works:
            began = time.perf_counter()
            outcomes = work()
            took = (time.perf_counter() - began) / len(outcomes)
            if not all(isinstance(outcome, done) for outcome in outcomes):
                raise MeasurementError(f"{WORK[key]} did {outcomes[0]}")
            if is_counted:
                self.times[key].append(took)


class ConsumersPath:
    """Measures over a stack's database server, in a database of its own for each run."""

    def __init__(self, processes: Processes, long: int) -> None:
        self._processes = processes
        self._long = long

    async def run(self) -> Sample:
        """Little of all, then many conversations, then many messages."""
        async with asyncio.timeout(START_DEADLINE_S):
            while not (workers := self._processes.workers("store_messages")):  # noqa: ASYNC110 - processes tell nobody
                await asyncio.sleep(0.05)
        parts = urlsplit(workers[0].environ()["PARLEY_MONGO_URI"])
        name = f"load_{secrets.token_hex(4)}"
        own = urlunsplit(parts._replace(path=f"/{name}"))
        try:
            return await asyncio.to_thread(self._measure, own)
        finally:
            with MongoClient[Document](own) as client:
                client.drop_database(name)

    def _measure(self, uri: str) -> Sample:
        stores = MongoStores(uri)
        try:
            stores.create_indexes()
            few = [_create(stores) for _ in range(FEW)]
            _fill_all(uri, few, FEW_STORED)
            seqs = dict.fromkeys(few, FEW_STORED // FEW)
            _settle(stores, few[0])
            base = _Load(stores, few, seqs).run()
            rest = [_create(stores) for _ in range(MANY - FEW)]
            _settle(stores, few[0])
            spread = _Load(stores, rest, dict.fromkeys(rest, 0)).run()
            more = [_create(stores) for _ in range(FEW)]
            _fill_all(uri, more, self._long - FEW_STORED)
            _settle(stores, more[0])
            grown = _Load(stores, more, dict.fromkeys(more, (self._long - FEW_STORED) // FEW)).run()
        finally:
            stores.close()
        return {
            key: value
            for kind in WORK
            for key, value in (
                (f"{kind}_base", base[kind]),
                (f"{kind}_conversations", spread[kind] / base[kind]),
                (f"{kind}_stored", grown[kind] / base[kind]),
            )
        }


def _create(stores: MongoStores) -> str:
    place, now = f"c_{secrets.token_hex(10)}", datetime.now(UTC).replace(microsecond=0)
    conversation = Conversation(place, "group", "Load", None, len(MEMBERS), 1, 1, 0, None, now, now)
    members = [Membership(place, user_id, "member", now, 0, 0, muted=False, peer_id=None) for user_id in MEMBERS]
    stores.conversations.create_conversation(conversation, members)
    return place


def _fill_all(uri: str, places: Sequence[str], count: int) -> None:
    for place in places:
        fill(uri, place, MEMBERS[0], count // len(places))


def _settle(stores: MongoStores, place: str) -> None:
    """Waits until the database, which puts away what was written at once, serves again."""
    deadline = time.monotonic() + SETTLE_DEADLINE_S
    while time.monotonic() < deadline:
        with contextlib.suppress(UnavailableError):
            stores.messages.list_messages(place, before=None, after=None, limit=1)
            return
    raise MeasurementError(f"the database did not serve within {SETTLE_DEADLINE_S:.0f} s")


def _message(place: str, now: datetime) -> AcceptedMessage:
    name = secrets.token_hex(10)
    content = "A message of some forty characters or so."
    return AcceptedMessage(f"m_{name}", place, MEMBERS[0], name, "text", content, None, (), (), now)


def _reaction(message: AcceptedMessage) -> AcceptedChange:
    return AcceptedChange(
        f"h_{message.message_id}",
        "react",
        message.message_id,
        message.conversation_id,
        MEMBERS[1],
        message.accepted_at,
        emoji="🦜",
    )
