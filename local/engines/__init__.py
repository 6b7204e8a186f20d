"""The servers that a stack runs on: child processes of the twin with their data, logs and ports in one data folder,
Docker's containers, or somebody else's, at addresses from the environment."""

from local.engines.containers import ContainerEngines
from local.engines.engine import Engine
from local.engines.engine_set import EngineSet
from local.engines.engines import Engines
from local.engines.folder import DataFolder, read_run
from local.engines.remote import RemoteAddresses, RemoteEngines
from local.engines.supervisor import Supervisor

__all__ = [
    "ContainerEngines",
    "DataFolder",
    "Engine",
    "EngineSet",
    "Engines",
    "RemoteAddresses",
    "RemoteEngines",
    "Supervisor",
    "read_run",
]
