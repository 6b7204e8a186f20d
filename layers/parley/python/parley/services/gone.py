"""Sockets that a gateway says are gone, and what sockets did not get."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from parley.domain.errors import UnavailableError
from parley.domain.models import Connection
from parley.ports import Clock, ConnectionRegistry, Push, PushOutcome

_log = logging.getLogger(__name__)

OPENING: Final = timedelta(seconds=30)
"""The longest that a socket is registered before its `$connect` has returned: an integration may take 29 s
(https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html)."""


class GoneSockets:
    """Forgets sockets that answered 410, and notes what others did not get, for their next ping to hear.

    A socket whose `$connect` has not returned answers 410 too, though it is about to open: one that young is kept. If
    it is gone in truth, the next push to it, the sweep or its `$disconnect` tells so again.
    """

    def __init__(self, *, registry: ConnectionRegistry, clock: Clock) -> None:
        self._registry = registry
        self._clock = clock

    def is_opening(self, connection: Connection) -> bool:
        """Whether 410 may only mean that the socket is not open yet."""
        return self._clock.now() - connection.connected_at < OPENING

    def settle(self, pushes: Sequence[Push], outcomes: Sequence[PushOutcome]) -> None:
        """Does what the outcomes of pushes of lasting events ask for. It never fails, as `forget`."""
        missed = [
            push.connection
            for push, outcome in zip(pushes, outcomes, strict=True)
            if outcome == "failed" or (outcome == "gone" and not self.forget(push.connection))
        ]
        if not missed:
            return
        try:
            self._registry.note_missed(missed)
        except UnavailableError:
            _log.warning("what sockets missed could not be noted")

    def ask_to_sync(self, connections: Sequence[Connection]) -> None:
        """Has the next ping of these sockets hear that they may have missed something. It never fails, as `forget`."""
        if not connections:
            return
        try:
            self._registry.ask_to_sync(connections)
        except UnavailableError:
            _log.warning("sockets could not be asked to sync")

    def forget(self, connection: Connection) -> bool:
        """Forgets the socket unless it is opening; whether it did.

        It never fails: what was pushed must not be pushed again because a socket could not be forgotten.
        """
        if self.is_opening(connection):
            return False
        try:
            self._registry.remove_connection(connection.user_id, connection.connection_id)
        except UnavailableError:
            _log.warning("a socket that is gone could not be forgotten")
            return False
        return True
