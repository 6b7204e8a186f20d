"""The composition root: the one place that joins services, adapters and settings.

Nothing is made before it is asked for, and then once for the process: making a part imports its adapter and reads its
settings; the adapter connects at its first use.
"""

# ruff: noqa: PLC0415  # each part is imported when it is first asked for: that is what this module is for

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from parley.config import (
    AwsSettings,
    ConfigurationError,
    IssuerSettings,
    KafkaSettings,
    MongoSettings,
    PushSettings,
    RateLimitSettings,
    RedisSettings,
    Settings,
    SettingsT,
    SyncSettings,
    VerifierSettings,
    WebSocketSettings,
    read_settings,
)
from parley.domain.rates import read_buckets
from parley.domain.times import truncate_to_ms
from parley.observability import start_logging
from parley.secrets_extension import ResolvedEnvironment, SecretError

if TYPE_CHECKING:
    from parley.connections.rooms import ValkeyRooms
    from parley.connections.valkey import ValkeyConnections
    from parley.domain.live import LiveEvent
    from parley.domain.models import Identity
    from parley.domain.records import Record
    from parley.push.client import HttpPushClient
    from parley.security.tokens import Ed25519TokenIssuer, Ed25519TokenVerifier
    from parley.services.accounts import Accounts
    from parley.services.authentication import Authentication
    from parley.services.changing import Changing
    from parley.services.chat import Chat
    from parley.services.chunks import ChunkFanOut
    from parley.services.conversations import Conversations
    from parley.services.editing import Editing
    from parley.services.ending import Ending
    from parley.services.erasure import Erasure
    from parley.services.fan_out import FanOut
    from parley.services.groups import Groups
    from parley.services.health import Health
    from parley.services.messages import Messages
    from parley.services.outbox import Outbox
    from parley.services.presence import PresenceTracking
    from parley.services.rate_limits import RateLimits
    from parley.services.receipts import ReceiptRecording, Receipts
    from parley.services.renewal import Renewal
    from parley.services.rooms import Announcer, Rooms
    from parley.services.sessions import Sessions
    from parley.services.sockets import Sockets
    from parley.services.storing import Storing
    from parley.services.syncing import Sync
    from parley.services.users import Users
    from parley.stores.mongo import MongoStores
    from parley.streams.publisher import KafkaPublisher

Part = Literal["stores", "connections", "publisher", "push", "passwords", "tokens"]

_MODULES: Mapping[Part, str] = {
    "stores": "parley.stores.mongo",
    "connections": "parley.connections.rooms",
    "publisher": "parley.streams.publisher",
    "push": "parley.push.client",
    "passwords": "parley.security.passwords",
    "tokens": "parley.security.tokens",
}


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        """See Clock."""
        return truncate_to_ms(datetime.now(UTC))


class _RecordCodec:
    """Records as they stand in Kafka. Most functions write none into the outbox, so the models wait for the first."""

    def encode(self, record: Record) -> bytes:
        """See RecordCodec."""
        from parley.protocol.records import encode_record

        return encode_record(record)

    def decode(self, value: bytes) -> Record:
        """See RecordCodec."""
        from parley.protocol.records import decode_record

        return decode_record(value)


