"""DeadLetterMarks: one suite for the fake and the real; then the real log on Kafka."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from parley.domain.records import DeadLetter
from parley.ports import BuriedLetter, DeadLetterMarks, Mark
from parley.protocol.records import decode_record, encode_record
from parley.streams.dead_letters import KafkaDeadLetters
from parley.streams.publisher import KafkaPublisher
from tests.contract.conftest import FAKE_AND_REAL
from tests.contract.samples import unique
from tests.engines import RunningEngines
from tests.fakes.dead_letters import FakeDeadLetterMarks

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)


def a_letter(number: int, consumer: str = "store_messages", topic: str = "chat.send") -> DeadLetter:
    key, value = f"c_{number}".encode(), b"\x00 no JSON \xff"
    return DeadLetter(consumer, topic, 0, number, key, value, "KeyError", "KeyError", "a stack", AT, AT, 2)


@pytest.fixture(params=FAKE_AND_REAL)
def marks(request: pytest.FixtureRequest) -> Iterator[DeadLetterMarks]:
    if request.param == "fake":
        yield FakeDeadLetterMarks()
        return
    yield request.getfixturevalue("mongo").dead_letter_marks


def test_a_mark_stands_for_the_record_however_often_it_was_buried(marks: DeadLetterMarks) -> None:
    one, two = a_letter(1), a_letter(2)
    assert marks.find_marks([one, two]) == marks.find_marks([]) == {}
    marks.set_mark(one, Mark("replayed", AT))
    again = replace(one, failed_at=datetime(2026, 2, 1, tzinfo=UTC), tries=9)
    assert marks.find_marks([again, two, a_letter(1, "fan_out")]) == {again: Mark("replayed", AT)}
    marks.set_mark(again, Mark("dropped", AT))
    assert marks.find_marks([one]) == {one: Mark("dropped", AT)}


@pytest.mark.engines
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_letters_are_read_in_order_and_their_records_written_back_as_they_were(engines: RunningEngines) -> None:
    servers = engines.kafka_bootstrap_servers
    consumer, topic = unique("consumer-"), unique("topic-")
    admin = KafkaAdminClient(bootstrap_servers=servers)
    try:
        admin.create_topics([NewTopic(f"dead.{consumer}", 1, 1), NewTopic(topic, 1, 1)])
    finally:
        admin.close()
    letters = [a_letter(number, consumer, topic) for number in range(3)]
    log = KafkaDeadLetters(servers, "PLAINTEXT", decode_record)
    assert list(log.read_letters(consumer)) == []
    publisher = KafkaPublisher(servers, "PLAINTEXT", encode_record)
    assert publisher.publish(letters) == [None] * 3
    publisher.close()
    assert list(log.read_letters(consumer)) == [BuriedLetter(place, letter) for place, letter in enumerate(letters)]
    for letter in letters:
        log.replay(letter)
    log.close()
    reader = KafkaConsumer(bootstrap_servers=servers, auto_offset_reset="earliest")
    reader.assign([TopicPartition(topic, 0)])
    found: list[tuple[bytes, bytes]] = []
    deadline = time.monotonic() + 30
    while len(found) < 3 and time.monotonic() < deadline:
        found += [(record.key, record.value) for some in reader.poll(500).values() for record in some]
    reader.close()
    assert found == [(letter.source_key, letter.source_value) for letter in letters]
