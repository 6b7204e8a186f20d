"""The consumers: what is done, what comes again, and what goes to the dead letters."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import Any

import pytest

from parley.domain.errors import NotFoundError, ParleyError, UnavailableError
from parley.domain.models import AcceptedMessage, Identity
from parley.domain.records import DeadLetter, MessageStored, Record, SendRequested
from parley.entry import streams
from parley.protocol.records import encode_record
from tests.unit.entry.stack import Context, Stack, kafka_event, load_event
from tests.unit.services.world import draft

CANARY = "canary-7f3a"


@pytest.fixture
def conversation(stack: Stack, ann: Identity, ben: Identity) -> str:
    return stack.make_direct(ann, ben).conversation.conversation_id


def requests(stack: Stack, sender: Identity, conversation: str, numbers: Sequence[int]) -> list[Record]:
    return [SendRequested(stack.chat.send_message(sender, draft(conversation, number))) for number in numbers]


def store(stack: Stack, event: Any) -> Any:
    stack.publisher.records.clear()
    return streams.store_messages_handler(stack)(event, Context())["batchItemFailures"]


def stored_seqs(stack: Stack) -> list[int]:
    return [record.message.seq for record in stack.publisher.records if isinstance(record, MessageStored)]


def letters(stack: Stack) -> list[DeadLetter]:
    return [record for record in stack.publisher.records if isinstance(record, DeadLetter)]


def first_failed(partition: str, offset: int) -> list[dict[str, Any]]:
    return [{"itemIdentifier": {"partition": partition, "offset": offset}}]


class Stubborn:
    """A storing service that raises for chosen messages, and remembers what it stored."""

    def __init__(self, errors: dict[str, Exception]) -> None:
        self.errors = errors
        self.stored: list[str] = []
        self.calls = 0

    def store_messages(self, batch: Sequence[AcceptedMessage]) -> list[ParleyError | None]:
        self.calls += 1
        for message in batch:
            if message.client_message_id in self.errors:
                raise self.errors[message.client_message_id]
        self.stored += [message.client_message_id for message in batch]
        return [None] * len(batch)


def test_a_batch_is_stored_and_emitted_in_order(stack: Stack, ann: Identity, conversation: str) -> None:
    batch = requests(stack, ann, conversation, range(1, 6))
    assert store(stack, kafka_event("chat.send", batch)) == []
    assert stored_seqs(stack) == [1, 2, 3, 4, 5]


def test_the_sample_events_are_read(stack: Stack) -> None:
    # Nobody has the sample's conversation here, so its message cannot be stored, ever.
    assert store(stack, load_event("store_messages")) == []
    (letter,) = letters(stack)
    assert (letter.error_type, letter.source_partition, letter.source_offset) == ("NotFoundError", 7, 41)
    assert streams.fan_out_handler(stack)(load_event("fan_out"), Context()) == {"batchItemFailures": []}


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"not json",
        b"\xff\xfe",
        b"{}",
        b"[" * 5_000,
        b'{"kind":"Nothing","record":{}}',
        b'{"kind":"SendRequested","record":{"message":{"content":NaN}}}',
        b'{"kind":"SendRequested","record":{"message":{"content":"' + CANARY.encode() + b'"}}}',
    ],
)
def test_poison_goes_to_the_dead_letters_and_the_rest_goes_on(
    stack: Stack, ann: Identity, conversation: str, value: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = requests(stack, ann, conversation, [1, 2])
    with caplog.at_level(logging.DEBUG):
        assert store(stack, kafka_event("chat.send", [first, value, second], partition=3, start=10)) == []
    assert stored_seqs(stack) == [1, 2]
    (letter,) = letters(stack)
    assert letter.topic == "dead.store_messages"
    assert (letter.source_topic, letter.source_partition, letter.source_offset) == ("chat.send", 3, 11)
    assert (letter.source_key, letter.source_value) == (b"key", value)
    assert letter.error_type == "InvalidRequestError"
    assert CANARY not in letter.error_message + letter.stack
    assert CANARY not in "".join(str(record.__dict__) for record in caplog.records)
    encode_record(letter)


def test_a_record_of_another_topic_is_poison(stack: Stack, ann: Identity, conversation: str) -> None:
    (message,) = stack.store(ann, draft(conversation))
    assert store(stack, kafka_event("chat.send", [MessageStored(message, 1)])) == []
    assert len(letters(stack)) == 1


def test_poison_that_cannot_be_buried_comes_again(stack: Stack, ann: Identity, conversation: str) -> None:
    first, second = requests(stack, ann, conversation, [1, 2])
    stack.publisher.fails = lambda record: isinstance(record, DeadLetter)
    assert store(stack, kafka_event("chat.send", [first, b"poison", second], start=7)) == first_failed("chat.send-0", 8)


def test_an_outage_puts_off_the_whole_batch_from_its_first_offset(
    stack: Stack, ann: Identity, conversation: str
) -> None:
    batch = requests(stack, ann, conversation, [1, 2])
    stack.message_store.reachable = False
    assert store(stack, kafka_event("chat.send", batch, start=5)) == first_failed("chat.send-0", 5)
    stack.message_store.reachable = True
    assert store(stack, kafka_event("chat.send", batch, start=5)) == []
    assert stored_seqs(stack) == [1, 2]


def test_only_the_partition_that_failed_comes_again(
    stack: Stack, ann: Identity, ben: Identity, eve: Identity, conversation: str
) -> None:
    other = stack.make_direct(ann, eve).conversation.conversation_id
    event = kafka_event("chat.send", requests(stack, ann, conversation, [1, 2]), partition=1, start=100)
    event["records"] |= kafka_event("chat.send", requests(stack, ann, other, [1, 2]), partition=2, start=200)["records"]
    stack.publisher.fails = lambda record: isinstance(record, MessageStored) and record.key == other
    assert store(stack, event) == first_failed("chat.send-2", 200)


def test_a_record_that_makes_the_service_raise_is_found_and_buried(
    stack: Stack, ann: Identity, conversation: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    batch = requests(stack, ann, conversation, range(50))
    stubborn = Stubborn({f"client-{number}": ValueError(f"bad {CANARY}") for number in (3, 31)})
    monkeypatch.setattr(stack, "storing", stubborn)
    with caplog.at_level(logging.DEBUG):
        assert store(stack, kafka_event("chat.send", batch)) == []
    assert stubborn.stored == [f"client-{number}" for number in range(50) if number not in (3, 31)]
    assert [letter.source_offset for letter in letters(stack)] == [3, 31]
    assert {letter.error_type for letter in letters(stack)} == {"ValueError"}
    assert "store_messages" in letters(stack)[0].stack
    assert stubborn.calls < 40
    assert CANARY not in "".join(str(record.__dict__) for record in caplog.records)


def test_nothing_overtakes_a_record_that_was_put_off_while_looking_for_a_bad_one(
    stack: Stack, ann: Identity, conversation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = requests(stack, ann, conversation, range(8))
    stubborn = Stubborn({"client-1": UnavailableError("later"), "client-0": ValueError("bad")})
    monkeypatch.setattr(stack, "storing", stubborn)
    assert store(stack, kafka_event("chat.send", batch)) == first_failed("chat.send-0", 1)
    assert stubborn.stored == []
    assert [letter.source_offset for letter in letters(stack)] == [0]


def test_a_record_refused_for_good_is_tried_twice(
    stack: Stack, ann: Identity, conversation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def refuse(batch: Sequence[AcceptedMessage]) -> list[ParleyError | None]:
        calls.append(len(batch))
        return [
            NotFoundError("no such conversation") if message.client_message_id == "client-1" else None
            for message in batch
        ]

    monkeypatch.setattr(stack.storing, "store_messages", refuse)
    assert store(stack, kafka_event("chat.send", requests(stack, ann, conversation, [0, 1, 2]))) == []
    assert calls == [3, 1]
    assert [letter.source_offset for letter in letters(stack)] == [1]


def test_a_poison_record_too_large_for_a_letter_is_named_without_its_value(stack: Stack) -> None:
    assert store(stack, kafka_event("chat.send", [b"x" * 900_000], start=4)) == []
    (letter,) = letters(stack)
    assert (letter.source_offset, letter.source_value) == (4, None)
    assert len(encode_record(letter)) < 1_000_000


def test_a_hundred_poison_records_among_many(stack: Stack, ann: Identity, conversation: str) -> None:
    good = requests(stack, ann, conversation, range(900))
    mixed: list[Record | bytes | None] = []
    for number, record in enumerate(good):
        mixed += [record] if number % 9 else [b"poison", record]
    assert store(stack, kafka_event("chat.send", mixed)) == []
    assert stored_seqs(stack) == list(range(1, 901))
    assert len(letters(stack)) == 100


def test_fan_out_pushes_to_every_socket(stack: Stack, ann: Identity, ben: Identity, conversation: str) -> None:
    for identity, name in ((ann, "a1"), (ann, "a2"), (ben, "b1")):
        stack.open_socket(identity, name)
    (message,) = stack.store(ann, draft(conversation))
    answer = streams.fan_out_handler(stack)(kafka_event("chat.receive", [MessageStored(message, 1)]), Context())
    assert answer == {"batchItemFailures": []}
    frames = {json.loads(frame)["event"] for socket in ("a1", "a2", "b1") for frame in stack.push.frames[socket]}
    assert frames == {"chat:receive"}
    assert stack.push.frames.keys() == {"a1", "a2", "b1"}


def test_fan_out_comes_again_when_nobody_can_be_found(stack: Stack, ann: Identity, conversation: str) -> None:
    (message,) = stack.store(ann, draft(conversation))
    stack.registry.reachable = False
    event = kafka_event("chat.receive", [MessageStored(message, 1)], start=9)
    assert streams.fan_out_handler(stack)(event, Context())["batchItemFailures"] == first_failed("chat.receive-0", 9)
