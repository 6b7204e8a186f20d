"""Lambda on one machine: the Runtime API, execution environments, and `Runtime`, which invokes functions."""

from local.runtime.invocation import Invocation, Outcome

__all__ = ["Invocation", "Outcome"]
