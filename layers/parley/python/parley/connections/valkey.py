"""Connections and tickets in Valkey."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final, cast

from redis import Redis
from redis.backoff import NoBackoff
from redis.client import Pipeline
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import MasterDownError, ReadOnlyError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from parley.connections.lanes import begin_lane, find_floors, read_times
from parley.domain.errors import UnavailableError
from parley.domain.models import Connection, Identity
from parley.ports import Reach

CONNECTION_TTL: Final = timedelta(hours=2, minutes=10)
"""Ten minutes longer than an API Gateway socket can live."""

_STEP_TIMEOUT_S: Final = 0.8  # a call takes two steps at most: connecting, and its round trip
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_MICROSECOND: Final = timedelta(microseconds=1)

# A socket's field ends with two times of Valkey's own clock, in microseconds: since when it is known, or missed
# nothing, and since when it is known again, 0 for one that was added when it opened.
_RENEW: Final = """
local known = redis.call('HGET', KEYS[1], ARGV[1])
local times = known and string.match(known, ',%d+,%d+%]$')
if not times then
  local now = redis.call('TIME')
  local since = string.format('%d%06d', now[1], now[2])
  times = ',' .. since .. ',' .. (ARGV[4] == 'opens' and '0' or since) .. ']'
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. times)
redis.call('EXPIRE', KEYS[1], ARGV[3])
"""

# What was begun until now is not shown any more to a socket that missed some of it.
_MISS: Final = """
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known then
  local now = redis.call('TIME')
  local since = string.format('%d%06d', now[1], now[2])
  redis.call('HSET', KEYS[1], ARGV[1], (string.gsub(known, '%d+(,%d+%])$', since .. '%1')))
