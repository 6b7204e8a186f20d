"""Publisher: one suite for the fake and the real, then the real one without Kafka."""

from __future__ import annotations

import functools
import gc
import json
import os
import socket
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import psutil
import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.partitioner.default import murmur2

from parley.domain.errors import UnavailableError
from parley.domain.records import CHAT_RECEIVE, CHAT_SEND, DeadLetter, MessageStored, Record, SendRequested
from parley.ports import Publisher
from parley.streams.publisher import KafkaPublisher
from tests.contract.samples import NOW, a_stored_message, an_accepted_message, at_once, unique
from tests.engines import RunningEngines
from tests.fakes import FakePublisher

# kafka-python leaves the socket of a refused connection to the garbage collector, which `_collect_sockets` calls.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

NOBODY_THERE = "127.0.0.1:1"
PARTITIONS = 12


def encode(record: Record) -> bytes:
    """What identifies a record in a test."""
    match record:
        case SendRequested(message):
            return json.dumps([message.message_id, message.content]).encode()
        case MessageStored():
            return record.event_id.encode()
        case DeadLetter():
            return b"dead"
        case _:
            raise AssertionError(record)


@pytest.fixture(autouse=True)
def _collect_sockets() -> Iterator[None]:
    yield
    gc.collect()


@pytest.fixture(scope="session")
def topics(engines: RunningEngines) -> None:
    """The topics of the chat."""
    admin = KafkaAdminClient(bootstrap_servers=engines.kafka_bootstrap_servers)
    try:
        admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in (CHAT_SEND, CHAT_RECEIVE)])
    finally:
        admin.close()


@pytest.fixture
def kafka(request: pytest.FixtureRequest) -> Iterator[KafkaPublisher]:
    engines: RunningEngines = request.getfixturevalue("engines")
    request.getfixturevalue("topics")
    made = KafkaPublisher(engines.kafka_bootstrap_servers, "PLAINTEXT", encode)
    yield made
    made.close()


@dataclass(frozen=True)
class Written:
    topic: str
    partition: int
    key: str
    value: bytes


@dataclass
class Kafka:
    """A publisher and a look at what it wrote."""

    publisher: Publisher
    bootstrap_servers: str | None

    def read(self, topic: str, keys: set[str]) -> list[Written]:
        """A topic's records under these keys, each partition in its order."""
        if isinstance(self.publisher, FakePublisher):
            return [
                Written(topic, 0, record.key, encode(record))
                for record in self.publisher.on_topic(topic)
                if record.key in keys
            ]
        assert self.bootstrap_servers is not None
        return [each for each in read_topic(self.bootstrap_servers, topic) if each.key in keys]


def read_topic(bootstrap_servers: str, topic: str) -> list[Written]:
    consumer = KafkaConsumer(bootstrap_servers=bootstrap_servers, check_crcs=True)
    try:
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        consumer.assign(partitions)
        ends: dict[TopicPartition, int] = consumer.end_offsets(partitions)
        consumer.seek_to_beginning(*partitions)
        found: list[Written] = []
        deadline = time.monotonic() + 20
        while any(consumer.position(partition) < end for partition, end in ends.items()):
            assert time.monotonic() < deadline
            for records in consumer.poll(timeout_ms=200).values():
                found += [Written(topic, record.partition, record.key.decode(), record.value) for record in records]
        return found
    finally:
        consumer.close()


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.engines)])
def either(request: pytest.FixtureRequest) -> Kafka:
    if request.param == "fake":
        return Kafka(FakePublisher(), None)
    engines: RunningEngines = request.getfixturevalue("engines")
    return Kafka(request.getfixturevalue("kafka"), engines.kafka_bootstrap_servers)


def test_records_of_a_key_are_durable_in_the_order_given(either: Kafka) -> None:
    keys = [unique("c_") for _ in range(20)]
    records = [SendRequested(an_accepted_message(keys[number % 20], content=f"🦜 {number}")) for number in range(300)]

    assert either.publisher.publish(records[:200]) == [None] * 200
    assert either.publisher.publish(records[200:]) == [None] * 100

    written = either.read(CHAT_SEND, set(keys))
    assert len(written) == 300
    for key in keys:
        mine = [each for each in written if each.key == key]
        assert [each.value for each in mine] == [encode(record) for record in records if record.key == key]
        assert len({each.partition for each in mine}) == 1


def test_each_record_goes_to_its_topic(either: Kafka) -> None:
    key = unique("c_")
    requested = SendRequested(an_accepted_message(key))
    stored = MessageStored(a_stored_message(key), members_rev=1)

    assert either.publisher.publish([requested, stored]) == [None, None]

    assert [each.value for each in either.read(CHAT_SEND, {key})] == [encode(requested)]
    assert [each.value for each in either.read(CHAT_RECEIVE, {key})] == [encode(stored)]


def test_nothing_is_published_for_nothing(either: Kafka) -> None:
    assert either.publisher.publish([]) == []


@pytest.mark.engines
def test_a_key_goes_where_every_kafka_client_puts_it(kafka: KafkaPublisher, engines: RunningEngines) -> None:
    keys = {unique("c_") for _ in range(30)}
    kafka.publish([SendRequested(an_accepted_message(key)) for key in keys])

    written = [each for each in read_topic(engines.kafka_bootstrap_servers, CHAT_SEND) if each.key in keys]

    assert len(written) == 30
    assert all(each.partition == (murmur2(each.key.encode()) & 0x7FFFFFFF) % PARTITIONS for each in written)


