"""Connections and tickets in Valkey."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from parley.connections.resp import Reply, RespClient
from parley.domain.models import Connection, Identity

CONNECTION_TTL: Final = timedelta(hours=2, minutes=10)
"""Ten minutes longer than an API Gateway socket can live."""

_TIMEOUT_S: Final = 1.8
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


class ValkeyConnections:
    """The ports ConnectionRegistry and TicketStore on one Valkey.

    A user's sockets are the fields of one hash, so that a look-up is one command a user, all in one round trip. The
    hash lives as long as its youngest field; fields that have outlived themselves are not given out, and go when the
    user connects again.

    Args:
        url: `redis://` or `rediss://` (TLS), `[user[:password]@]host[:port][/database]`.
    """

    def __init__(self, url: str) -> None:
        self._client = RespClient(url, timeout_s=_TIMEOUT_S)

    def add_connection(self, connection: Connection) -> None:
        """See ConnectionRegistry."""
        key = _connections_key(connection.user_id)
        *_, fields = self._client.execute(
            ["HSET", key, connection.connection_id, _encode_connection(connection)],
            ["EXPIRE", key, int(CONNECTION_TTL.total_seconds())],
            ["HGETALL", key],
        )
        lapsed = [known.connection_id for known in _decode_hash(connection.user_id, fields) if _has_lapsed(known)]
        if lapsed:
            self._client.execute(["HDEL", key, *lapsed])

    def remove_connection(self, user_id: str, connection_id: str) -> bool:
        """See ConnectionRegistry."""
        [removed] = self._client.execute(["HDEL", _connections_key(user_id), connection_id])
        return removed == 1

    def find_connections(self, user_ids: Sequence[str]) -> dict[str, tuple[Connection, ...]]:
        """See ConnectionRegistry."""
        wanted = list(dict.fromkeys(user_ids))
        if not wanted:
            return {}
        replies = self._client.execute(*(["HGETALL", _connections_key(user_id)] for user_id in wanted))
        found: dict[str, tuple[Connection, ...]] = {}
        for user_id, fields in zip(wanted, replies, strict=True):
            connections = tuple(known for known in _decode_hash(user_id, fields) if not _has_lapsed(known))
            if connections:
                found[user_id] = connections
        return found

    def insert_ticket(self, ticket: str, identity: Identity, ttl_s: int) -> None:
        """See TicketStore."""
        value = json.dumps([identity.user_id, identity.session_id], separators=(",", ":"))
        self._client.execute(["SET", _ticket_key(ticket), value, "EX", ttl_s])

    def redeem_ticket(self, ticket: str) -> Identity | None:
        """See TicketStore."""
        [value] = self._client.execute(["GETDEL", _ticket_key(ticket)])
        if not isinstance(value, bytes):
            return None
        user_id, session_id = json.loads(value)
        return Identity(user_id=user_id, session_id=session_id)

    def ping(self) -> None:
        """Returns when Valkey answered; raises UnavailableError within 2 s when it did not."""
        self._client.execute(["PING"])

    def close(self) -> None:
        """Ends the connections to Valkey."""
        self._client.close()


def _connections_key(user_id: str) -> str:
    return f"connections:{user_id}"


def _ticket_key(ticket: str) -> str:
    """A hash, so that whoever reads the keys or the slow log of Valkey finds no ticket to use."""
    return f"ticket:{hashlib.sha256(ticket.encode()).hexdigest()}"


def _encode_connection(connection: Connection) -> str:
    connected_at_ms = (connection.connected_at - _EPOCH) // _MILLISECOND
    return json.dumps([connection.session_id, connection.endpoint, connected_at_ms], separators=(",", ":"))


def _decode_hash(user_id: str, fields: Reply) -> list[Connection]:
    """The connections in the flat answer of HGETALL: field, value, field, value…"""
    if not isinstance(fields, list):
        return []
    items = iter(fields)
    return [_decode_connection(user_id, name, value) for name, value in zip(items, items, strict=True)]


def _decode_connection(user_id: str, name: Reply, value: Reply) -> Connection:
    assert isinstance(name, bytes)  # noqa: S101 - HGETALL gives bulk strings only
    assert isinstance(value, bytes)  # noqa: S101
    session_id, endpoint, connected_at_ms = json.loads(value)
    return Connection(
        connection_id=name.decode(),
        user_id=user_id,
        session_id=session_id,
        endpoint=endpoint,
        connected_at=_EPOCH + connected_at_ms * _MILLISECOND,
    )


def _has_lapsed(connection: Connection) -> bool:
    return datetime.now(UTC) - connection.connected_at >= CONNECTION_TTL
