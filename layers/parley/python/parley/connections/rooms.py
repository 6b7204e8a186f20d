"""Rooms and who is online, in Valkey."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, cast

from parley.connections.valkey import CONNECTION_TTL, open_valkey, scan_keys, valkey_call
from parley.domain.models import Connection

_NOTICE_TTL: Final = timedelta(hours=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


class ValkeyRooms:
    """The port RoomRegistry: a hash of sockets for each conversation, and for each socket the set of its rooms.

    Args:
        url: `redis://` or `rediss://` (TLS), `[user[:password]@]host[:port][/database]`.
    """

    def __init__(self, url: str) -> None:
        self._redis = open_valkey(url)

    def join_room(self, conversation_id: str, connection: Connection) -> bool:
        """See RoomRegistry."""
        room, rooms = _room_key(conversation_id), _rooms_key(connection.connection_id)
        with valkey_call():
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.hset(room, connection.connection_id, _encode(connection))
            pipeline.expire(room, CONNECTION_TTL)
            pipeline.sadd(rooms, conversation_id)
            pipeline.expire(rooms, CONNECTION_TTL)
            pipeline.hgetall(room)
            added, _, _, _, fields = pipeline.execute()
        return added == 1 and not _others_of(connection, _decode_room(fields))

    def leave_room(self, conversation_id: str, connection: Connection) -> bool:
        """See RoomRegistry."""
        room = _room_key(conversation_id)
        with valkey_call():
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.hdel(room, connection.connection_id)
            pipeline.srem(_rooms_key(connection.connection_id), conversation_id)
            pipeline.hgetall(room)
            removed, _, fields = pipeline.execute()
        return removed == 1 and not _others_of(connection, _decode_room(fields))

    def leave_rooms(self, connection: Connection) -> list[str]:
        """See RoomRegistry."""
        rooms = _rooms_key(connection.connection_id)
        with valkey_call():
            names = sorted(name.decode() for name in cast("set[bytes]", self._redis.smembers(rooms)))
            if not names:
                return []
            pipeline = self._redis.pipeline(transaction=False)
            for name in names:
                pipeline.hdel(_room_key(name), connection.connection_id)
                pipeline.hgetall(_room_key(name))
            pipeline.delete(rooms)
            replies = pipeline.execute()
        return [
            name
            for name, removed, fields in zip(names, replies[:-1:2], replies[1::2], strict=True)
            if removed == 1 and not _others_of(connection, _decode_room(fields))
        ]

    def find_joined(self, conversation_ids: Sequence[str]) -> dict[str, tuple[Connection, ...]]:
        """See RoomRegistry."""
        wanted = list(dict.fromkeys(conversation_ids))
        if not wanted:
            return {}
        with valkey_call():
            pipeline = self._redis.pipeline(transaction=False)
            for name in wanted:
                pipeline.hgetall(_room_key(name))
            replies = pipeline.execute()
        rooms = {name: _decode_room(fields) for name, fields in zip(wanted, replies, strict=True)}
        return {name: connections for name, connections in rooms.items() if connections}

    def set_online(self, user_id: str) -> bool:
        """See RoomRegistry."""
        key = _online_key(user_id)
        with valkey_call():
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.set(key, "1", ex=CONNECTION_TTL, nx=True)
            pipeline.expire(key, CONNECTION_TTL)
            is_news, _ = pipeline.execute()
        return bool(is_news)

    def set_offline(self, user_id: str) -> bool:
        """See RoomRegistry."""
        with valkey_call():
            return self._redis.delete(_online_key(user_id)) == 1

    def list_online(self) -> Iterator[list[str]]:
        """See RoomRegistry."""
        for keys in scan_keys(self._redis, _online_key("*")):
            yield [key.partition(":")[2] for key in keys]

    def claim_notice(self, connection_id: str) -> bool:
        """See RoomRegistry."""
        with valkey_call():
            return bool(self._redis.set(f"notice:{connection_id}", "1", ex=_NOTICE_TTL, nx=True))

    def close(self) -> None:
        """Ends the connections to Valkey."""
        self._redis.close()


def _room_key(conversation_id: str) -> str:
    return f"room:{conversation_id}"


def _rooms_key(connection_id: str) -> str:
    return f"rooms:{connection_id}"


def _online_key(user_id: str) -> str:
    return f"online:{user_id}"


def _others_of(connection: Connection, connections: Sequence[Connection]) -> list[Connection]:
    """The other sockets of the same user."""
    return [
        other
        for other in connections
        if other.user_id == connection.user_id and other.connection_id != connection.connection_id
    ]


def _encode(connection: Connection) -> str:
    connected_at_ms = (connection.connected_at - _EPOCH) // _MILLISECOND
    parts = [connection.user_id, connection.session_id, connection.endpoint, connected_at_ms]
    return json.dumps(parts, separators=(",", ":"))


def _decode_room(fields: Mapping[bytes, bytes]) -> tuple[Connection, ...]:
    """The sockets of a room, those left out that must have closed by now."""
    now = datetime.now(UTC)
    sockets = [_decode(name, value) for name, value in fields.items()]
    return tuple(socket for socket in sockets if now - socket.connected_at < CONNECTION_TTL)


def _decode(name: bytes, value: bytes) -> Connection:
    user_id, session_id, endpoint, connected_at_ms = json.loads(value)
    return Connection(name.decode(), user_id, session_id, endpoint, _EPOCH + connected_at_ms * _MILLISECOND)
