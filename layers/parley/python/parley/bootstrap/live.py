"""The services of open sockets."""

# ruff: noqa: PLC0415  # each part is imported when it is first asked for: that is what this package is for

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

from parley.bootstrap.adapters import Adapters
from parley.config import KafkaSettings

if TYPE_CHECKING:
    from parley.domain.live import LiveEvent
    from parley.services.chunks import ChunkFanOut
    from parley.services.dead_letters import DeadLetters
    from parley.services.fan_out import FanOut
    from parley.services.gone import GoneSockets
    from parley.services.presence import PresenceTracking
    from parley.services.renewal import Renewal
    from parley.services.rooms import Announcer, Rooms
    from parley.services.sockets import Sockets


class LiveServices(Adapters):
    """Sockets, rooms, presence and fan-out."""

    @cached_property
    def _gone(self) -> GoneSockets:
        from parley.services.gone import GoneSockets

        return GoneSockets(registry=self.connections, clock=self.clock)

    @cached_property
    def _announcer(self) -> Announcer:
        from parley.services.rooms import Announcer

        def encode(event: LiveEvent) -> bytes:
            # Most sockets open and close with nobody to tell: the models are for when there is somebody.
            from parley.protocol.live import encode_live_event

            return encode_live_event(event)

        return Announcer(
            conversations=self.stores.conversations,
            gone=self._gone,
            rooms=self.room_registry,
            push=self.push,
            encode=encode,
        )

    @cached_property
    def rooms(self) -> Rooms:
        from parley.services.rooms import Rooms

        return Rooms(
            conversations=self.stores.conversations,
            registry=self.connections,
            rooms=self.room_registry,
            announcer=self._announcer,
        )

    @cached_property
    def presence(self) -> PresenceTracking:
        from parley.services.presence import PresenceTracking

        return PresenceTracking(
            users=self.stores.users,
            conversations=self.stores.conversations,
            registry=self.connections,
            gone=self._gone,
            room_registry=self.room_registry,
            rooms=self.rooms,
            announcer=self._announcer,
            push=self.push,
            clock=self.clock,
        )

    @cached_property
    def renewal(self) -> Renewal:
        from parley.services.renewal import Renewal

        return Renewal(registry=self.connections, rooms=self.room_registry, clock=self.clock)

    @cached_property
    def fan_out(self) -> FanOut:
        from parley.protocol.events import encode_event
        from parley.services.fan_out import FanOut

        return FanOut(
            conversations=self.stores.conversations,
            registry=self.connections,
            gone=self._gone,
            push=self.push,
            publisher=self.publisher,
            encode=partial(encode_event, url_of=self.attachment_url),
            note_pushes=self.tracing.note_pushes,
        )

    @cached_property
    def chunk_fan_out(self) -> ChunkFanOut:
        from parley.services.chunks import ChunkFanOut

        return ChunkFanOut(
            conversations=self.stores.conversations,
            registry=self.connections,
            gone=self._gone,
            push=self.push,
            note_pushes=self.tracing.note_pushes,
        )

    @cached_property
    def dead_letters(self) -> DeadLetters:
        from parley.protocol.records import decode_record
        from parley.services.dead_letters import DeadLetters
        from parley.streams.dead_letters import KafkaDeadLetters

        settings = self._read(KafkaSettings)
        log = KafkaDeadLetters(
            settings.kafka_bootstrap_servers, settings.kafka_security, decode_record, role=lambda: self._role
        )
        return DeadLetters(log=log, marks=self.stores.dead_letter_marks, clock=self.clock)

    @cached_property
    def sockets(self) -> Sockets:
        from parley.services.sockets import Sockets

        return Sockets(registry=self.connections, sessions=self.stores.sessions)
