"""Whether what Parley stands on is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Probe(Protocol):
    """Asks one service whether it is there."""

    def __call__(self) -> None:
        """Returns when it answered; raises UnavailableError within 2 s when it did not."""
        ...


Probes = Mapping[str, Probe]
