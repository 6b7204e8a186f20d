"""Settings and adapters."""

# ruff: noqa: PLC0415  # each part is imported when it is first asked for: that is what this package is for

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from parley.config import (
    AttachmentSettings,
    AwsSettings,
    ConfigurationError,
    EdgeSettings,
    IssuerSettings,
    KafkaSettings,
    MongoSettings,
    PushSettings,
    RedisSettings,
    Settings,
    SettingsT,
    VerifierSettings,
    WebSocketSettings,
    read_settings,
)
from parley.domain.times import truncate_to_ms
from parley.secrets_extension import ResolvedEnvironment, SecretError

if TYPE_CHECKING:
    from parley.connections.rooms import ValkeyRooms
    from parley.connections.traces import ValkeyTraces
    from parley.connections.valkey import ValkeyConnections
    from parley.domain.models import Attachment
    from parley.domain.records import Record
    from parley.files.s3 import S3Files
    from parley.push.client import HttpPushClient
    from parley.security.tokens import Ed25519TokenIssuer, Ed25519TokenVerifier
    from parley.services.tracing import Tracing
    from parley.stores.mongo import MongoStores
    from parley.streams.publisher import KafkaPublisher


# What a container keeps when the database's login is read anew.
_WITHOUT_STORES = frozenset(
    {
        "_environ",
        "_outdated",
        "_resolved",
        "_role",
        "clock",
        "connections",
        "publisher",
        "push",
        "rate_limits",
        "room_registry",
        "trace_store",
        "tracing",
    }
)


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


class Adapters:
    """What Parley stands on: its stores, Valkey, Kafka, the gateways and the keys.

    Args:
        environ: where settings are read from, when they are first needed; it may refer to secrets.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._outdated: list[MongoStores] = []
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
    def edge_key(self) -> str:
        return self._read(EdgeSettings).edge_key

    @cached_property
    def push_endpoint(self) -> str:
        return self._read(PushSettings).push_endpoint

    @cached_property
    def _role(self) -> AwsSettings:
        # Lambda never changes the credentials of an environment: it starts another one.
        return self._read(AwsSettings)

    @cached_property
    def stores(self) -> MongoStores:
        from parley.stores.mongo import MongoStores

        while self._outdated:
            self._outdated.pop().close()
        uri = self._read(MongoSettings).mongo_uri
        return MongoStores(uri, records=_RecordCodec(), on_login_refused=self._renew_stores)

    def _renew_stores(self) -> None:
        """Has the database's login read anew at its next use: the password may have been turned since it was read.

        Services hold stores, so those are made anew too. The old client is closed once nothing is in the middle of it.
        """
        self._resolved.forget()
        for name in self.__dict__.keys() - _WITHOUT_STORES:
            made = self.__dict__.pop(name, None)
            if name == "stores":
                self._outdated.append(made)

    @cached_property
    def connections(self) -> ValkeyConnections:
        from parley.connections.valkey import ValkeyConnections

        return ValkeyConnections(self._read(RedisSettings).redis_url)

    @cached_property
    def room_registry(self) -> ValkeyRooms:
        from parley.connections.rooms import ValkeyRooms

        return ValkeyRooms(self._read(RedisSettings).redis_url)

    @cached_property
    def trace_store(self) -> ValkeyTraces:
        from parley.connections.traces import ValkeyTraces

        return ValkeyTraces(self.connections.redis)

    @cached_property
    def tracing(self) -> Tracing:
        from parley.services.tracing import Tracing

        return Tracing(traces=self.trace_store, clock=self.clock)

    @cached_property
    def publisher(self) -> KafkaPublisher:
        from parley.protocol.records import encode_record
        from parley.streams.publisher import KafkaPublisher

        settings = self._read(KafkaSettings)
        return KafkaPublisher(
            settings.kafka_bootstrap_servers, settings.kafka_security, encode_record, role=lambda: self._role
        )

    @cached_property
    def push(self) -> HttpPushClient:
        from parley.push.client import HttpPushClient
        from parley.push.sigv4 import AwsCredentials

        role = self._role
        credentials = AwsCredentials(role.access_key_id, role.secret_access_key, role.session_token)
        return HttpPushClient(lambda: credentials, region=role.region)

    @cached_property
    def files(self) -> S3Files:
        from parley.files.presigning import S3Credentials
        from parley.files.s3 import S3Files

        bucket, aws = self._read(AttachmentSettings), self._read(AwsSettings)
        credentials = S3Credentials(aws.access_key_id, aws.secret_access_key, aws.session_token)
        return S3Files(
            bucket.attachments_url,
            bucket=bucket.attachments_bucket,
            region=aws.region,
            credentials=credentials,
            clock=self.clock,
        )

    def attachment_url(self, attachment: Attachment) -> str:
        """Where a file can be fetched from for 15 minutes."""
        return self.files.presign_download(attachment)

    @cached_property
    def _verifier(self) -> Ed25519TokenVerifier:
        from parley.security.tokens import Ed25519TokenVerifier

        return Ed25519TokenVerifier(self._read(VerifierSettings).token_public_key)

    @cached_property
    def _issuer(self) -> Ed25519TokenIssuer:
        from parley.security.tokens import Ed25519TokenIssuer

        return Ed25519TokenIssuer(self._read(IssuerSettings).token_private_key)

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
            role=lambda: self._role,
        )
