"""The real engines for tests: started once a session on free ports, shared by everything that is marked `engines`."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from redis import Redis

ROOT = Path(__file__).parents[1]
STOP_TIMEOUT_S = 30

EngineName = Literal["kafka", "mongo", "valkey", "moto"]


@dataclass(frozen=True)
class RunningEngines:
    """Where the engines are, and a way to have a part of each to oneself."""

    addresses: Mapping[str, str]
    pids: Mapping[str, int]
    _redis_databases: Iterator[int] = field(default_factory=lambda: itertools.cycle(range(1, 16)))

    @property
    def kafka_bootstrap_servers(self) -> str:
        return self.addresses["kafka.bootstrap_servers"]

    def fresh_mongo_uri(self) -> str:
        """The address of a database that is empty."""
        base, _, options = self.addresses["mongo.uri"].partition("?")
        return f"{base.rpartition('/')[0]}/test_{uuid.uuid4().hex[:12]}?{options}"

    def fresh_redis_url(self) -> str:
        """The address of one of Valkey's databases, emptied; fifteen tests later somebody else gets it."""
        url = f"{self.addresses['redis.url'].rpartition('/')[0]}/{next(self._redis_databases)}"
        with Redis.from_url(url) as client:
            client.flushdb()
        return url

    @contextmanager
    def paused(self, name: EngineName) -> Iterator[None]:
        """Stops an engine in its tracks, with its connections open, as long as the body runs."""
        os.kill(self.pids[name], signal.SIGSTOP)
        try:
            yield
        finally:
            self.resume(name)

    def resume(self, name: EngineName) -> None:
        """Lets a stopped engine go on; one that runs is left alone."""
        os.kill(self.pids[name], signal.SIGCONT)


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEngines]:
    """The engines, until the session ends."""
    with subprocess.Popen(
        [sys.executable, "-m", "local", "engines", "--data", str(tmp_path_factory.mktemp("engines"))],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line, "the engines did not start; what they said is on standard error"
            facts = json.loads(line)
            pids = facts.pop("pids")
            yield RunningEngines(addresses=facts, pids=pids)
        finally:
            process.stdin.close()  # which ends them
            process.wait(STOP_TIMEOUT_S)
