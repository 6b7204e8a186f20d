"""Two people change one group at the same time, and a process dies right after it wrote: on real stores."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from parley.domain.errors import ParleyError
from parley.domain.models import Identity
from parley.domain.records import GroupShown, MembersChanged, Record
from parley.services.groups import Groups
from parley.services.outbox import Outbox
from parley.stores.mongo import MongoStores
from tests.contract.conftest import SystemClock
from tests.contract.samples import a_conversation, a_user
from tests.fakes import FakeClock

ROUNDS = 50


class Died(BaseException):
    """The process is gone: nothing after this line of it happens."""


@dataclass
class Kafka:
    """The port Publisher. `is_deadly` ends the process that publishes instead."""

    published: list[Record] = field(default_factory=list)
    is_deadly: bool = False

    def publish(self, records: Sequence[Record]) -> list[ParleyError | None]:
        if self.is_deadly:
            raise Died
        self.published += records
        return [None] * len(records)


def a_group(mongo: MongoStores) -> tuple[str, Identity, Identity, list[str]]:
    """A group with an owner and an admin, and people who may come into it."""
    people = [a_user() for _ in range(6)]
    for person in people:
        mongo.users.insert_user(person, "hash")
    owner, admin, *others = (person.user_id for person in people)
    conversation, members = a_conversation(owner, admin)

    roles = [replace(members[0], role="owner"), replace(members[1], role="admin")]
    mongo.conversations.create_conversation(conversation, roles)
    return conversation.conversation_id, Identity(owner, "s_1"), Identity(admin, "s_2"), others


def groups_of(mongo: MongoStores, kafka: Kafka) -> Groups:
    outbox = Outbox(rows=mongo.outbox, publisher=kafka, clock=SystemClock())
    return Groups(conversations=mongo.conversations, users=mongo.users, outbox=outbox, clock=SystemClock())


def rev_of(record: Record) -> int:
    assert isinstance(record, GroupShown | MembersChanged)
    return record.conversation.rev if isinstance(record, GroupShown) else record.rev


@pytest.mark.engines
def test_a_hundred_changes_by_two_at_once_lose_nothing(mongo: MongoStores) -> None:
    place, owner, admin, others = a_group(mongo)
    kafka = Kafka()
    groups = groups_of(mongo, kafka)

    def rename() -> None:
        for number in range(ROUNDS):
            groups.rename_group(owner, place, f"name {number}")

    def come_and_go() -> None:
        for number in range(ROUNDS):
            who = others[number // 2 % len(others)]
            add, remove = ([who], []) if number % 2 == 0 else ([], [who])
            groups.change_members(admin, place, add=add, remove=remove)

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(rename), pool.submit(come_and_go)]:
            future.result(timeout=110)
    conversation = mongo.conversations.find_conversation(place)
    assert conversation is not None
    assert conversation.name == f"name {ROUNDS - 1}"
    assert conversation.rev == 1 + 2 * ROUNDS
    assert conversation.member_count == 2
    assert {member.user_id for member in mongo.conversations.list_members(place, after=None, limit=10)} == {
        owner.user_id,
        admin.user_id,
    }
    # Every rev but the first is told by some event, so that no client waits for one that never comes.
    assert {rev_of(record) for record in kafka.published} == set(range(2, conversation.rev + 1))
    assert mongo.outbox.list_rows(datetime.now(UTC) + timedelta(minutes=1), 10) == []


@pytest.mark.engines
def test_what_a_dead_process_did_not_publish_is_published_by_the_relay(mongo: MongoStores) -> None:
    place, owner, _, others = a_group(mongo)
    with pytest.raises(Died):
        groups_of(mongo, Kafka(is_deadly=True)).change_members(owner, place, add=[others[0]])
    conversation = mongo.conversations.find_conversation(place)
    assert conversation is not None
    assert conversation.member_count == 3
    relay = Kafka()
    later = FakeClock()
    later.advance((datetime.now(UTC) + timedelta(minutes=5) - later.now()).total_seconds())
    outbox = Outbox(rows=mongo.outbox, publisher=relay, clock=later)
    assert outbox.relay() == 1
    assert {rev_of(record) for record in relay.published} == {conversation.rev}
    assert any(isinstance(record, MembersChanged) for record in relay.published)
    assert outbox.relay() == 0
