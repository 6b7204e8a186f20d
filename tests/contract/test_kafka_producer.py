"""The producer against brokers in every mood."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2 as their_murmur2
from kafka.record._crc32c import crc as their_crc32c

from parley.streams.kafka.batches import varint
from parley.streams.kafka.cluster import Cluster
from parley.streams.kafka.connection import BrokerConnection
from parley.streams.kafka.crc32c import crc32c, crc32c_by_table
from parley.streams.kafka.errors import KafkaError
from parley.streams.kafka.partitioning import murmur2, partition_of
from parley.streams.kafka.producer import KeyedValue, Producer
from tests.contract.broker import (
    HANG_UP_AFTER,
    HANG_UP_BEFORE,
    NONSENSE,
    OK,
    SILENCE,
    FakeCluster,
    Mood,
    running_cluster,
)

TOPIC = "chat.send"


@pytest.fixture
def brokers() -> Iterator[FakeCluster]:
    with running_cluster({TOPIC: 4, "other": 1}) as cluster:
        yield cluster


@pytest.fixture
def cluster(brokers: FakeCluster) -> Iterator[Cluster]:
    made = Cluster(brokers.addresses, connect)
    yield made
    made.close()


@pytest.fixture
def producer(cluster: Cluster) -> Producer:
    return Producer(cluster)


def connect(host: str, port: int, deadline: float) -> BrokerConnection:
    return BrokerConnection(host, port, tls=None, sign_in=None, deadline=deadline)


def write(
    producer: Producer, *values: bytes, key: bytes = b"key", topic: str = TOPIC, within_s: float = 3.0
) -> list[bool]:
    """Writes these values under one key; which of them are durable. Checks that the time given was enough."""
    deadline = time.monotonic() + within_s
    outcomes = producer.write([KeyedValue(topic, key, value) for value in values], deadline)
    assert time.monotonic() < deadline + 0.2
    return [outcome is None for outcome in outcomes]


def test_records_are_written_in_order_in_one_batch(producer: Producer, brokers: FakeCluster) -> None:
    assert write(producer, b"1", b"2", b"3") == [True] * 3
    assert write(producer, b"4") == [True]

    [log] = brokers.log.values()
    assert [written.values for written in log] == [(b"1", b"2", b"3"), (b"4",)]
    assert [written.sequence for written in log] == [0, 3]


def test_keys_spread_over_partitions_as_the_java_client_has_it(producer: Producer, brokers: FakeCluster) -> None:
    keys = [b"c_%d" % number for number in range(40)]
    outcomes = producer.write([KeyedValue(TOPIC, key, key) for key in keys], time.monotonic() + 3)

    assert outcomes == [None] * 40
    for (_, partition), log in brokers.log.items():
        assert {partition} == {(their_murmur2(key) & 0x7FFFFFFF) % 4 for each in log for key in each.values}
    assert sorted(brokers.values(TOPIC)) == sorted(keys)


@pytest.mark.parametrize("mood", [HANG_UP_AFTER, HANG_UP_BEFORE, NONSENSE, 6, 7, 19, 20, 56, 59, 45])
def test_a_passing_failure_is_tried_again_and_written_once(
    producer: Producer, brokers: FakeCluster, mood: Mood
) -> None:
    assert write(producer, b"1") == [True]
    brokers.moods = [mood, mood]

    assert write(producer, b"2", b"3") == [True, True]
    assert write(producer, b"4") == [True]

    assert brokers.values(TOPIC) == [b"1", b"2", b"3", b"4"]


@pytest.mark.parametrize("code", [10, 29, 87])
def test_a_lasting_refusal_is_told_at_once_and_holds_up_no_other(
    producer: Producer, brokers: FakeCluster, code: int
) -> None:
    refused, fine = b"a", next(b"%d" % n for n in range(99) if partition_of(b"%d" % n, 4) != partition_of(b"a", 4))
    brokers.mood_of = lambda topic, partition: code if partition == partition_of(refused, 4) else OK
    records = [KeyedValue(TOPIC, refused, b"1"), KeyedValue(TOPIC, fine, b"2"), KeyedValue(TOPIC, refused, b"3")]

    started = time.monotonic()
    outcomes = producer.write(records, started + 3)

    assert time.monotonic() - started < 1
    assert [outcome is None for outcome in outcomes] == [False, True, False]
    assert brokers.values(TOPIC) == [b"2"]


def test_nothing_of_a_key_follows_what_failed(producer: Producer, brokers: FakeCluster) -> None:
    large = [b"%d" % number * 400_000 for number in range(6)]  # two to a batch
    brokers.moods = [OK, 10]

    assert write(producer, *large) == [True, True, False, False, False, False]
    assert brokers.values(TOPIC) == large[:2]

    assert write(producer, *large[2:]) == [True] * 4
    assert brokers.values(TOPIC) == large


def test_a_silent_broker_ends_the_call_in_time_and_a_late_batch_never_comes_back(
    producer: Producer, brokers: FakeCluster
) -> None:
    write(producer, b"1")
    brokers.moods = [SILENCE] * 10

    assert write(producer, b"2", within_s=2.0) == [False]

    brokers.moods = []
    assert write(producer, b"3") == [True]
    assert brokers.values(TOPIC) == [b"1", b"3"]
    assert [written.producer_id for written in brokers.log[TOPIC, partition_of(b"key", 4)]] == [1, 2]


def test_a_silent_broker_is_given_up_soon_enough_to_try_once_more(producer: Producer, brokers: FakeCluster) -> None:
    brokers.moods = [SILENCE]
    assert write(producer, b"1", within_s=3.5) == [True]
    assert brokers.values(TOPIC) == [b"1"]


def test_a_leader_that_moved_is_found(producer: Producer, brokers: FakeCluster) -> None:
    write(producer, b"1")
    brokers.leader = 1
    assert write(producer, b"2") == [True]
    assert brokers.values(TOPIC) == [b"1", b"2"]


def test_a_connection_that_ended_while_idle_costs_no_try(producer: Producer, brokers: FakeCluster) -> None:
    write(producer, b"1")
    brokers.hang_up()
    before = brokers.requests

    assert write(producer, b"2") == [True]
    assert brokers.requests == before + 1


def test_a_topic_that_is_not_there_fails_soon_and_holds_up_no_other(producer: Producer, brokers: FakeCluster) -> None:
    started = time.monotonic()
    outcomes = producer.write([KeyedValue("none", b"k", b"1"), KeyedValue("other", b"k", b"2")], started + 3)

    assert time.monotonic() - started < 1
    assert [outcome is None for outcome in outcomes] == [False, True]
    assert brokers.values("other") == [b"2"]

    brokers.topics["none"] = 1
    assert write(producer, b"3", topic="none") == [True]


def test_without_brokers_a_call_ends_in_time() -> None:
    cluster = Cluster(["127.0.0.1:1", "127.0.0.1:2"], connect)
    assert write(Producer(cluster), b"1", b"2", within_s=0.5) == [False, False]
    with pytest.raises(KafkaError):
        cluster.ping(time.monotonic() + 0.5)


@pytest.mark.parametrize("address", ["", "host", "host:", ":9092", "host:port"])
def test_an_address_without_host_or_port_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        Cluster([address], connect)


@given(st.binary(max_size=200))
def test_hashes_and_checksums_are_those_of_others(data: bytes) -> None:
    assert murmur2(data) == their_murmur2(data)
    assert crc32c(data) == crc32c_by_table(data) == their_crc32c(data)


@pytest.mark.parametrize(
    ("value", "encoded"),
    [(0, "00"), (-1, "01"), (1, "02"), (63, "7e"), (64, "8001"), (300, "d804"), (2**31, "8080808010")],
)
def test_varints_are_zigzag(value: int, encoded: str) -> None:
    assert varint(value).hex() == encoded
