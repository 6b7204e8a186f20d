"""Lambda on one machine: the Runtime API, execution environments, and `Runtime`, which invokes functions."""

from local.runtime.environment import EnvironmentStatus
from local.runtime.invocation import Invocation, Outcome
from local.runtime.runtime import Runtime
from local.runtime.settings import RuntimeSettings

__all__ = ["EnvironmentStatus", "Invocation", "Outcome", "Runtime", "RuntimeSettings"]
