"""Receipts: over REST at once, from sockets through Kafka with an answer once they are stored."""

from __future__ import annotations

import json
from typing import Any

import pytest

from parley.domain.errors import InvalidRequestError, NotFoundError, UnavailableError
from parley.domain.models import AcceptedReceipt, Connection, Identity, ReceiptStatus
from parley.domain.records import ReceiptMoved, ReceiptRequested
from tests.unit.services.world import World, draft


@pytest.fixture
def here(world: World, ann: Identity, ben: Identity) -> str:
    place = world.make_group(ann, ben).conversation.conversation_id
    world.store(ann, *(draft(place, number) for number in range(5)))
    return place


@pytest.fixture
def socket(world: World, ben: Identity) -> Connection:
    return world.open_socket(ben, "ben-1")


def seen(
    world: World,
    socket: Connection,
    place: str,
    seq: int,
    *,
    status: ReceiptStatus = "read",
    request_id: str | None = "r",
) -> AcceptedReceipt:
    """What a frame hands over; the record is taken away, as a consumer takes it."""
    identity = Identity(socket.user_id, socket.session_id)
    world.receipts.request_receipt(identity, place, status, seq, connection=socket, request_id=request_id)
    (record,) = world.publisher.records
    assert isinstance(record, ReceiptRequested)
    assert (record.topic, record.key) == ("chat.seen", place)
    world.forget_traces()
    return record.receipt


def told(world: World) -> list[tuple[str, int, int]]:
    return [
        (record.user_id, record.last_delivered_seq, record.last_read_seq)
        for record in world.publisher.records
        if isinstance(record, ReceiptMoved)
    ]


def answers(world: World, connection_id: str = "ben-1") -> list[Any]:
    return [json.loads(frame) for frame in world.push.frames.get(connection_id, [])]


def test_over_rest_pointers_move_at_once_and_members_are_told(world: World, ben: Identity, here: str) -> None:
    membership = world.receipts.record_receipt(ben, here, "read", 3)

    assert (membership.last_delivered_seq, membership.last_read_seq) == (3, 3)
    (event,) = world.publisher.on_topic("chat.receipt")
    assert event == ReceiptMoved(here, "u_ben", membership.joined_at, 3, 3, members_rev=1)
    view = world.conversations.get_conversation(ben, here)
    assert (view.membership.last_read_seq, view.unread_count) == (3, 2)


def test_one_behind_what_is_stored_tells_nobody(world: World, ben: Identity, here: str) -> None:
    world.receipts.record_receipt(ben, here, "read", 3)
    world.forget_traces()
    membership = world.receipts.record_receipt(ben, here, "delivered", 2)
    assert (membership.last_delivered_seq, membership.last_read_seq) == (3, 3)
    world.receipts.record_receipt(ben, here, "read", 0)
    assert told(world) == []


def test_from_a_socket_the_answer_comes_once_it_is_stored(
    world: World, ben: Identity, here: str, socket: Connection
) -> None:
    receipt = seen(world, socket, here, 4, status="delivered")
    assert answers(world) == []

    assert world.receipt_recording.record_receipts([receipt]) == [None]

    data = {"conversationId": here, "lastDeliveredSeq": 4, "lastReadSeq": 0}
    assert answers(world) == [{"event": "chat:seen:ack", "requestId": "r", "data": data}]
    assert told(world) == [("u_ben", 4, 0)]


def test_a_batch_is_one_write_one_event_a_member_and_an_answer_for_each_that_asked(
    world: World, ann: Identity, here: str, socket: Connection
) -> None:
    batch = [seen(world, socket, here, seq, request_id=f"r{seq}" if seq % 2 else None) for seq in range(1, 6)]
    batch.append(seen(world, world.open_socket(ann, "ann-1"), here, 5))

    assert world.receipt_recording.record_receipts(batch) == [None] * 6

    assert world.conversation_store.calls == {"move_pointers": 1}
    assert world.publisher.calls == {"publish": 1}
    assert told(world) == [("u_ben", 5, 5), ("u_ann", 5, 5)]
    assert [answer["requestId"] for answer in answers(world)] == ["r1", "r3", "r5"]
    assert len(answers(world, "ann-1")) == 1


def test_a_redelivered_batch_tells_and_answers_again(world: World, here: str, socket: Connection) -> None:
    batch = [seen(world, socket, here, 2), seen(world, socket, here, 4)]
    world.receipt_recording.record_receipts(batch)
    world.forget_traces()
    assert world.receipt_recording.record_receipts(batch) == [None] * 2
    assert told(world) == [("u_ben", 4, 4)]


def test_who_left_meanwhile_is_answered_so(world: World, ann: Identity, here: str, socket: Connection) -> None:
    receipt = seen(world, socket, here, 2)
    ann_alone = world.conversation_store.list_members(here, after=None, limit=1)
    world.conversation_store.replace_members(here, ann_alone)

    assert world.receipt_recording.record_receipts([receipt]) == [None]

    (answer,) = answers(world)
    assert (answer["event"], answer["requestId"], answer["data"]["code"]) == ("error", "r", "not_found")


def test_what_cannot_be_stored_or_told_now_comes_again_unanswered(world: World, here: str, socket: Connection) -> None:
    receipt = seen(world, socket, here, 2)
    world.conversation_store.failing.add(here)
    (outcome,) = world.receipt_recording.record_receipts([receipt])
    assert isinstance(outcome, UnavailableError)
    world.conversation_store.failing.clear()
    world.publisher.reachable = False
    (outcome,) = world.receipt_recording.record_receipts([receipt])
    assert isinstance(outcome, UnavailableError)
    assert answers(world) == []
    world.publisher.reachable = True
    assert world.receipt_recording.record_receipts([receipt]) == [None]
    assert told(world) == [("u_ben", 2, 2)]
    assert world.receipt_recording.record_receipts([]) == []


def test_refusals(world: World, ben: Identity, eve: Identity, here: str, socket: Connection) -> None:
    for who, place in ((eve, here), (ben, "c_none"), (ben, "no id at all")):
        with pytest.raises(NotFoundError):
            world.receipts.record_receipt(who, place, "read", 1)
        with pytest.raises(NotFoundError):
            world.receipts.request_receipt(who, place, "read", 1, connection=socket, request_id=None)
    with pytest.raises(InvalidRequestError):
        world.receipts.record_receipt(ben, here, "read", -1)
    world.publisher.fails = lambda record: True
    for ask in (
        lambda: world.receipts.record_receipt(ben, here, "read", 1),
        lambda: world.receipts.request_receipt(ben, here, "read", 1, connection=socket, request_id=None),
    ):
        with pytest.raises(UnavailableError):
            ask()
