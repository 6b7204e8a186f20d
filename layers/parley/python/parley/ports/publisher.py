"""Kafka, as its writers see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from parley.domain.errors import ParleyError
from parley.domain.records import Record


class Publisher(Protocol):
    """Kafka, as its writers see it."""

    def publish(self, records: Sequence[Record]) -> list[ParleyError | None]:
        """Hands records over, each to its topic under its key, and waits until all in-sync replicas have them.

        Records of one key are written in the order given, and none of a key after one of that key that failed. One
        that failed may have been written all the same. Ends within 4 s, whatever Kafka does.

        Returns:
            For each record None when it is durable, or an UnavailableError.
        """
        ...
