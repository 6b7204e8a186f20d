"""Fan-out into large groups, in parts that run side by side."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Final, Protocol

from parley.domain.models import Connection
from parley.domain.records import FanOutChunk
from parley.ports import ConnectionRegistry, ConversationStore, Push, PushClient, PushOutcome
from parley.services.gone import GoneSockets
from parley.services.member_cache import MemberCache

LARGE_GROUP_COUNT: Final = 200
_PARTS: Final = 25  # of 5,000 members, the most that a group has, each part holds some 200
_CHUNK_MAX_BYTES: Final = 350_000  # in base64, under what Kafka takes by default


class PushNotes(Protocol):
    """Takes note of what became of pushes; see `Tracing.note_pushes`."""

    def __call__(
        self, message_ids: Sequence[tuple[str, int | None]], pushes: Sequence[Push], outcomes: Sequence[PushOutcome]
    ) -> None: ...


def part_of(user_id: str) -> int:
    """Which part of every large group a user is in: always the same, so that one partition keeps their order."""
    return zlib.crc32(user_id.encode()) % _PARTS


def make_chunks(
    conversation_id: str, members_rev: int, frames: Sequence[bytes], message_ids: Sequence[str] = ()
) -> list[FanOutChunk]:
    """The frames for each part of a group, in order, in records that Kafka takes; `message_ids` are new in them."""
    pieces: list[list[bytes]] = [[]]
    size = 0
    for frame in frames:
        if pieces[-1] and size + len(frame) > _CHUNK_MAX_BYTES:
            pieces.append([])
            size = 0
        pieces[-1].append(frame)
        size += len(frame)
    return [
        FanOutChunk(conversation_id, members_rev, part, tuple(piece), tuple(message_ids))
        for piece in pieces
        if piece
        for part in range(_PARTS)
    ]


class ChunkFanOut:
    """The consumer of `chat.fanout`."""

    def __init__(
        self,
        *,
        conversations: ConversationStore,
        registry: ConnectionRegistry,
        gone: GoneSockets,
        push: PushClient,
        note_pushes: PushNotes,
    ) -> None:
        self._members = MemberCache(conversations)
        self._registry = registry
        self._gone = gone
        self._push = push
        self._note_pushes = note_pushes

    def fan_out_chunks(self, chunks: Sequence[FanOutChunk]) -> int:
        """Posts each chunk's frames to the sockets of its part of the members, in the order given; to how many.

        Raises:
            UnavailableError: who is to get them could not be read. Nothing was pushed; the batch may be given again.
        """
        wanted: dict[str, int] = {}
        for chunk in chunks:
            wanted[chunk.conversation_id] = max(wanted.get(chunk.conversation_id, 0), chunk.members_rev)
        members = self._members.find_member_ids(wanted)
        parts = {(chunk.conversation_id, chunk.part) for chunk in chunks}
        audience = {
            place: [user_id for user_id in members[place[0]] if part_of(user_id) == place[1]] for place in parts
        }
        user_ids = {user_id for ids in audience.values() for user_id in ids}
        connections = self._registry.find_connections(sorted(user_ids)) if user_ids else {}
        frames: dict[str, tuple[Connection, list[bytes]]] = {}
        for chunk in chunks:
            for user_id in audience[chunk.conversation_id, chunk.part]:
                for connection in connections.get(user_id, ()):
                    frames.setdefault(connection.connection_id, (connection, []))[1].extend(chunk.frames)
        pushes = [Push(connection, tuple(waiting)) for connection, waiting in frames.values()]
        outcomes = self._push.post(pushes)
        self._gone.settle(pushes, outcomes)
        message_ids = dict.fromkeys((message_id, chunk.part) for chunk in chunks for message_id in chunk.message_ids)
        self._note_pushes(list(message_ids), pushes, outcomes)
        return len(pushes)
