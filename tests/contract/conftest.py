"""The ports, each as the fake and as the real thing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from parley.connections.valkey import ValkeyConnections
from parley.domain.records import Record
from parley.ports import (
    AttachmentStore,
    BlockStore,
    ConnectionRegistry,
    ConversationStore,
    MessageStore,
    OutboxStore,
    SessionStore,
    SyncStore,
    TicketStore,
    UserStore,
)
from parley.protocol.records import decode_record, encode_record
from parley.stores.mongo import MongoStores
from tests.contract.tls import Authority, make_authority
from tests.fakes import (
    FakeAttachmentStore,
    FakeBlockStore,
    FakeConnectionRegistry,
    FakeConversationStore,
    FakeDatabase,
    FakeMessageStore,
    FakeOutboxStore,
    FakeSessionStore,
    FakeSyncStore,
    FakeTicketStore,
    FakeUserStore,
)

FAKE_AND_REAL = ["fake", pytest.param("real", marks=pytest.mark.engines)]
THREADS = 10


@dataclass(frozen=True)
class Stores:
    """The ports of the database."""

    users: UserStore
    sessions: SessionStore
    conversations: ConversationStore
    messages: MessageStore
    sync: SyncStore
    blocks: BlockStore
    outbox: OutboxStore
    attachments: AttachmentStore


class SystemClock:
    """The port Clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class JsonRecords:
    """Records as they stand in Kafka."""

    def encode(self, record: Record) -> bytes:
        return encode_record(record)

    def decode(self, value: bytes) -> Record:
        return decode_record(value)


@pytest.fixture
def mongo(request: pytest.FixtureRequest) -> Iterator[MongoStores]:
    """The real stores on a database of the test's own."""
    stores = MongoStores(
        request.getfixturevalue("engines").fresh_mongo_uri(), records=JsonRecords(), max_pool_size=THREADS
    )
    stores.create_indexes()
    yield stores
    stores.close()


@pytest.fixture(params=FAKE_AND_REAL)
def stores(request: pytest.FixtureRequest) -> Stores:
    if request.param == "real":
        mongo: MongoStores = request.getfixturevalue("mongo")
        return Stores(
            mongo.users,
            mongo.sessions,
            mongo.conversations,
            mongo.messages,
            mongo.sync,
            mongo.blocks,
            mongo.outbox,
            mongo.attachments,
        )
    database = FakeDatabase()
    return Stores(
        FakeUserStore(),
        FakeSessionStore(SystemClock()),
        FakeConversationStore(database),
        FakeMessageStore(database),
        FakeSyncStore(database),
        FakeBlockStore(database),
        FakeOutboxStore(database),
        FakeAttachmentStore(),
    )


@pytest.fixture
def valkey(request: pytest.FixtureRequest) -> Iterator[ValkeyConnections]:
    """The real registry and tickets on an empty Valkey."""
    connections = ValkeyConnections(request.getfixturevalue("engines").fresh_redis_url())
    yield connections
    connections.close()


@pytest.fixture(params=FAKE_AND_REAL)
def registry(request: pytest.FixtureRequest) -> ConnectionRegistry:
    if request.param == "real":
        valkey: ValkeyConnections = request.getfixturevalue("valkey")
        return valkey
    return FakeConnectionRegistry(SystemClock())


@pytest.fixture(params=FAKE_AND_REAL)
def tickets(request: pytest.FixtureRequest) -> TicketStore:
    if request.param == "real":
        valkey: ValkeyConnections = request.getfixturevalue("valkey")
        return valkey
    return FakeTicketStore(SystemClock())


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("tls"))
