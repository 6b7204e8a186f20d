"""The real engines as `python -m local engines` starts them: data stays, nothing else does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pymongo
import pytest
import redis
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from functions.manifest import Topic
from local.failures import StartError
from local.topics import create_topics
from tests.integration.local_engines.conftest import ROOT, StartCommand

pytestmark = pytest.mark.engines
GONE_WITHIN_S = 10
TOPIC = Topic("kept", 3, retention_hours=1)


def write(facts: dict[str, Any]) -> None:
    """Leaves something in each engine that keeps data."""
    create_topics(facts["kafka.bootstrap_servers"], [TOPIC])
    producer = KafkaProducer(bootstrap_servers=facts["kafka.bootstrap_servers"], acks="all")
    producer.send(TOPIC.name, value=b"kept", partition=2).get(timeout=10)
    producer.close()
    with pymongo.MongoClient[dict[str, Any]](facts["mongo.uri"]) as mongo:
        mongo.get_default_database()["things"].insert_one({"_id": "kept"})
    with redis.Redis.from_url(facts["redis.url"]) as valkey:
        valkey.set("kept", "yes")


def read(facts: dict[str, Any]) -> tuple[bytes | None, list[str], bytes | None]:
    """What is found of it: in Kafka, the database and Valkey."""
    consumer = KafkaConsumer(bootstrap_servers=facts["kafka.bootstrap_servers"], auto_offset_reset="earliest")
    consumer.assign([TopicPartition(TOPIC.name, 2)])
    records = consumer.poll(timeout_ms=10_000)
    consumer.close()
    with pymongo.MongoClient[dict[str, Any]](facts["mongo.uri"]) as mongo:
        things = [str(thing["_id"]) for thing in mongo.get_default_database()["things"].find()]
    with redis.Redis.from_url(facts["redis.url"]) as valkey:
        kept = valkey.get("kept")
    assert kept is None or isinstance(kept, bytes)
    return next((record.value for found in records.values() for record in found), None), things, kept


def test_data_and_addresses_survive_an_end_and_a_crash(command: StartCommand, tmp_path: Path) -> None:
    first = command("engines", "--data", str(tmp_path))
    facts = first.facts()
    write(facts)
    family = first.family()
    assert first.close_input() == 0
    assert psutil.wait_procs(family, timeout=GONE_WITHIN_S)[1] == []

    second = command("engines", "--data", str(tmp_path))
    again = second.facts()
    assert {**again, "pids": 0} == {**facts, "pids": 0}
    assert read(again) == (b"kept", ["kept"], b"yes")
    with pymongo.MongoClient[dict[str, Any]](again["mongo.uri"]) as mongo:
        mongo.get_default_database()["things"].insert_one({"_id": "kept too"})
    family = second.family()
    second.process.kill()
    assert psutil.wait_procs(family, timeout=GONE_WITHIN_S)[1] == []

    third = command("engines", "--data", str(tmp_path))
    after_crash = third.facts()
    record, things, _ = read(after_crash)
    assert (record, things) == (b"kept", ["kept", "kept too"])

    refused = subprocess.run(
        [sys.executable, "-m", "local", "engines", "--data", str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr.startswith(f"The data folder {tmp_path} is in use by process {third.process.pid}: ")

    third.process.send_signal(signal.SIGTERM)
    assert third.process.wait(30) == 0


def test_an_engine_that_ends_by_itself_ends_the_command(command: StartCommand, tmp_path: Path) -> None:
    running = command("engines", "--data", str(tmp_path))
    facts = running.facts()
    family = running.family()
    os.kill(facts["pids"]["valkey"], signal.SIGKILL)
    assert running.process.wait(30) == 1
    assert psutil.wait_procs(family, timeout=GONE_WITHIN_S)[1] == []


def test_topics_are_made_once_and_never_changed(engines: Any) -> None:
    servers = engines.kafka_bootstrap_servers
    create_topics(servers, [Topic("made.once", 2)])
    create_topics(servers, [Topic("made.once", 2), Topic("made.later", 1, retention_hours=2)])
    with pytest.raises(StartError, match=r"made\.once has 2 partitions and the manifest says 4"):
        create_topics(servers, [Topic("made.once", 4)])


def test_a_topic_that_nobody_declared_is_not_made(engines: Any) -> None:
    producer = KafkaProducer(bootstrap_servers=engines.kafka_bootstrap_servers, max_block_ms=2_000)
    with pytest.raises(Exception) as refusal:  # noqa: PT011 - the client's kinds differ by version; checked below
        producer.send("never.declared", b"x").get(timeout=5)
    producer.close()
    consumer = KafkaConsumer(bootstrap_servers=engines.kafka_bootstrap_servers)
    topics = consumer.topics()
    consumer.close()
    assert "never.declared" not in topics, refusal