end
"""

# Who is a replica, or has lost its primary, is in the middle of a failover.
_NOT_NOW: Final = (RedisConnectionError, RedisTimeoutError, ReadOnlyError, MasterDownError)


def open_valkey(url: str) -> Redis:
    """A client that connects at its first use and never tries anything twice.

    Args:
        url: `redis://` or `rediss://` (TLS), `[user[:password]@]host[:port][/database]`.
    """
    return Redis.from_url(
        url,
        protocol=2,
        socket_connect_timeout=_STEP_TIMEOUT_S,
        socket_timeout=_STEP_TIMEOUT_S,
        # A lost answer is no leave to ask again: the first time may have taken the ticket.
        retry=Retry(NoBackoff(), 0),
        driver_info=None,
    )


class ValkeyConnections:
    """The ports ConnectionRegistry and TicketStore on one Valkey.

    A user's sockets are the fields of one hash, so that a look-up is one command a user, all in one round trip. The
    hash lives as long as its youngest field; fields that have outlived themselves are not given out, and go when the
    user connects again.

    A socket that has missed nothing has a key of its own besides. Each step touches one key, so that sockets of a user
    and that key need not share a slot; their order is what makes a loss in between show at the next `take_missed`.

    Args:
        url: `redis://` or `rediss://` (TLS), `[user[:password]@]host[:port][/database]`.
    """

    def __init__(self, url: str) -> None:
        self._redis = open_valkey(url)

    def add_connection(self, connection: Connection) -> None:
        """See ConnectionRegistry."""
        key = _connections_key(connection.user_id)
        with valkey_call():
            pipeline = self._redis.pipeline(transaction=False)
            self._renew(pipeline, connection, opens=True)
            pipeline.set(_whole_key(connection.connection_id), 1, ex=CONNECTION_TTL)
            pipeline.hgetall(key)
            *_, fields = pipeline.execute()
            lapsed = [known.connection_id for known in _decode_hash(connection.user_id, fields) if _has_lapsed(known)]
            if lapsed:
                self._redis.hdel(key, *lapsed)

    def remove_connection(self, user_id: str, connection_id: str) -> bool:
        """See ConnectionRegistry."""
        with valkey_call():
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.hdel(_connections_key(user_id), connection_id)
            pipeline.delete(_whole_key(connection_id))
            removed, _ = pipeline.execute()
        return cast("int", removed) == 1

    def renew_connection(self, connection: Connection) -> None:
        """See ConnectionRegistry."""
        with valkey_call():
            pipeline = self._redis.pipeline(transaction=False)
            self._renew(pipeline, connection)
            pipeline.execute()

    def note_missed(self, connections: Sequence[Connection]) -> None:
        """See ConnectionRegistry."""
        if not connections:
            return
        with valkey_call():
            pipeline = self._redis.pipeline(transaction=False)
            for connection in connections:
                pipeline.eval(_MISS, 1, _connections_key(connection.user_id), connection.connection_id)
                pipeline.delete(_whole_key(connection.connection_id))
            pipeline.execute()

    def ask_to_sync(self, connections: Sequence[Connection]) -> None:
        """See ConnectionRegistry."""
        with valkey_call():
            pipeline = self._redis.pipeline(transaction=False)
            for connection in connections:
                pipeline.delete(_whole_key(connection.connection_id))
            pipeline.execute()

    def take_missed(self, connection: Connection) -> bool:
        """See ConnectionRegistry."""
        with valkey_call():
            pipeline = self._redis.pipeline(transaction=False)
            # Before it is renewed: if it is forgotten in between, its key is gone for the next call to see.
            pipeline.set(_whole_key(connection.connection_id), 1, nx=True, ex=CONNECTION_TTL)
            self._renew(pipeline, connection)
            was_absent, *_ = pipeline.execute()
        return bool(was_absent)

    def _renew(self, pipeline: Pipeline, connection: Connection, *, opens: bool = False) -> None:
        # By its text, as a hash that Valkey does not know would fail in the midst of the pipeline.
        pipeline.eval(
            _RENEW,
            1,
            _connections_key(connection.user_id),
            connection.connection_id,
            _encode_connection(connection),
            str(int(CONNECTION_TTL.total_seconds())),
            "opens" if opens else "is open",
        )

    def find_connections(self, user_ids: Sequence[str]) -> dict[str, tuple[Connection, ...]]:
        """See ConnectionRegistry."""
        return dict(self.begin_pushes(user_ids, {}).connections)

    def begin_pushes(self, user_ids: Sequence[str], lanes: Mapping[str, tuple[int, int]]) -> Reach:
        """See ConnectionRegistry."""
        wanted = list(dict.fromkeys(user_ids))
        if not wanted and not lanes:
            return Reach({}, {}, {})
        with valkey_call():
            pipeline = self._redis.pipeline(transaction=False)
            # Before the sockets are read: who is found now and not then has opened after it was begun.
            for lane, span in lanes.items():
                begin_lane(pipeline, lane, *span)
            for user_id in wanted:
                pipeline.hgetall(_connections_key(user_id))
            replies = pipeline.execute()
        begun = {lane: (span[0], reply) for (lane, span), reply in zip(lanes.items(), replies, strict=False) if reply}
        hashes = dict(zip(wanted, replies[len(lanes) :], strict=True))
        found: dict[str, tuple[Connection, ...]] = {}
        for user_id, fields in hashes.items():
            connections = tuple(known for known in _decode_hash(user_id, fields) if not _has_lapsed(known))
            if connections:
                found[user_id] = connections
        times = {name.decode(): read_times(value) for fields in hashes.values() for name, value in fields.items()}
        resumed = {name: _EPOCH + again * _MICROSECOND for name, (_, again) in times.items() if again}
        return Reach(found, find_floors(begun, times) if begun else {}, resumed)

    def list_connections(self) -> Iterator[list[Connection]]:
        """See ConnectionRegistry."""
        for keys in scan_keys(self._redis, _connections_key("*")):
            user_ids = [key.partition(":")[2] for key in keys]
            yield [known for connections in self.find_connections(user_ids).values() for known in connections]

    def insert_ticket(self, ticket: str, identity: Identity, ttl_s: int) -> None:
        """See TicketStore."""
        value = json.dumps([identity.user_id, identity.session_id], separators=(",", ":"))
        with valkey_call():
            self._redis.set(_ticket_key(ticket), value, ex=ttl_s)

    def redeem_ticket(self, ticket: str) -> Identity | None:
        """See TicketStore."""
        with valkey_call():
            value = cast("bytes | None", self._redis.getdel(_ticket_key(ticket)))
        if value is None:
            return None
        user_id, session_id = json.loads(value)
        return Identity(user_id=user_id, session_id=session_id)

    @property
    def redis(self) -> Redis:
        """The connection, for what else this package keeps in the same Valkey."""
        return self._redis

    def ping(self) -> None:
        """Returns when Valkey answered; raises UnavailableError within 2 s when it did not."""
        with valkey_call():
            self._redis.ping()

    def close(self) -> None:
        """Ends the connections to Valkey."""
        self._redis.close()


@contextmanager
def valkey_call() -> Iterator[None]:
    """Raises UnavailableError for a Valkey that is not there; anything else is a bug, and passes through."""
    try:
        yield
    except _NOT_NOW as error:
        raise UnavailableError("Valkey cannot be reached.", retry_after_s=1.0) from error


def scan_keys(redis: Redis, pattern: str) -> Iterator[list[str]]:
    """The keys of a pattern, some hundreds at a time (https://valkey.io/commands/scan/)."""
    cursor = 0
    while True:
        with valkey_call():
            cursor, keys = cast("tuple[int, list[bytes]]", redis.scan(cursor, match=pattern, count=500))
        if keys:
            yield [key.decode() for key in keys]
        if cursor == 0:
            return


def _connections_key(user_id: str) -> str:
    return f"connections:{user_id}"


def _whole_key(connection_id: str) -> str:
    return f"whole:{connection_id}"


def _ticket_key(ticket: str) -> str:
    """A hash, so that whoever reads the keys or the slow log of Valkey finds no ticket to use."""
    return f"ticket:{hashlib.sha256(ticket.encode()).hexdigest()}"


def _encode_connection(connection: Connection) -> str:
    """What is known of a socket as a JSON array without its end, as `_RENEW` has the last items to add."""
    connected_at_ms = (connection.connected_at - _EPOCH) // _MILLISECOND
    return json.dumps([connection.session_id, connection.endpoint, connected_at_ms], separators=(",", ":"))[:-1]


def _decode_hash(user_id: str, fields: Mapping[bytes, bytes]) -> list[Connection]:
    return [_decode_connection(user_id, name, value) for name, value in fields.items()]


def _decode_connection(user_id: str, name: bytes, value: bytes) -> Connection:
    session_id, endpoint, connected_at_ms, *_ = json.loads(value)
    return Connection(
        connection_id=name.decode(),
        user_id=user_id,
        session_id=session_id,
        endpoint=endpoint,
        connected_at=_EPOCH + connected_at_ms * _MILLISECOND,
    )


def _has_lapsed(connection: Connection) -> bool:
    return datetime.now(UTC) - connection.connected_at >= CONNECTION_TTL
