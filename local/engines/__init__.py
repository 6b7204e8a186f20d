"""The servers that a stack runs on, each a child process of the twin with its data, log and port in one data folder."""

from local.engines.engine import Engine
from local.engines.engines import Engines
from local.engines.folder import DataFolder, read_run
from local.engines.supervisor import Supervisor

__all__ = ["DataFolder", "Engine", "Engines", "Supervisor", "read_run"]
