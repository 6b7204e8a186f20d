"""One Kafka record as the event sources see it, whichever client read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Record(NamedTuple):
    """A record with its place. `timestamp` is milliseconds since 1970; its type is 0 for creation, 1 for the log's."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()

    @property
    def weight(self) -> int:
        """An upper bound of its size in a Lambda event, in bytes."""
        payload = len(self.key or b"") + len(self.value or b"")
        headers = sum(6 * len(name) + 5 * len(value or b"") + 8 for name, value in self.headers)
        return 256 + len(self.topic) + payload * 4 // 3 + headers
