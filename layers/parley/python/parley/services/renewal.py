"""Frames keep their socket known, so that a Valkey that lost everything has it again with the next one."""

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
            self._registry.add_connection(connection)
            self._rooms.set_online(connection.user_id)
        except UnavailableError:
            _log.warning("a socket could not be renewed")
            self._paused_until = now + _PAUSE
            return
        self._paused_until = None
        self._renewed[connection.connection_id] = now
        self._renewed.move_to_end(connection.connection_id)
        while len(self._renewed) > _SOCKETS_MAX_COUNT:
            self._renewed.popitem(last=False)
