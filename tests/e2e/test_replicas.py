"""Several replicas on one Kafka, database and Valkey, as containers run them: each gateway has sockets of its own, the
workers share the partitions, and none of them is needed for anything that was acknowledged."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from bench.client import Device, ParleyClient
from bench.client.device import draft
from bench.stack import PROJECT_ROOT
from functions.manifest import KafkaTrigger, load_manifest
from local.engines.ports import free_port
from tests.e2e.conftest import PASSWORD, history_of, register, until
from tests.engines import RunningEngines, run_engines

START_DEADLINE_S = 120
FRAMES, PER_FRAME = 8, 25


@dataclass
class RunningReplica:
    """One replica as a process; what it prints goes to `log`."""

    process: subprocess.Popen[bytes]
    url: str
    probes: str
    log: Path

    def lines(self, kind: str) -> list[dict[str, object]]:
        """What it has told of one kind of thing."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("kind") == kind]

    def partitions(self) -> int:
        """How many it was given the last time."""
        given = [str(line["line"]) for line in self.lines("log") if line.get("function") == "ownership"]
        return next((int(text.split()[1]) for text in reversed(given) if text.startswith("reads ")), 0)


@pytest.fixture(scope="module")
def own_engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEngines]:
    """Other tests have topics of the same names with other partitions on the shared ones."""
    with run_engines(tmp_path_factory.mktemp("engines")) as running:
        yield running


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that a Secret is mounted as."""
    folder = tmp_path_factory.mktemp("secrets")
    key = Ed25519PrivateKey.generate()
    texts = {
        "token_private_key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        "token_public_key": key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        "edge_key": "an edge key of nobody but these tests",
        "sync_key": "a sync key of nobody but these tests",
        "aws_access_key_id": "AKIDREPLICAS",
        "aws_secret_access_key": "a key of nobody but these tests",
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def environment(own_engines: RunningEngines, secrets: Path) -> dict[str, str]:
    """What every replica is told; on this machine Kafka and the database speak no TLS, which only `local` may have."""
    return {
        **os.environ,
        "STAGE": "local",
        "HOST": "127.0.0.1",
        "KAFKA_BOOTSTRAP_SERVERS": own_engines.kafka_bootstrap_servers,
        "MONGO_URI": own_engines.fresh_mongo_uri(),
        "REDIS_URL": own_engines.fresh_redis_url(),
        "AWS_ENDPOINT_URL": own_engines.addresses["aws.endpoint_url"],
        "SECRETS": str(secrets),
        "REPLICATION": "1",
        "SESSION_S": "6",
        "PARLEY_RATE_LIMITS": "off",
    }


@contextlib.contextmanager
def running(environment: dict[str, str], folder: Path, role: str = "all") -> Iterator[RunningReplica]:
    """A replica until the body ends."""
    port, probe_port = free_port(), free_port()
    url = f"http://localhost:{port}"
    own = {"ROLE": role, "PORT": str(port), "PROBE_PORT": str(probe_port), "PUBLIC_URL": url}
    log = folder / f"{port}.log"
    with log.open("wb") as opened:
        process = subprocess.Popen(
            [sys.executable, "-m", "local.replica", "serve"],
            cwd=PROJECT_ROOT,
            env=environment | own | {"ADDRESS": f"localhost:{port}"},
            stdin=subprocess.DEVNULL,
            stdout=opened,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    replica = RunningReplica(process, url, f"http://127.0.0.1:{probe_port}", log)
    try:
        yield replica
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(60)
            finally:
                process.kill()


def deploy(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "local.replica", "deploy"],
        cwd=PROJECT_ROOT,
        env={**environment, "PUBLIC_URL": "http://localhost"},
        capture_output=True,
        text=True,
        timeout=START_DEADLINE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


async def ready(client: ParleyClient, replica: RunningReplica) -> None:
    deadline = time.monotonic() + START_DEADLINE_S
    async with ParleyClient(replica.probes) as probes:
        while True:
            assert replica.process.poll() is None, replica.log.read_text()[-2000:]
            assert time.monotonic() < deadline, replica.log.read_text()[-2000:]
            with contextlib.suppress(Exception):
                if (await probes.request("GET", "/ready")).status_code == 200:
                    break
            await asyncio.sleep(0.05)
        assert (await probes.request("GET", "/live")).status_code == 200
        assert "# TYPE" in (await probes.request("GET", "/metrics")).text
    assert (await client.health())["status"] == "ok"


def all_partitions() -> int:
    manifest = load_manifest(PROJECT_ROOT / "functions" / "manifest.toml")
    read = {t.topic for f in manifest.functions.values() for t in f.triggers if isinstance(t, KafkaTrigger)}
    return sum(manifest.topics[topic].partitions for topic in read)


@pytest.mark.timeout(300)
def test_a_message_crosses_replicas_and_a_killed_one_loses_none(environment: dict[str, str], tmp_path: Path) -> None:
    deploy(environment)
    with running(environment, tmp_path) as first, running(environment, tmp_path) as second:
        asyncio.run(_cross_and_kill(first, second))
        # Everything is now the second one's, and it ends in order.
        second.process.terminate()
        assert second.process.wait(60) == 0


async def _cross_and_kill(first: RunningReplica, second: RunningReplica) -> None:
    async with ParleyClient(first.url) as at_first, ParleyClient(second.url) as at_second:
        await asyncio.gather(ready(at_first, first), ready(at_second, second))
        whole = all_partitions()
        await until(lambda: 0 < first.partitions() < whole and 0 < second.partitions() < whole, deadline_s=60)
        assert first.partitions() + second.partitions() == whole

        ada, ben = await register(at_first, "ada"), await register(at_second, "ben")
        conversation_id = await ada.create_direct(ben.user_id)
        hers, his = await Device.connect(ada), await Device.connect(ben)
        answer = await hers.send_message(conversation_id, "from the first", timeout_s=30)
        await his.wait_for_message(answer.data["messageId"], timeout_s=60)
        answer = await his.send_message(conversation_id, "from the second", timeout_s=30)
        await hers.wait_for_message(answer.data["messageId"], timeout_s=60)

        frames = [[draft(conversation_id, f"{frame}.{n}") for n in range(PER_FRAME)] for frame in range(FRAMES)]
        answers = await asyncio.gather(*(hers.send_messages(frame, timeout_s=60) for frame in frames))
        first.process.kill()
        accepted = {result["messageId"] for answer in answers for result in answer.data["results"]}
        assert len(accepted) == FRAMES * PER_FRAME
        await hers.wait_closed(timeout_s=30)

        # Her device comes back by the other gateway, and talks on while the partitions change hands.
        again = await at_second.login(ada.username, PASSWORD)
        back = await Device.connect(again)
        later = await back.send_message(conversation_id, "after the kill", timeout_s=30)
        await his.wait_for_message(later.data["messageId"], timeout_s=90)
        await his.wait_until(lambda: {m["messageId"] for m in his.messages} >= accepted, timeout_s=90)
        history = await history_of(again, conversation_id, len(accepted) + 3)
        assert [message["seq"] for message in history] == list(range(1, len(accepted) + 4))
        assert accepted <= {message["messageId"] for message in history}
        await until(lambda: second.partitions() == whole, deadline_s=60)
        await back.close()
        await his.close()
