"""Ending sessions: what was signed in is so no more, and its sockets close."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from parley.domain.errors import UnavailableError
from parley.domain.models import Connection, EndReason
from parley.ports import ConnectionRegistry, Push, PushClient, SessionStore

_log = logging.getLogger(__name__)


class Ending:
    """Ends sessions. Their refresh tokens die at once, their access tokens within 5 s, and their sockets are closed.

    The sessions are ended before their sockets are looked up, and a socket is registered before its session is looked
    at (`Sockets.connect`): whichever comes first, none is left open.
    """

    def __init__(
        self,
        *,
        sessions: SessionStore,
        registry: ConnectionRegistry,
        push: PushClient,
        encode: Callable[[EndReason], bytes],
    ) -> None:
        self._sessions = sessions
        self._registry = registry
        self._push = push
        self._encode = encode

    def end_session(self, user_id: str, session_id: str, reason: EndReason) -> None:
        """Ends one session of the user's; idempotent.

        Raises:
            UnavailableError: the session may not have ended.
        """
        self._sessions.end_session(session_id)
        self._close_sockets(user_id, lambda connection: connection.session_id == session_id, reason)

    def end_sessions(self, user_id: str, reason: EndReason, *, keep: str | None = None) -> None:
        """Ends all of the user's sessions but the one with the id `keep`; idempotent.

        Raises:
            UnavailableError: some sessions may not have ended.
        """
        self._sessions.end_sessions(user_id, keep=keep)
        self._close_sockets(user_id, lambda connection: connection.session_id != keep, reason)

    def _close_sockets(self, user_id: str, belongs: Callable[[Connection], bool], reason: EndReason) -> None:
        """Tells sockets why, and closes them. The sessions have ended by now, so a failure is noted and not raised."""
        try:
            known = self._registry.find_connections((user_id,)).get(user_id, ())
            closing = [connection for connection in known if belongs(connection)]
            self._close(closing, reason)
        except UnavailableError:
            _log.warning("the sockets of an ended session could not be closed")

    def _close(self, connections: Sequence[Connection], reason: EndReason) -> None:
        if not connections:
            return
        frame = self._encode(reason)
        self._push.post([Push(connection, (frame,)) for connection in connections])
        outcomes = self._push.disconnect(connections)
        for connection, outcome in zip(connections, outcomes, strict=True):
            if outcome == "failed":
                _log.warning("a socket of an ended session may still be open")
            self._registry.remove_connection(connection.user_id, connection.connection_id)
