"""Engines that others run: their addresses, and what is said when they do not answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from local.engines import ContainerEngines, DataFolder, RemoteAddresses, RemoteEngines, ports
from local.engines.remote import without_password
from local.failures import StartError
from local.observer import NullObserver

SOUND = {
    "KAFKA_BOOTSTRAP_SERVERS": "one:9092, two:9093",
    "MONGO_URI": "mongodb://u:secret@one:27017,two:27017/shop?replicaSet=rs0",
    "REDIS_URL": "rediss://:secret@cache:6379/0",
    "AWS_ENDPOINT_URL": "http://localhost:4566",
}


def test_addresses_are_what_manifests_ask_for() -> None:
    engines = RemoteEngines(RemoteAddresses.read(SOUND), NullObserver())
    assert engines.addresses == {
        "kafka.bootstrap_servers": SOUND["KAFKA_BOOTSTRAP_SERVERS"],
        "kafka.security": "PLAINTEXT",
        "mongo.uri": SOUND["MONGO_URI"],
        "redis.url": SOUND["REDIS_URL"],
        "aws.endpoint_url": SOUND["AWS_ENDPOINT_URL"],
    }
    assert "secret" not in str(engines.shown)
    assert engines.shown["Valkey"] == "rediss://***@cache:6379/0"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"KAFKA_BOOTSTRAP_SERVERS": ""}, "KAFKA_BOOTSTRAP_SERVERS is missing"),
        ({"KAFKA_BOOTSTRAP_SERVERS": "one"}, "KAFKA_BOOTSTRAP_SERVERS is no address"),
        ({"KAFKA_BOOTSTRAP_SERVERS": "one:9092,"}, "KAFKA_BOOTSTRAP_SERVERS is no address"),
        ({"KAFKA_BOOTSTRAP_SERVERS": "one:99999"}, "KAFKA_BOOTSTRAP_SERVERS is no address"),
        ({"MONGO_URI": "mongodb://u:secret@one:27017"}, "MONGO_URI is no address (mongodb://host:port/database"),
        ({"MONGO_URI": "http://one/db"}, "MONGO_URI is no address"),
        ({"REDIS_URL": "valkey://one:6379"}, "REDIS_URL is no address"),
        ({"AWS_ENDPOINT_URL": "localhost:4566"}, "AWS_ENDPOINT_URL is no address"),
    ],
)
def test_what_is_no_address_is_told_without_passwords(wrong: Mapping[str, str], told: str) -> None:
    with pytest.raises(StartError) as refusal:
        RemoteAddresses.read({**SOUND, **wrong})
    assert told in str(refusal.value)
    assert "secret" not in str(refusal.value)


def test_all_that_is_missing_is_told_at_once() -> None:
    with pytest.raises(StartError) as refusal:
        RemoteAddresses.read({})
    assert all(name in str(refusal.value) for name in SOUND)


def test_passwords_are_hidden() -> None:
    assert without_password("redis://one:6379/0") == "redis://one:6379/0"
    assert without_password("mongodb://u:p@one:1,two:2/db") == "mongodb://***@one:1,two:2/db"


def test_engines_that_do_not_answer_are_told_by_their_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    port = ports.free_port()
    at = f"127.0.0.1:{port}"
    addresses = RemoteAddresses(at, f"mongodb://u:secret@{at}/db", f"redis://{at}/0", f"http://{at}")
    monkeypatch.setattr("local.engines.remote.ASK_TIMEOUT_S", 0.2)
    engines = RemoteEngines(addresses, NullObserver())
    engines.deadline_s = 0.0
    with pytest.raises(StartError) as refusal:
        asyncio.run(engines.start())
    assert all(f"{name} at " in str(refusal.value) for name in SOUND)
    assert "secret" not in str(refusal.value)


DOCKER = """#!/bin/sh
echo "$@" >> "$(dirname "$0")/calls"
echo "targets $PROMETHEUS_TARGETS kafka $KAFKA_PORT" >> "$(dirname "$0")/calls"
case "$*" in *" up "*) echo "no such image" >&2; exit 3;; esac
"""


def test_containers_that_do_not_start_are_stopped_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docker = tmp_path / "docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    engines = ContainerEngines(
        DataFolder(tmp_path / "data"),
        NullObserver(),
        database="shop",
        metrics_at="localhost:8123",
        environment={"KAFKA_PORT": "19092"},
    )
    assert engines.addresses["kafka.bootstrap_servers"] == "127.0.0.1:19092"
    with pytest.raises(StartError, match=r"docker compose up ended with status 3:\nno such image"):
        asyncio.run(engines.start())
    up, variables, stop, _ = (tmp_path / "calls").read_text().splitlines()
    assert "--project-name shop-twin up --detach --wait" in up
    assert stop.endswith("--project-name shop-twin stop")
    assert variables == f"targets {tmp_path / 'data' / 'prometheus'} kafka 19092"
    told = json.loads((tmp_path / "data" / "prometheus" / "twin.json").read_text())
    assert told == [{"targets": ["localhost:8123"]}]


def test_without_docker_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    engines = ContainerEngines(DataFolder(tmp_path), NullObserver(), database="shop", metrics_at="localhost:1")
    with pytest.raises(StartError, match="there is no `docker` here"):
        asyncio.run(engines.start())
