"""Who runs the engines: this process, Docker, or somebody else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from local.engines.containers import ContainerEngines
from local.engines.engine_set import EngineSet
from local.engines.engines import Engines
from local.engines.folder import DataFolder
from local.engines.remote import RemoteAddresses, RemoteEngines
from local.observer import Observer
from local.settings import EngineChoice


def make_engines(
    choice: EngineChoice,
    folder: DataFolder,
    *,
    cache: Path,
    observer: Observer,
    database: str,
    metrics_at: str,
    environment: Mapping[str, str],
) -> EngineSet:
    """The engines of a stack, none of them started.

    Args:
        choice: who runs them.
        folder: where embedded engines keep their data, and containers' tools what they need.
        cache: the folder for downloads.
        observer: told of what they do.
        database: the name of the database that clients use.
        metrics_at: `host:port` of the twin's metrics, for the containers.
        environment: has the addresses of external engines.

    Raises:
        StartError: no port is free, a server is not installed, or an address is missing.
    """
    match choice:
        case "embedded":
            return Engines(folder, cache=cache, observer=observer, database=database)
        case "docker":
            return ContainerEngines(folder, observer, database=database, metrics_at=metrics_at)
        case "external":
            return RemoteEngines(RemoteAddresses.read(environment), observer)
