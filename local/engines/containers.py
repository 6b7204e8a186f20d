"""The engines of `local/docker-compose.yml`, started and stopped with the stack."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from local.engines.folder import DataFolder
from local.engines.remote import RemoteAddresses, RemoteEngines
from local.failures import StartError
from local.observer import Observer

COMPOSE_FILE = Path(__file__).parents[1] / "docker-compose.yml"
PORTS = {
    "KAFKA_PORT": "9092",
    "MONGO_PORT": "27017",
    "VALKEY_PORT": "6379",
    "AWS_PORT": "4566",
    "PROMETHEUS_PORT": "9090",
    "GRAFANA_PORT": "3000",
}
START_DEADLINE_S = 120.0
LOG_TAIL = 2_000


class ContainerEngines(RemoteEngines):
    """Docker's containers, whose data is in named volumes. See `EngineSet`.

    Prometheus finds the stack by a file that `start` writes into the data folder.
    """

    def __init__(
        self,
        folder: DataFolder,
        observer: Observer,
        *,
        database: str,
        metrics_at: str,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        """
        Args:
            folder: the data folder.
            observer: told of what they do.
            database: the name of the database that clients use, and of the containers' project.
            metrics_at: `host:port` where the stack serves its metrics.
            environment: may name other ports: KAFKA_PORT and so on.
        """
        self._ports = {name: environment.get(name) or port for name, port in PORTS.items()}
        super().__init__(addresses_at(self._ports, database), observer)
        self._targets = folder.path / "prometheus"
        self._project = f"{database}-twin"
        self._metrics_at = metrics_at

    @property
    def shown(self) -> Mapping[str, str]:
        """See `EngineSet`."""
        pages = {name.partition("_")[0].title(): f"http://localhost:{self._ports[name]}" for name in list(PORTS)[-2:]}
        return {**super().shown, **pages}

    async def start(self) -> None:
        """See `EngineSet`: starts the containers and waits for their health checks."""
        self._targets.mkdir(parents=True, exist_ok=True)
        target = json.dumps([{"targets": [self._metrics_at]}])
        (self._targets / "twin.json").write_text(target, encoding="utf-8")
        self._observer.engine("docker", "starting", "pulling images the first time")
        try:
            await self._compose("up", "--detach", "--wait", "--wait-timeout", f"{START_DEADLINE_S:.0f}")
            self._observer.engine("docker", "ready")
            await super().start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """See `EngineSet`: stops the containers; their volumes stay."""
        self._observer.engine("docker", "stopping")
        try:
            await self._compose("stop")
        except StartError as error:
            self._observer.engine("docker", "failed", str(error))
        else:
            self._observer.engine("docker", "stopped")

    async def _compose(self, *arguments: str) -> None:
        docker = shutil.which("docker")
        if docker is None:
            raise StartError("ENGINES=docker needs Docker with its compose plugin, and there is no `docker` here.")
        command = [docker, "compose", "--file", str(COMPOSE_FILE), "--project-name", self._project, *arguments]
        process = await asyncio.create_subprocess_exec(
            *command,
            env={**os.environ, **self._ports, "PROMETHEUS_TARGETS": str(self._targets)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C ends them in order, by `stop`
        )
        output, _ = await process.communicate()
        if process.returncode:
            tail = output.decode("utf-8", "replace").strip()[-LOG_TAIL:]
            raise StartError(f"docker compose {arguments[0]} ended with status {process.returncode}:\n{tail}")


def addresses_at(published: Mapping[str, str], database: str) -> RemoteAddresses:
    """Where the containers are, by the ports that they publish."""
    options = "retryWrites=false&directConnection=true"
    return RemoteAddresses(
        kafka=f"127.0.0.1:{published['KAFKA_PORT']}",
        mongo=f"mongodb://127.0.0.1:{published['MONGO_PORT']}/{database}?{options}",
        redis=f"redis://127.0.0.1:{published['VALKEY_PORT']}/0",
        aws=f"http://127.0.0.1:{published['AWS_PORT']}",
    )