class Container:
    """The parts of Parley in this process.

    Args:
        environ: where settings are read from, when they are first needed; it may refer to secrets.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.clock = SystemClock()

    def _read(self, kind: type[SettingsT]) -> SettingsT:
        try:
            return read_settings(kind, self._resolved)
        except SecretError as error:
            raise ConfigurationError(f"The environment cannot be used: {error}.") from error

    @cached_property
    def _resolved(self) -> ResolvedEnvironment:
        return ResolvedEnvironment(self._environ)

    @cached_property
    def is_local(self) -> bool:
        return self._read(Settings).is_local

    @cached_property
    def ws_url(self) -> str:
        return self._read(WebSocketSettings).ws_url

    @cached_property
    def push_endpoint(self) -> str:
        return self._read(PushSettings).push_endpoint

    @cached_property
    def stores(self) -> MongoStores:
        from parley.stores.mongo import MongoStores

        return MongoStores(self._read(MongoSettings).mongo_uri, records=_RecordCodec())

    @cached_property
    def connections(self) -> ValkeyConnections:
        from parley.connections.valkey import ValkeyConnections

        return ValkeyConnections(self._read(RedisSettings).redis_url)

    @cached_property
    def publisher(self) -> KafkaPublisher:
        from parley.protocol.records import encode_record
        from parley.streams.publisher import KafkaPublisher

        settings = self._read(KafkaSettings)
        return KafkaPublisher(settings.kafka_bootstrap_servers, settings.kafka_security, encode_record)

    @cached_property
    def push(self) -> HttpPushClient:
        from parley.push.client import HttpPushClient
        from parley.push.sigv4 import AwsCredentials

        settings = self._read(AwsSettings)
        # Lambda never changes the credentials of an environment: it starts another one.
        credentials = AwsCredentials(settings.access_key_id, settings.secret_access_key, settings.session_token)
        return HttpPushClient(lambda: credentials, region=settings.region)

    @cached_property
    def _verifier(self) -> Ed25519TokenVerifier:
        from parley.security.tokens import Ed25519TokenVerifier

        return Ed25519TokenVerifier(self._read(VerifierSettings).token_public_key)

    @cached_property
    def _issuer(self) -> Ed25519TokenIssuer:
        from parley.security.tokens import Ed25519TokenIssuer

        return Ed25519TokenIssuer(self._read(IssuerSettings).token_private_key)

    @cached_property
    def _ending(self) -> Ending:
        from parley.protocol.events import encode_session_ended
        from parley.services.ending import Ending

        return Ending(
            sessions=self.stores.sessions,
            registry=self.connections,
            push=self.push,
            encode=encode_session_ended,
        )

    @cached_property
    def accounts(self) -> Accounts:
        from parley.security.passwords import Argon2PasswordHasher
        from parley.services.accounts import Accounts

        return Accounts(
            users=self.stores.users,
            sessions=self.stores.sessions,
            tickets=self.connections,
            hasher=Argon2PasswordHasher(),
            issuer=self._issuer,
            ending=self._ending,
            limits=self.rate_limits,
            clock=self.clock,
        )

    @cached_property
    def rate_limits(self) -> RateLimits:
        from parley.connections.rate_limiter import ValkeyRateLimiter
        from parley.services.rate_limits import RateLimits

        setting = self._read(RateLimitSettings).rate_limits
        return RateLimits(limiter=ValkeyRateLimiter(self.connections.redis), buckets=read_buckets(setting))

    @cached_property
    def sessions(self) -> Sessions:
        from parley.services.sessions import Sessions

        return Sessions(sessions=self.stores.sessions, ending=self._ending, issuer=self._issuer, clock=self.clock)

    @cached_property
    def erasure(self) -> Erasure:
        from parley.services.erasure import Erasure

        def check_password(identity: Identity, password: str) -> object:
            # Whoever only finishes erasures has no key to sign with, and makes no accounts.
            return self.accounts.check_password(identity, password)

        return Erasure(
            check_password=check_password,
            users=self.stores.users,
            blocks=self.stores.blocks,
            conversations=self.stores.conversations,
            messages=self.stores.messages,
            publisher=self.publisher,
            groups=self.groups,
            ending=self._ending,
            clock=self.clock,
        )

    @cached_property
    def users(self) -> Users:
        from parley.services.users import Users

        return Users(users=self.stores.users, blocks=self.stores.blocks, clock=self.clock)

    @cached_property
    def authentication(self) -> Authentication:
        from parley.services.authentication import Authentication

        return Authentication(
            sessions=self.stores.sessions, tickets=self.connections, verifier=self._verifier, clock=self.clock
        )

    @cached_property
    def conversations(self) -> Conversations:
        from parley.services.conversations import Conversations

        return Conversations(
            conversations=self.stores.conversations,
            users=self.stores.users,
            blocks=self.stores.blocks,
            outbox=self.outbox,
            clock=self.clock,
        )

    @cached_property
    def groups(self) -> Groups:
        from parley.services.groups import Groups

        return Groups(
            conversations=self.stores.conversations, users=self.stores.users, outbox=self.outbox, clock=self.clock
        )

    @cached_property
    def outbox(self) -> Outbox:
        from parley.services.outbox import Outbox

        return Outbox(rows=self.stores.outbox, publisher=self.publisher, clock=self.clock)

    @cached_property
    def chat(self) -> Chat:
        from parley.services.chat import Chat

        return Chat(
            conversations=self.stores.conversations,
            messages=self.stores.messages,
            publisher=self.publisher,
            clock=self.clock,
        )

    @cached_property
    def messages(self) -> Messages:
        from parley.services.messages import Messages

        return Messages(conversations=self.stores.conversations, messages=self.stores.messages)

    @cached_property
    def editing(self) -> Editing:
        from parley.services.editing import Editing

        return Editing(
            conversations=self.stores.conversations,
            messages=self.stores.messages,
            publisher=self.publisher,
            clock=self.clock,
        )

    @cached_property
    def changing(self) -> Changing:
        from parley.services.changing import Changing

        return Changing(messages=self.stores.messages, publisher=self.publisher, clock=self.clock)

    @cached_property
    def receipts(self) -> Receipts:
        from parley.services.receipts import Receipts

        return Receipts(conversations=self.stores.conversations, publisher=self.publisher, clock=self.clock)

    @cached_property
    def receipt_recording(self) -> ReceiptRecording:
        from parley.protocol.frames import encode_receipt_answer
        from parley.services.receipts import ReceiptRecording

        return ReceiptRecording(
            conversations=self.stores.conversations,
            publisher=self.publisher,
            push=self.push,
            encode_answer=encode_receipt_answer,
            clock=self.clock,
        )

    @cached_property
    def syncing(self) -> Sync:
        from parley.security.sync_tokens import HmacSyncTokenCodec
        from parley.services.syncing import Sync

        tokens = HmacSyncTokenCodec(self._read(SyncSettings).sync_key)
        return Sync(store=self.stores.sync, users=self.stores.users, tokens=tokens, clock=self.clock)

    @cached_property
    def room_registry(self) -> ValkeyRooms:
        from parley.connections.rooms import ValkeyRooms

        return ValkeyRooms(self._read(RedisSettings).redis_url)

    @cached_property
    def _announcer(self) -> Announcer:
        from parley.services.rooms import Announcer

        def encode(event: LiveEvent) -> bytes:
            # Most sockets open and close with nobody to tell: the models are for when there is somebody.
            from parley.protocol.live import encode_live_event

            return encode_live_event(event)

        return Announcer(
            conversations=self.stores.conversations,
            registry=self.connections,
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
    def storing(self) -> Storing:
        from parley.services.storing import Storing

        return Storing(messages=self.stores.messages, publisher=self.publisher, clock=self.clock)

    @cached_property
    def fan_out(self) -> FanOut:
        from parley.protocol.events import encode_event
        from parley.services.fan_out import FanOut

        return FanOut(
            conversations=self.stores.conversations,
            registry=self.connections,
            push=self.push,
            publisher=self.publisher,
            encode=encode_event,
        )

    @cached_property
    def chunk_fan_out(self) -> ChunkFanOut:
        from parley.services.chunks import ChunkFanOut

        return ChunkFanOut(conversations=self.stores.conversations, registry=self.connections, push=self.push)

    @cached_property
    def sockets(self) -> Sockets:
        from parley.services.sockets import Sockets

        return Sockets(registry=self.connections, sessions=self.stores.sessions)

    @cached_property
    def health(self) -> Health:
        from parley.services.health import Health

        return Health(probes={"kafka": self.publisher.ping, "mongo": self.stores.ping, "redis": self.connections.ping})

    def create_indexes(self) -> None:
        """Creates the indexes that are missing."""
        self.stores.create_indexes()

    def create_topics(self, topics: Sequence[Mapping[str, Any]], replication_factor: int) -> list[str]:
        """Creates the topics that are missing, and tells their names; refuses another number of partitions."""
        from parley.streams.topics import TopicSpec, create_topics

        settings = self._read(KafkaSettings)
        return create_topics(
            settings.kafka_bootstrap_servers,
            settings.kafka_security,
            [TopicSpec.read(topic) for topic in topics],
            replication_factor=replication_factor,
        )


@cache
def container(*parts: Part) -> Container:
    """The process's container, made once.

    Args:
        parts: adapters whose code is imported now: a function names what it will need, as Lambda gives an environment
            more processor time while it starts than later. None of them connects yet.
    """
    start_logging()
    for part in parts:
        import_module(_MODULES[part])
    return Container(os.environ)
