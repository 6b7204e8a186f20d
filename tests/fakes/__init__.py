"""What stands in for the outside in fast tests. Each keeps its port's contract, counts calls and can be cut off."""

from tests.fakes.clock import FakeClock
from tests.fakes.connections import (
    FakeConnectionRegistry,
    FakePushClient,
    FakeRateLimiter,
    FakeRoomRegistry,
    FakeTicketStore,
)
from tests.fakes.database import FakeDatabase
from tests.fakes.files import FakeAttachmentStore, FakeFileStore
from tests.fakes.publisher import FakePublisher
from tests.fakes.security import FakePasswordHasher, FakeTokens
from tests.fakes.stores import (
    FakeBlockStore,
    FakeConversationStore,
    FakeMessageStore,
    FakeOutboxStore,
    FakeSessionStore,
    FakeUserStore,
)
from tests.fakes.syncing import FakeSyncStore, FakeSyncTokens
from tests.fakes.traces import FakeTraceStore

__all__ = [
    "FakeAttachmentStore",
    "FakeBlockStore",
    "FakeClock",
    "FakeConnectionRegistry",
    "FakeConversationStore",
    "FakeDatabase",
    "FakeFileStore",
    "FakeMessageStore",
    "FakeOutboxStore",
    "FakePasswordHasher",
    "FakePublisher",
    "FakePushClient",
    "FakeRateLimiter",
    "FakeRoomRegistry",
    "FakeSessionStore",
    "FakeSyncStore",
    "FakeSyncTokens",
    "FakeTicketStore",
    "FakeTokens",
    "FakeTraceStore",
    "FakeUserStore",
]
