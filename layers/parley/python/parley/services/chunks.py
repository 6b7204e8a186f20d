"""Fan-out into large groups, in parts that run side by side."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Sequence
from typing import Final, Protocol

from parley.domain.models import Connection
from parley.domain.records import FanOutChunk
from parley.domain.times import to_epoch_ms
from parley.ports import ConnectionRegistry, ConversationStore, Push, PushClient, PushOutcome, Reach
from parley.services.frames import leave_out
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
    conversation_id: str,
    members_rev: int,
    frames: Sequence[bytes],
    message_ids: Sequence[str] = (),
    messages: Sequence[tuple[tuple[int, int], ...]] = (),
    *,
    recipient_ids: Sequence[str] | None = None,
) -> list[FanOutChunk]:
    """The frames for each part of a group, in order, in records that Kafka takes.

    Args:
        message_ids: the new messages in them.
        messages: see FanOutChunk.
        recipient_ids: who they are for, if not for the members.
    """
    recipients = None if recipient_ids is None else _split(recipient_ids)
    ends = [0]
    size = 0
    for place, frame in enumerate(frames):
        if place > ends[-1] and size + len(frame) > _CHUNK_MAX_BYTES:
            ends.append(place)
            size = 0
        size += len(frame)
    return [
        FanOutChunk(
            conversation_id,
            members_rev,
            part,
            tuple(frames[start:end]),
            tuple(message_ids),
            tuple(messages[start:end]),
            None if recipients is None else tuple(recipients[part]),
        )
        for start, end in itertools.pairwise([*ends, len(frames)])
        if end > start
        for part in (range(_PARTS) if recipients is None else recipients)
    ]


def _split(user_ids: Sequence[str]) -> dict[int, list[str]]:
    """The users by the part that they are in."""
    parts: dict[int, list[str]] = {}
    for user_id in user_ids:
        parts.setdefault(part_of(user_id), []).append(user_id)
    return parts


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
        members = {place: _split(one.user_ids) for place, one in self._members.find_member_ids(wanted).items()}
        audiences = [
            members[chunk.conversation_id].get(chunk.part, ()) if chunk.recipient_ids is None else chunk.recipient_ids
            for chunk in chunks
        ]
        user_ids = {user_id for audience in audiences for user_id in audience}
        reach = self._registry.begin_pushes(sorted(user_ids), _find_lanes(chunks)) if user_ids else Reach({}, {}, {})
        frames: dict[str, tuple[Connection, list[bytes]]] = {}
        asked: dict[str, Connection] = {}
        for chunk, audience in zip(chunks, audiences, strict=True):
            for user_id in audience:
                for connection in reach.connections.get(user_id, ()):
                    left = _leave_out(chunk, connection, reach)
                    if left is not chunk.frames:
                        asked[connection.connection_id] = connection
                    frames.setdefault(connection.connection_id, (connection, []))[1].extend(left)
        self._gone.ask_to_sync(list(asked.values()))
        pushes = [Push(connection, tuple(waiting)) for connection, waiting in frames.values() if waiting]
        outcomes = self._push.post(pushes)
        self._gone.settle(pushes, outcomes)
        message_ids = dict.fromkeys((message_id, chunk.part) for chunk in chunks for message_id in chunk.message_ids)
        self._note_pushes(list(message_ids), pushes, outcomes)
        return len(pushes)


def _find_lanes(chunks: Sequence[FanOutChunk]) -> dict[str, tuple[int, int]]:
    """The lowest and the highest seq by a group's part; see `ConnectionRegistry.begin_pushes`."""
    lanes: dict[str, tuple[int, int]] = {}
    for chunk in chunks:
        seqs = [seq for messages in chunk.messages for seq, _ in messages if seq]
        if seqs:
            lowest, highest = lanes.get(chunk.key, (seqs[0], seqs[0]))
            lanes[chunk.key] = min(lowest, *seqs), max(highest, *seqs)
    return lanes


def _leave_out(chunk: FanOutChunk, connection: Connection, reach: Reach) -> Sequence[bytes]:
    """The chunk's frames without messages that are for the socket's sync to bring: its own frames where it is all."""
    floor = reach.floors.get((connection.connection_id, chunk.key), 0)
    resumed = reach.resumed.get(connection.connection_id)
    resumed_ms = to_epoch_ms(resumed) if resumed else 0
    out = [
        {place for place, (seq, at_ms) in enumerate(messages) if seq and (seq <= floor or at_ms < resumed_ms)}
        for messages in chunk.messages
    ]
    if not any(out):
        return chunk.frames
    left = [leave_out(frame, places) if places else frame for frame, places in zip(chunk.frames, out, strict=True)]
    return [frame for frame in left if frame is not None]
