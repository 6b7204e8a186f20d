"""Lambda on one machine: the Runtime API, execution environments, and `Runtime`, which invokes functions."""

from local.runtime.invocation import Invocation, Outcome
from local.runtime.logs import LogLine
from local.runtime.runtime import Runtime
from local.runtime.settings import RuntimeSettings
from local.runtime.spec import EnvironmentStatus

__all__ = ["EnvironmentStatus", "Invocation", "LogLine", "Outcome", "Runtime", "RuntimeSettings"]
