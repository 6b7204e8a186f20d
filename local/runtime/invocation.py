"""What came back from running a function once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["success", "error", "timeout", "exited", "throttled"]


@dataclass(frozen=True, slots=True)
class Invocation:
    """One finished invocation.

    `payload` is the function's JSON answer where `outcome` is "success", and otherwise a JSON object
    `{"errorType", "errorMessage", "stackTrace"}` as the Lambda API would answer it. `duration_ms` counts from the
    moment an environment took the event to its answer; waiting for an environment is not in it. `cold` says that the
    environment had served nobody before.
    """

    request_id: str
    outcome: Outcome
    payload: bytes
    duration_ms: float
    cold: bool
