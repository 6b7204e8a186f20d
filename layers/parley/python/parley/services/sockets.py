"""Sockets that open and close. One whose `$disconnect` never came is forgotten by a push's 410 or by its TTL."""

from __future__ import annotations

from parley.domain.errors import UnauthorizedError
from parley.domain.models import Connection
from parley.ports import ConnectionRegistry, SessionStore


class Sockets:
    """Keeps the registry of open sockets true."""

    def __init__(self, *, registry: ConnectionRegistry, sessions: SessionStore) -> None:
        self._registry = registry
        self._sessions = sessions

    def connect(self, connection: Connection) -> None:
        """Lets a socket open and registers it; idempotent.

        It is registered first and its session looked at after, so that whoever ends the session at the same time
        either finds the socket to close or makes this refuse it: none is left open by a race.

        Raises:
            UnauthorizedError: the session has ended since the socket was authorized.
            UnavailableError: the registry or the sessions cannot be reached.
        """
        self._registry.add_connection(connection)
        session = self._sessions.find_session(connection.session_id)
        if session is None or session.user_id != connection.user_id:
            self._registry.remove_connection(connection.user_id, connection.connection_id)
            raise UnauthorizedError("The session has ended.")

    def disconnect(self, user_id: str, connection_id: str) -> bool:
        """Forgets a socket that closed; whether it was known. Idempotent, and harmless when it comes twice or late."""
        return self._registry.remove_connection(user_id, connection_id)
