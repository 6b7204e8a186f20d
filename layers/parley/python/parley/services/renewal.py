"""Frames keep their socket known, so that a Valkey that lost everything has it again with the next one.

A ping also hears whether its socket missed something meanwhile: it was given up as gone and was not, it was unknown to
a Valkey that had lost it, or a push to it failed. That bounds by a client's heartbeat what sync would else bring only
with the next event or the next socket.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

from parley.domain.errors import UnavailableError
from parley.domain.models import Connection
from parley.ports import Clock, ConnectionRegistry, RoomRegistry

_log = logging.getLogger(__name__)

_INTERVAL: Final = timedelta(seconds=20)
_PAUSE: Final = timedelta(seconds=5)
_SOCKETS_MAX_COUNT: Final = 10_000


class Renewal:
    """Makes sockets known that sent a frame, each every 20 s at most. Not safe to call from several threads."""

    def __init__(self, *, registry: ConnectionRegistry, rooms: RoomRegistry, clock: Clock) -> None:
        self._registry = registry
        self._rooms = rooms
        self._clock = clock
        self._renewed: OrderedDict[str, datetime] = OrderedDict()
        self._paused_until: datetime | None = None

    def renew(self, connection: Connection) -> None:
        """Registers the socket unless that was just done. It never fails, and waits for an absent Valkey but rarely."""
        now = self._clock.now()
        renewed_at = self._renewed.get(connection.connection_id)
        is_fresh = renewed_at is not None and abs(now - renewed_at) < _INTERVAL
        if is_fresh or (self._paused_until is not None and now < self._paused_until):
            return
        try:
            self._registry.renew_connection(connection)
            self._rooms.set_online(connection.user_id)
        except UnavailableError:
            self._pause(now)
            return
        self._note_renewed(connection, now)

    def take_missed(self, connection: Connection) -> bool:
        """Registers the socket, and says whether it may have missed something that this has not said yet.

        It never fails, and waits for an absent Valkey but rarely: what is not said now is said to a later call.
        """
        now = self._clock.now()
        if self._paused_until is not None and now < self._paused_until:
            return False
        try:
            has_missed = self._registry.take_missed(connection)
        except UnavailableError:
            self._pause(now)
            return False
        try:
            self._rooms.set_online(connection.user_id)
        except UnavailableError:
            self._pause(now)
        else:
            self._note_renewed(connection, now)
        return has_missed

    def _pause(self, now: datetime) -> None:
        _log.warning("a socket could not be renewed")
        self._paused_until = now + _PAUSE

    def _note_renewed(self, connection: Connection, now: datetime) -> None:
        self._paused_until = None
        self._renewed[connection.connection_id] = now
        self._renewed.move_to_end(connection.connection_id)
        while len(self._renewed) > _SOCKETS_MAX_COUNT:
            self._renewed.popitem(last=False)
