"""Valkey and the gateways, in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from parley.domain.limits import CONNECT_QUEUE_MAX_S, CONNECT_TURN_S
from parley.domain.models import Connection, Identity
from parley.domain.rates import Bucket, Grant, Tokens
from parley.ports import Clock, Push, PushOutcome, Reach
from tests.fakes.outside import Outside

CONNECTION_TTL = timedelta(hours=2, minutes=10)


class FakeConnectionRegistry(Outside):
    """Open sockets by user; they lapse by the clock, which stands still unless one is given."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__()
        self._clock = clock
        self._connections: dict[str, dict[str, tuple[Connection, datetime | None]]] = {}
        self._whole: set[str] = set()
        self._moment = 0
        self._known_since: dict[str, int] = {}
        self._resumed: dict[str, datetime] = {}
        self._begun: dict[str, list[tuple[int, int]]] = {}

    def lose(self) -> None:
        """Forgets all, as a Valkey that was wiped."""
        with self._lock:
            for kept in (self._connections, self._whole, self._known_since, self._resumed, self._begun):
                kept.clear()

    def add_connection(self, connection: Connection) -> None:
        self._reach("add_connection")
        with self._lock:
            self._whole.add(connection.connection_id)
            self._renew(connection, opens=True)

    def renew_connection(self, connection: Connection) -> None:
        self._reach("renew_connection")
        with self._lock:
            self._renew(connection)

    def note_missed(self, connections: Sequence[Connection]) -> None:
        self._reach("note_missed")
        with self._lock:
            self._whole.difference_update(connection.connection_id for connection in connections)
            self._known_since.update((connection.connection_id, self._tick()) for connection in connections)

    def ask_to_sync(self, connections: Sequence[Connection]) -> None:
        self._reach("ask_to_sync")
        with self._lock:
            self._whole.difference_update(connection.connection_id for connection in connections)

    def take_missed(self, connection: Connection) -> bool:
        self._reach("take_missed")
        with self._lock:
            has_missed = connection.connection_id not in self._whole
            self._whole.add(connection.connection_id)
            self._renew(connection)
            return has_missed

    def _renew(self, connection: Connection, *, opens: bool = False) -> None:
        lapses_at = None if self._clock is None else self._clock.now() + CONNECTION_TTL
        if connection.connection_id not in self._connections.setdefault(connection.user_id, {}):
            self._known_since[connection.connection_id] = self._tick()
            self._resumed.pop(connection.connection_id, None)
            if not opens:
                self._resumed[connection.connection_id] = (
                    datetime.now(UTC) if self._clock is None else self._clock.now()
                )
        self._connections[connection.user_id][connection.connection_id] = connection, lapses_at

    def remove_connection(self, user_id: str, connection_id: str) -> bool:
        self._reach("remove_connection")
        with self._lock:
            self._whole.discard(connection_id)
            return self._connections.get(user_id, {}).pop(connection_id, None) is not None

    def list_connections(self) -> Iterator[list[Connection]]:
        self._reach("list_connections")
        with self._lock:
            found = [connection for user_id in self._connections for connection in self._open_of(user_id)]
        yield found

    def find_connections(self, user_ids: Sequence[str]) -> dict[str, tuple[Connection, ...]]:
        self._reach("find_connections")
        with self._lock:
            found = {user_id: self._open_of(user_id) for user_id in user_ids}
        return {user_id: connections for user_id, connections in found.items() if connections}

    def begin_pushes(self, user_ids: Sequence[str], lanes: Mapping[str, tuple[int, int]]) -> Reach:
        self._reach("begin_pushes")
        floors: dict[tuple[str, str], int] = {}
        with self._lock:
            found = {user_id: self._open_of(user_id) for user_id in user_ids}
            for lane, (lowest, highest) in lanes.items():
                begun = self._begun.setdefault(lane, [(lowest - 1, 0)])
                if any(seq >= lowest for seq, _ in begun):
                    for connection in (connection for connections in found.values() for connection in connections):
                        since = self._known_since[connection.connection_id]
                        floor = max((seq for seq, moment in begun if moment < since), default=0)
                        if floor >= lowest:
                            floors[connection.connection_id, lane] = floor
                if all(seq < highest for seq, _ in begun):
                    begun.append((highest, self._tick()))
        names = {connection.connection_id for connections in found.values() for connection in connections}
        resumed = {name: at for name, at in self._resumed.items() if name in names}
        return Reach({user_id: connections for user_id, connections in found.items() if connections}, floors, resumed)

    def _tick(self) -> int:
        self._moment += 1
        return self._moment

    def _open_of(self, user_id: str) -> tuple[Connection, ...]:
        held = self._connections.get(user_id, {}).values()
        return tuple(
            connection
            for connection, lapses_at in held
            if lapses_at is None or self._clock is None or lapses_at > self._clock.now()
        )


