"""Settings of event sources."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from local.event_sources.batching import Backoff
from local.event_sources.security import CLEAR, Security
from local.runtime.invocation import Invocation


class Invoker(Protocol):
    """What event sources need of the runtime."""

    async def invoke(self, function: str, event: bytes) -> Invocation:
        """Runs a function once; see `Runtime.invoke`."""


@dataclass(frozen=True, slots=True)
class EventSourceSettings:
    """How event sources behave. Times are seconds unless the name says otherwise.

    Args:
        region, account_id: what ARNs in events say.
        concurrency: how many pollers of a Kafka event source share its partitions, each with one batch at a time.
        backoff: the pause before a failed batch is tried again.
        fetch_wait_ms: how long the broker may hold an empty answer; a record that comes is sent at once.
        reconnect: the pause after Kafka could not be reached.
        patience: how long that is tried before it is told.
        lag_interval: how often the lag is told.
        security: how to speak to Kafka.
        stop_grace: how long a batch that is running may go on after `stop`; longer ones are not committed.
    """

    region: str = "eu-central-1"
    account_id: str = "000000000000"
    concurrency: int = 1
    backoff: Backoff = field(default_factory=Backoff)
    fetch_wait_ms: int = 500
    reconnect: float = 0.5
    patience: float = 5.0
    lag_interval: float = 2.0
    stop_grace: float = 10.0
    security: Security = CLEAR

    @property
    def cluster_arn(self) -> str:
        """The ARN of the Kafka cluster, as events name it."""
        return f"arn:aws:kafka:{self.region}:{self.account_id}:cluster/local/00000000-0000-0000-0000-000000000000-1"

    def function_arn(self, function: str) -> str:
        """The ARN of a function, as failure records name it."""
        return f"arn:aws:lambda:{self.region}:{self.account_id}:function:{function}"
