"""What is known of messages on their way, in Valkey.

A push carries many messages to many users, so what became of it is written once, under a number that its messages
refer to: messages plus users make the cost, where messages times users would be sixty times as much for a burst into a
large group. Each call is one command, a script, as redis-py takes longer to write a command than Valkey to do it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final, cast

from redis import Redis

from parley.connections.scripts import Script
from parley.connections.valkey import valkey_call
from parley.domain.models import AcceptedMessage
from parley.domain.times import from_epoch_ms, to_epoch_ms
from parley.domain.trace import TRACE_TTL, Delivery
from parley.ports import Pushes, PushOutcome, Tracks

_SET_NEW: Final = """
for place, key in ipairs(KEYS) do
  redis.call('SET', key, ARGV[place + 1], 'EX', ARGV[1], 'NX')
end
"""

_SET_ALL: Final = """
for _, key in ipairs(KEYS) do
  redis.call('SET', key, ARGV[2], 'EX', ARGV[1])
end
"""

# A thousand at a time, as Lua unpacks no more than some 8,000.
_SET_PUSHES: Final = """
for first = 3, #ARGV, 1000 do
  redis.call('HSET', KEYS[1], unpack(ARGV, first, math.min(first + 999, #ARGV)))
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
for place = 2, #KEYS do
  redis.call('SET', KEYS[place], ARGV[2], 'EX', ARGV[1])
end
"""

_TTL: Final = str(int(TRACE_TTL.total_seconds()))
_OUTCOMES: Final[dict[str, PushOutcome]] = {"p": "pushed", "g": "gone", "f": "failed"}


class ValkeyTraces:
    """The port TraceStore."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._set_new = Script(redis, _SET_NEW)
        self._set_all = Script(redis, _SET_ALL)
        self._set_pushes = Script(redis, _SET_PUSHES)

    def note_accepted(self, messages: Sequence[AcceptedMessage]) -> None:
        """See TraceStore."""
        notes = [f"{to_epoch_ms(message.accepted_at)} {message.sender_id}" for message in messages]
        with valkey_call():
            self._set_new([_accepted_key(message.message_id) for message in messages], _TTL, *notes)

    def note_published(self, message_ids: Sequence[str], at: datetime) -> None:
        """See TraceStore."""
        with valkey_call():
            self._set_all([_published_key(message_id) for message_id in message_ids], _TTL, str(to_epoch_ms(at)))

    def note_pushes(self, pushes: Pushes) -> None:
        """See TraceStore."""
        if not pushes.message_ids or not pushes.pushes:
            return
        number = secrets.token_hex(8)
        by_user: dict[str, list[str]] = {}
        for push, outcome in zip(pushes.pushes, pushes.outcomes, strict=True):
            note = outcome[0] + push.connection.connection_id
            by_user.setdefault(push.connection.user_id, []).append(note)
        fields: list[str] = []
        for user_id, notes in by_user.items():
            fields += (user_id, json.dumps(notes, separators=(",", ":")))
        keys = [_pushes_key(number), *(_pushed_key(message_id, part) for message_id, part in pushes.message_ids)]
        with valkey_call():
            self._set_pushes(keys, _TTL, f"{number} {to_epoch_ms(pushes.at)}", *fields)

    def find_tracks(self, message_id: str, user_id: str, part: int) -> Tracks:
        """See TraceStore."""
        keys = [
            _accepted_key(message_id),
            _published_key(message_id),
            _pushed_key(message_id, None),
            _pushed_key(message_id, part),
        ]
        with valkey_call():
            accepted, published, *pushed = cast("list[bytes | None]", self._redis.mget(keys))
            deliveries = [self._find_deliveries(note, user_id) for note in pushed if note is not None]
        accepted_ms, _, sender_id = (accepted or b"").decode().partition(" ")
        return Tracks(
            sender_id=sender_id or None,
            accepted_at=from_epoch_ms(int(accepted_ms)) if accepted_ms else None,
            published_at=None if published is None else from_epoch_ms(int(published)),
            deliveries=tuple(sorted((one for some in deliveries for one in some), key=lambda one: one.connection_id)),
        )

    def _find_deliveries(self, note: bytes, user_id: str) -> list[Delivery]:
        number, _, at_ms = note.decode().partition(" ")
        field = cast("bytes | None", self._redis.hget(_pushes_key(number), user_id))
        at = from_epoch_ms(int(at_ms))
        return [Delivery(one[1:], at, _OUTCOMES[one[0]]) for one in json.loads(field or b"[]")]


def _accepted_key(message_id: str) -> str:
    return f"accepted:{message_id}"


def _published_key(message_id: str) -> str:
    return f"published:{message_id}"


def _pushed_key(message_id: str, part: int | None) -> str:
    return f"pushed:{message_id}" if part is None else f"pushed:{message_id}:{part}"


def _pushes_key(number: str) -> str:
    return f"pushes:{number}"
