"""What environments are made from, what is seen of them, and whom they tell."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, TypeVar

from functions.manifest import Function
from local.interference import Interference, NoInterference
from local.runtime.invocation import Invocation, Outcome
from local.runtime.settings import RuntimeSettings

Env_contra = TypeVar("Env_contra", contravariant=True)
State = Literal["starting", "idle", "busy", "ended"]


@dataclass(frozen=True, slots=True)
class EnvironmentStatus:
    """What can be seen of an environment. `pid` is 0 until its process runs; times are seconds, memory is what
    its process has in use, in mebibytes."""

    pid: int
    state: State
    invocations: int
    age: float
    frozen: bool
    memory_mb: float = 0.0


@dataclass(frozen=True, slots=True)
class Spec:
    """All that is needed to start environments of one function."""

    function: Function
    layer: Path | None
    values: Mapping[str, str]
    settings: RuntimeSettings
    interference: Interference = field(default_factory=NoInterference)


@dataclass(slots=True, eq=False)
class Pending:
    """An invocation from its request to its answer; `queued_at` is the loop's time."""

    request_id: str
    event: bytes
    answer: asyncio.Future[Invocation]
    queued_at: float


class Owner(Protocol[Env_contra]):
    """Who owns environments and hands them invocations. Called on the loop, and must not block."""

    def environment_idle(self, environment: Env_contra) -> None:
        """It waits for work; `run` may be called at once."""

    def environment_started(self, environment: Env_contra) -> None:
        """Its process runs."""

    def environment_ended(self, environment: Env_contra, reason: str) -> None:
        """Its process is gone, and whatever ran in it was told to `invocation_finished`."""

    def environment_failed(self, environment: Env_contra, outcome: Outcome, payload: bytes) -> None:
        """It could not start; `environment_ended` follows."""

    def invocation_finished(self, pending: Pending, invocation: Invocation) -> None:
        """An invocation has its answer."""

    def log(self, line: str, request_id: str) -> None:
        """The worker printed a line while it ran an invocation, or after it; "" before its first."""
