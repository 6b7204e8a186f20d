"""What reaches open sockets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from parley.domain.live import LiveEvent
from parley.domain.models import (
    Connection,
)
from parley.domain.records import PushEvent
from parley.domain.trace import DeliveryOutcome


@dataclass(frozen=True, slots=True)
class Push:
    """Frames for one socket, to be posted in this order; each is UTF-8 JSON of at most 32 KB.

    Only a single event that is larger by itself (8,000 characters can take 48 KB once escaped) makes a larger frame,
    alone, and never one over the 128 KB that a gateway takes.
    """

    connection: Connection
    frames: tuple[bytes, ...]


PushOutcome = DeliveryOutcome
"""What became of a push. Of a socket that was only looked after, `pushed` says that it is open."""


class PushClient(Protocol):
    """The gateways' @connections, as their writers see it."""

    def post(self, pushes: Sequence[Push]) -> list[PushOutcome]:
        """Posts frames to sockets, side by side, each socket's in order; never raises, and never waits for a slow one.

        A post that fails (429, 5xx, no answer in time) is tried again within a bounded budget of time, then counted as
        failed with the socket's remaining frames dropped. 410 is gone at once. Others do not wait for it: a call ends
        soon after the last of them, and later calls wait for such a socket still less, or leave it out as failed for
        some seconds, until it takes its frames again.

        Returns:
            For each push `pushed` when all its frames were taken, `gone` for a closed socket, else `failed`.
        """
        ...

    def disconnect(self, connections: Sequence[Connection]) -> list[PushOutcome]:
        """Closes sockets, side by side; never raises. Bounded, and tried again, as `post` is.

        Returns:
            For each connection `pushed` when the gateway closed it now, `gone` when it was closed, else `failed`.
        """
        ...

    def probe(self, connections: Sequence[Connection]) -> list[PushOutcome]:
        """Asks the gateways which sockets are open, side by side and each once; never raises, nor waits for long."""
        ...


class LiveEncoder(Protocol):
    """Turns what is told while it lasts into the JSON object that a client gets, `{"event", "data"}`."""

    def __call__(self, event: LiveEvent) -> bytes:
        """UTF-8 JSON without white space around it."""
        ...


class EventEncoder(Protocol):
    """Turns an event into the JSON object that a client gets, `{"event", "data"}`."""

    def __call__(self, event: PushEvent) -> bytes:
        """UTF-8 JSON without white space around it; the same event gives the same bytes."""
        ...