@pytest.mark.engines
def test_more_than_a_broker_takes_at_once_goes_in_order(kafka: KafkaPublisher, engines: RunningEngines) -> None:
    key = unique("c_")
    records = [SendRequested(an_accepted_message(key, content=f"{number:03}" * 13_000)) for number in range(60)]

    assert kafka.publish(records) == [None] * 60

    written = [each for each in read_topic(engines.kafka_bootstrap_servers, CHAT_SEND) if each.key == key]
    assert [each.value for each in written] == [encode(record) for record in records]


@pytest.mark.engines
def test_a_topic_that_is_not_there_holds_up_no_other(kafka: KafkaPublisher) -> None:
    lost = replace(a_dead_letter(), consumer="nobody")
    outcomes = kafka.publish([lost, SendRequested(an_accepted_message(unique("c_")))])

    assert isinstance(outcomes[0], UnavailableError)
    assert outcomes[1] is None


@pytest.mark.engines
def test_a_stopped_kafka_is_unavailable_and_well_again_at_once(kafka: KafkaPublisher, engines: RunningEngines) -> None:
    keys = [unique("c_"), unique("c_")]
    assert kafka.publish([SendRequested(an_accepted_message(keys[0]))]) == [None]

    with engines.paused("kafka"):
        started = time.monotonic()
        outcomes = kafka.publish([SendRequested(an_accepted_message(key)) for key in keys])
        assert time.monotonic() - started < 4
        assert all(isinstance(outcome, UnavailableError) for outcome in outcomes)
        started = time.monotonic()
        with pytest.raises(UnavailableError):
            kafka.ping()
        assert time.monotonic() - started < 2

    kafka.ping()
    assert kafka.publish([SendRequested(an_accepted_message(key)) for key in keys]) == [None, None]


@pytest.mark.engines
def test_a_pause_shorter_than_the_patience_costs_no_record(kafka: KafkaPublisher, engines: RunningEngines) -> None:
    key = unique("c_")
    kafka.publish([SendRequested(an_accepted_message(key))])
    record = SendRequested(an_accepted_message(key))

    with engines.paused("kafka"):
        resumption = threading.Timer(1.0, engines.resume, ["kafka"])
        resumption.start()
        outcomes = kafka.publish([record])
        resumption.join()

    assert outcomes == [None]
    written = [each.value for each in read_topic(engines.kafka_bootstrap_servers, CHAT_SEND) if each.key == key]
    assert written.count(encode(record)) == 1


@pytest.mark.engines
def test_no_thread_is_left_to_be_frozen_between_calls(kafka: KafkaPublisher, engines: RunningEngines) -> None:
    record = SendRequested(an_accepted_message(unique("c_")))
    threads = set(threading.enumerate())

    kafka.publish([record])
    assert set(threading.enumerate()) <= threads
    with engines.paused("kafka"):
        kafka.publish([record])
    assert kafka.publish([record]) == [None]
    assert set(threading.enumerate()) <= threads


@pytest.mark.engines
def test_a_connection_that_was_cut_between_calls_costs_no_record(
    kafka: KafkaPublisher, engines: RunningEngines
) -> None:
    key = unique("c_")
    first, second = (SendRequested(an_accepted_message(key)) for _ in range(2))
    assert kafka.publish([first]) == [None]

    cut_connections(engines.kafka_bootstrap_servers)

    assert kafka.publish([second]) == [None]
    written = [each.value for each in read_topic(engines.kafka_bootstrap_servers, CHAT_SEND) if each.key == key]
    assert written == [encode(first), encode(second)]


def cut_connections(bootstrap_servers: str) -> None:
    """Cuts this process's connections to a broker, as one does that has not heard from a client for long."""
    host, _, port = bootstrap_servers.partition(":")
    for connection in psutil.Process().net_connections(kind="tcp"):
        if connection.raddr == (host, int(port)):
            with socket.socket(fileno=os.dup(connection.fd)) as duplicate:
                duplicate.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def refused_sockets(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Sockets that kafka-python could not connect are left to the garbage collector, which would tell of them later."""
    yield
    caplog.get_records("call").clear()  # they name the connections
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.mark.usefixtures("refused_sockets")
def test_an_absent_kafka_is_unavailable_in_time() -> None:
    publisher = KafkaPublisher(f"{NOBODY_THERE},127.0.0.1:2", "PLAINTEXT", encode)
    started = time.monotonic()
    outcomes = publisher.publish([SendRequested(an_accepted_message("c_1"))] * 3)
    assert time.monotonic() - started < 4
    assert all(isinstance(outcome, UnavailableError) for outcome in outcomes)
    assert len(outcomes) == 3

    started = time.monotonic()
    with pytest.raises(UnavailableError):
        publisher.ping()
    assert time.monotonic() - started < 2
    publisher.close()


@pytest.mark.engines
def test_threads_share_one_publisher(kafka: KafkaPublisher) -> None:
    def publish(count: int) -> Sequence[object]:
        return kafka.publish([SendRequested(an_accepted_message(unique("c_"))) for _ in range(count)])

    outcomes = at_once([functools.partial(publish, count) for count in range(1, 9)])
    assert outcomes == [[None] * count for count in range(1, 9)]


def a_dead_letter() -> DeadLetter:
    return DeadLetter(
        consumer="store_messages",
        source_topic=CHAT_SEND,
        source_partition=0,
        source_offset=0,
        source_key=None,
        source_value=b"",
        error_type="ValueError",
        error_message="",
        stack="",
        failed_at=NOW,
    )
