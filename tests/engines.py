"""The real engines for tests: started once a session on free ports, shared by everything that is marked `engines`."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import psutil
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
            _wait_until_stopped(self.pids[name])
            yield
        finally:
            self.resume(name)

    def resume(self, name: EngineName) -> None:
        """Lets a stopped engine go on; one that runs is left alone."""
        os.kill(self.pids[name], signal.SIGCONT)


def _wait_until_stopped(pid: int, deadline_s: float = 10) -> None:
    """Returns when no thread of the process runs: on a busy machine the others go on until one has taken the signal."""
    ends_at = time.monotonic() + deadline_s
    while not all(state == "T" for state in _thread_states(pid)):
        assert time.monotonic() < ends_at, f"process {pid} did not stop"
        time.sleep(0.005)


def _thread_states(pid: int) -> list[str]:
    """A letter for each thread (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html), `T` for a stopped one."""
    tasks = Path(f"/proc/{pid}/task")
    if not tasks.is_dir():  # not Linux
        return ["T" if psutil.Process(pid).status() == psutil.STATUS_STOPPED else "R"]
    states: list[str] = []
    for task in tasks.iterdir():
        with suppress(FileNotFoundError):
            states.append((task / "stat").read_text().rpartition(")")[2].split()[0])
    return states


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEngines]:
    """The engines, until the session ends."""
    with run_engines(tmp_path_factory.mktemp("engines")) as running:
        yield running


@contextmanager
def run_engines(data: Path) -> Iterator[RunningEngines]:
    """Engines of one's own, in a data folder, as long as the body runs."""
    with subprocess.Popen(
        [sys.executable, "-m", "local", "engines", "--data", str(data)],
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
