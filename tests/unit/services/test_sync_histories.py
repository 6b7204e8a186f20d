"""Sync after random histories: whatever happened, the pages come to what a fresh client reads."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from parley.domain.models import AcceptedReceipt, ChangeKind, Identity, Membership
from tests.unit.services.sync_client import AT, SyncClient, a_change, read_anew
from tests.unit.services.world import World, draft


class History:
    """Random acts of four people, whose transactions commit up to a minute after the time that they carry."""

    def __init__(self, seed: int) -> None:
        self.world = World()
        self.random = random.Random(seed)
        self.people = [self.world.add_user(name) for name in ("ann", "ben", "cy", "dee")]
        self.numbers = iter(range(10**9))
        for _ in range(2):
            self.create()
        self.world.make_direct(*self.people[:2])

    def act(self) -> None:
        """Somebody does something."""
        acts = [self.create, *[self.send] * 6, *[self.change] * 4, *[self.read] * 4, *[self.change_members] * 2]
        self.random.choice(acts)()
        if self.random.random() < 0.3:
            self.world.clock.advance(self.random.choice([0.5, 20, 100, 4_000]))

    def late(self) -> timedelta:
        return timedelta(seconds=self.random.choice([0, 0, 1, 30, 60]))

    def place(self) -> str:
        return self.random.choice(sorted(self.world.database.conversations))

    def members(self, place: str) -> list[Identity]:
        held = self.world.database.memberships
        return [person for person in self.people if (place, person.user_id) in held]

    def create(self) -> None:
        others = self.random.sample(self.people, self.random.randrange(1, 5))
        self.world.make_group(others[0], *others[1:])

    def send(self) -> None:
        place = self.place()
        for sender in self.members(place)[:1]:
            drafts = [draft(place, next(self.numbers)) for _ in range(self.random.choice([1, 1, 2, 12]))]
            accepted = [self.world.chat.send_message(sender, one) for one in drafts]
            self.world.message_store.append_messages(accepted, self.world.clock.now() - self.late())

    def change(self) -> None:
        place = self.place()
        history = self.world.database.histories.get(place)
        if history:
            kind: ChangeKind = self.random.choice(["edit", "edit", "react", "delete"])
            changes = [a_change(self.random.choice(history), place, kind, self.random.choice(self.people).user_id)]
            self.world.message_store.apply_changes(changes, self.world.clock.now() - self.late())

    def read(self) -> None:
        place = self.place()
        for member in self.members(place):
            receipt = AcceptedReceipt(place, member.user_id, "read", self.random.randrange(40), AT)
            self.world.conversation_store.move_pointers([receipt], self.world.clock.now() - self.late())

    def change_members(self) -> None:
        place = self.place()
        conversation = self.world.database.conversations[place]
        if conversation.kind == "direct":
            return
        now = self.world.clock.now() - self.late()
        staying = self.random.sample(self.people, self.random.randrange(1, 5))
        held = self.world.database.memberships
        self.world.conversation_store.replace_members(
            place,
            [
                held.get((place, person.user_id)) or self.joining(place, person, conversation.last_seq)
                for person in staying
            ],
            now,
        )

    def joining(self, place: str, person: Identity, last_seq: int) -> Membership:
        first = next(iter(self.world.database.memberships.values()))
        return replace(
            first,
            conversation_id=place,
            user_id=person.user_id,
            joined_at=self.world.clock.now(),
            last_delivered_seq=last_seq,
            last_read_seq=last_seq,
            peer_id=None,
            role="member",
        )


@pytest.mark.parametrize("seed", range(200))
def test_after_any_history_the_pages_come_to_what_a_fresh_client_reads(seed: int) -> None:
    history = History(seed)
    client = SyncClient(history.world, history.people[0])
    client.ask_all()
    limit = history.random.choice([None, 1, 3, 10])
    for _ in range(12):
        for _ in range(history.random.randrange(12)):
            history.act()
            if history.random.random() < 0.3:
                client.ask(limit)
        client.ask_all(limit)
        assert client.state == read_anew(history.world, history.people[0])
        assert client.ask(limit).changes == ()
