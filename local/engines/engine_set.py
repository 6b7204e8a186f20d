"""What a stack needs of its engines, whoever runs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from local.engines.engine import Engine


class EngineSet(Protocol):
    """Kafka, the database, Valkey and AWS's services."""

    @property
    def all(self) -> tuple[Engine, ...]:
        """The engines that are this process's own to stop, kill and start again; those of others are not among them."""

    @property
    def addresses(self) -> Mapping[str, str]:
        """Where each is, by the names that a manifest's `${…}` use."""

    @property
    def shown(self) -> Mapping[str, str]:
        """Where each is, by a title for people, without passwords."""

    def use_buckets(self, buckets: Sequence[str], origins: Sequence[str]) -> None:
        """Says which buckets there are to be after `start`, and whose scripts may use them."""

    async def start(self) -> None:
        """Returns when all answer.

        Raises:
            StartError: one does not; the text says which, and what to do.
        """

    def remember(self) -> None:
        """Notes which processes there are, so that the next run can wait for their end after this one was killed."""

    async def stop(self) -> None:
        """Ends what `start` has started."""
