"""One seed: rounds of writers side by side with clients that sync, and a comparison after each."""

from __future__ import annotations

import random
import secrets
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from bench.histories.acts import Writer
from bench.histories.desk import Desk
from bench.histories.devices import Device, SpoilStore
from bench.histories.timing import APART_S, HistoryClock, MachineClock
from parley.domain.models import Identity, User
from parley.services.sync_pages import SyncSizes
from parley.stores.indexes import INDEXES
from parley.stores.mongo import MongoStores

PAUSES_S: Final = (0, 30, 95, 4_000, 90_000)
SIZES: Final = (
    SyncSizes(),
    SyncSizes(conversations=2, messages=5, first_messages=2, tail_of_new=8, members_shown_whole=3),
    SyncSizes(conversations=4, messages=40, first_messages=5, tail_of_new=3, members_shown_whole=2),
)
"""As it is, and so small that a short history comes to all its edges. What a token remembers is not among them: where
it remembers too little a client gets changes twice, which is allowed, and then there is always something to tell."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How large a history is: `acts` are of each writer in each round."""

    people: int = 7
    writers: int = 4
    rounds: int = 4
    acts: int = 9


@dataclass(slots=True)
class Outcome:
    """What became of a history."""

    found: list[str] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)
    pages: int = 0
    compared: int = 0


def run_history(
    uri: str,
    seed: int,
    *,
    shape: Shape,
    sizes: SyncSizes | None = None,
    spoil: SpoilStore = lambda store: store,
) -> Outcome:
    """Empties the database, and runs one seed in it.

    What is random in it comes from the seed; which thread is faster does not.

    Args:
        uri: of the database.
        sizes: sync's; otherwise the seed chooses.
        spoil: puts a defect in, to see it found.
    """
    chance = random.Random(seed)
    empty_database(uri)
    with _History(uri, chance, shape, sizes or chance.choice(SIZES), spoil) as history:
        return history.run()


class _History:
    def __init__(self, uri: str, chance: random.Random, shape: Shape, sizes: SyncSizes, spoil: SpoilStore) -> None:
        self._uri = uri
        self._chance = chance
        self._shape = shape
        self._sizes = sizes
        self._spoil = spoil
        self._clock = HistoryClock()
        self._desks: list[Desk] = []
        self._outcome = Outcome()

    def __enter__(self) -> _History:
        self._people = self._register(self._shape.people)
        self._writers = [
            Writer(self._desk(), self._clock, self._people, self._own_chance()) for _ in range(self._shape.writers)
        ]
        self._always = self._device("always", 0), self._device("always", 1)
        self._seldom = [self._device("seldom", 0), self._device("in pieces", 0), self._device("seldom", 1)]
        return self

    def __exit__(self, *exc: object) -> None:
        for desk in self._desks:
            desk.close()

    def run(self) -> Outcome:
        devices = [*self._always, *self._seldom]
        for device in devices:
            device.ask_all()
        for number in range(self._shape.rounds):
            self._round()
            for device in self._always:
                device.compare()
            some = self._chance.choice(self._seldom)
            fork = some.fork(f"fork {number}", self._own_chance())
            devices.append(fork)
            if self._chance.random() < 0.5:
                self._seldom.append(fork)
                some.compare()
            else:
                some.ask()  # and goes on from the middle of its pass, some time
            self._clock.advance(self._chance.choice(PAUSES_S))
        for device in [*devices, self._device("fresh", 0)]:
            device.compare()
            self._outcome.found += device.found
            self._outcome.pages += device.pages
            self._outcome.compared += device.compared
        return self._outcome

    def _round(self) -> None:
        """Writers act, and two clients sync without end until they are done."""
        with ThreadPoolExecutor(len(self._writers) + len(self._always)) as pool:
            writing = [pool.submit(writer.run, self._shape.acts) for writer in self._writers]

            def follow(device: Device) -> None:
                while not all(one.done() for one in writing):
                    device.ask()

            following = [pool.submit(follow, device) for device in self._always]
            for one in (*writing, *following):
                one.result()
        for writer in self._writers:
            self._outcome.told += writer.told
            writer.told.clear()

    def _desk(self) -> Desk:
        desk = Desk(self._uri, MachineClock(self._clock, self._chance.uniform(-APART_S, APART_S)), self._sizes)
        self._desks.append(desk)
        return desk

    def _own_chance(self) -> random.Random:
        return random.Random(self._chance.getrandbits(64))

    def _device(self, habit: str, person: int) -> Device:
        who = self._people[person]
        name = f"{who.user_id} {habit}"
        return Device(
            name, who, self._desk(), self._own_chance(), sizes=self._sizes, clock=self._clock, spoil=self._spoil
        )

    def _register(self, count: int) -> Sequence[Identity]:
        desk = self._desk()
        now = self._clock.now()
        # Names that no earlier history had: a name that two erased at once has been seen to stay in a database's index.
        run = secrets.token_hex(3)
        people = [Identity(f"u_{run}{number}", f"s_{run}{number}") for number in range(count)]
        for one in people:
            name = one.user_id[2:]
            desk.stores.users.insert_user(
                User(one.user_id, f"name{name}", f"{name}@example.org", f"Name {name}", None, None, now), "no hash"
            )
        first = desk.conversations.create_group(people[0], name="All", member_ids=[one.user_id for one in people])
        for user_id in (one.user_id for one in people[1:4]):
            desk.groups.change_role(people[0], first.conversation.conversation_id, user_id, "admin")
        desk.consume()
        return people


def empty_database(uri: str) -> None:
    """Makes the collections and indexes that are missing, and takes everything out of all of them."""
    stores = MongoStores(uri)
    try:
        stores.create_indexes()
        for name in INDEXES:
            stores._database[name].delete_many({})
    finally:
        stores.close()
