"""A fan-out over a world of fakes, and what arrived."""

from __future__ import annotations

import json
from collections import Counter

from parley.domain.models import Message
from parley.domain.records import MessageStored, PushEvent
from parley.services.fan_out import FanOut
from tests.fakes import FakePushClient
from tests.unit.services.world import World


class Encoder:
    """Writes an event's id, and counts how often it was asked."""

    def __init__(self, padding: int = 0) -> None:
        self.calls: Counter[str] = Counter()
        self._padding = "x" * padding

    def __call__(self, event: PushEvent) -> bytes:
        self.calls[event.event_id] += 1
        return json.dumps({"event": event.event_id, "data": self._padding}).encode()


class Delivery:
    """A fan-out over a world, and what arrived."""

    def __init__(self, world: World, *, padding: int = 0) -> None:
        self.push = FakePushClient()
        self.encode = Encoder(padding)
        self.service = FanOut(
            conversations=world.conversation_store,
            registry=world.registry,
            gone=world.gone,
            push=self.push,
            publisher=world.publisher,
            encode=self.encode,
            note_pushes=world.tracing.note_pushes,
            large_group_count=5_000,
        )

    def arrived(self, connection_id: str) -> list[str]:
        """The ids of the events that a socket got, in order."""
        contents = [json.loads(frame) for frame in self.push.frames.get(connection_id, [])]
        return [
            event["event"] for content in contents for event in (content if isinstance(content, list) else [content])
        ]


def make_events(conversation_id: str, count: int, *, first: int = 1, members_rev: int = 1) -> list[MessageStored]:
    return [
        MessageStored(make_message(conversation_id, seq), members_rev=members_rev)
        for seq in range(first, first + count)
    ]


def make_message(conversation_id: str, seq: int) -> Message:
    return Message(
        message_id=f"m_{conversation_id}_{seq}",
        conversation_id=conversation_id,
        seq=seq,
        rev=seq + 1,
        sender_id="u_ann",
        client_message_id=str(seq),
        type="text",
        content="Hello",
        reply_to=None,
        mentions=(),
        attachment_ids=(),
        reactions=(),
        created_at=World().clock.now(),
    )


def ids_of(events: list[MessageStored]) -> list[str]:
    return [event.event_id for event in events]