class FakeRoomRegistry(Outside):
    """Rooms, who is online, and who was told of the end; nothing lapses."""

    def __init__(self) -> None:
        super().__init__()
        self.rooms: dict[str, dict[str, Connection]] = {}
        self.online: set[str] = set()
        self._told: set[str] = set()

    def join_room(self, conversation_id: str, connection: Connection) -> bool:
        self._reach("join_room")
        with self._lock:
            room = self.rooms.setdefault(conversation_id, {})
            is_first = all(other.user_id != connection.user_id for other in room.values())
            room[connection.connection_id] = connection
            return is_first

    def leave_room(self, conversation_id: str, connection: Connection) -> bool:
        self._reach("leave_room")
        with self._lock:
            return self._leave(conversation_id, connection)

    def leave_rooms(self, connection: Connection) -> list[str]:
        self._reach("leave_rooms")
        with self._lock:
            return [name for name in sorted(self.rooms) if self._leave(name, connection)]

    def find_joined(self, conversation_ids: Sequence[str]) -> dict[str, tuple[Connection, ...]]:
        self._reach("find_joined")
        with self._lock:
            return {name: tuple(self.rooms[name].values()) for name in conversation_ids if self.rooms.get(name)}

    def set_online(self, user_id: str) -> bool:
        self._reach("set_online")
        with self._lock:
            is_news = user_id not in self.online
            self.online.add(user_id)
            return is_news

    def set_offline(self, user_id: str) -> bool:
        self._reach("set_offline")
        with self._lock:
            is_news = user_id in self.online
            self.online.discard(user_id)
            return is_news

    def list_online(self) -> Iterator[list[str]]:
        self._reach("list_online")
        yield sorted(self.online)

    def claim_notice(self, connection_id: str) -> bool:
        self._reach("claim_notice")
        with self._lock:
            is_news = connection_id not in self._told
            self._told.add(connection_id)
            return is_news

    def _leave(self, conversation_id: str, connection: Connection) -> bool:
        room = self.rooms.get(conversation_id, {})
        was_there = room.pop(connection.connection_id, None) is not None
        return was_there and all(other.user_id != connection.user_id for other in room.values())


class FakeTicketStore(Outside):
    """Tickets by their text; they lapse by the clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._tickets: dict[str, tuple[Identity, datetime]] = {}

    def insert_ticket(self, ticket: str, identity: Identity, ttl_s: int) -> None:
        self._reach("insert_ticket")
        with self._lock:
            self._tickets[ticket] = identity, self._clock.now() + timedelta(seconds=ttl_s)

    def redeem_ticket(self, ticket: str) -> Identity | None:
        self._reach("redeem_ticket")
        with self._lock:
            identity, lapses_at = self._tickets.pop(ticket, (None, None))
        return identity if lapses_at is not None and lapses_at > self._clock.now() else None


class FakeRateLimiter(Outside):
    """Buckets by name and key, filled by the clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._tokens: dict[tuple[str, str], Tokens] = {}
        self._shared: dict[str, tuple[float, float]] = {}
        self._turns: dict[tuple[str, str], float] = {}

    def take_token(self, bucket: Bucket, key: str) -> Grant:
        self._reach("take_token")
        now_s = self._clock.now().timestamp()
        with self._lock:
            return self._tokens.setdefault((bucket.name, key), Tokens(bucket, now_s)).take(now_s)

    def take_turn(self, bucket: Bucket, key: str) -> Grant:
        self._reach("take_turn")
        now_s = self._clock.now().timestamp()
        with self._lock:
            turn = self._turns.get((bucket.name, key))
            if turn is not None and now_s < turn + CONNECT_TURN_S:
                if turn - now_s > 1:
                    return Grant(bucket, allowed=False, remaining=0, retry_after_s=turn - now_s)
                del self._turns[bucket.name, key]
                return Grant(bucket, allowed=True, remaining=0, retry_after_s=0.0)
            tokens, at = self._shared.get(bucket.name, (float(bucket.burst), now_s))
            tokens = min(float(bucket.burst), tokens + (now_s - at) * bucket.rate_per_s)
            wait_s = max(0.0, (1 - tokens) / bucket.rate_per_s)
            if wait_s > CONNECT_QUEUE_MAX_S:
                return Grant(bucket, allowed=False, remaining=0, retry_after_s=CONNECT_QUEUE_MAX_S)
            self._shared[bucket.name] = tokens - 1, now_s
            if wait_s:
                self._turns[bucket.name, key] = now_s + wait_s
            return Grant(bucket, allowed=not wait_s, remaining=max(0, int(tokens - 1)), retry_after_s=wait_s)


class FakePushClient(Outside):
    """Keeps the frames that each socket took; `outcomes` says what becomes of pushes, by connection id."""

    def __init__(self, outcomes: Mapping[str, PushOutcome] | None = None) -> None:
        super().__init__()
        self.outcomes = dict(outcomes or {})
        self.frames: dict[str, list[bytes]] = {}
        self.pushes: list[Push] = []
        self.closed: list[str] = []

    def post(self, pushes: Sequence[Push]) -> list[PushOutcome]:
        with self._lock:
            self.calls["post"] += 1
            self.pushes += pushes
            return [self._post(push) for push in pushes]

    def probe(self, connections: Sequence[Connection]) -> list[PushOutcome]:
        with self._lock:
            self.calls["probe"] += 1
            return [self.outcomes.get(connection.connection_id, "pushed") for connection in connections]

    def disconnect(self, connections: Sequence[Connection]) -> list[PushOutcome]:
        with self._lock:
            self.calls["disconnect"] += 1
            outcomes: list[PushOutcome] = []
            for connection in connections:
                open_still: PushOutcome = "pushed" if self.reachable else "failed"
                outcomes.append(self.outcomes.get(connection.connection_id, open_still))
                if outcomes[-1] == "pushed":
                    self.closed.append(connection.connection_id)
            return outcomes

    def _post(self, push: Push) -> PushOutcome:
        connection_id = push.connection.connection_id
        outcome = self.outcomes.get(connection_id, "pushed" if self.reachable else "failed")
        if outcome == "pushed":
            self.frames.setdefault(connection_id, []).extend(push.frames)
        return outcome
