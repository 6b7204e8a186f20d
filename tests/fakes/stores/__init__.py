"""The stores, in memory."""

from tests.fakes.stores.conversations import FakeConversationReader, FakeConversationStore
from tests.fakes.stores.messages import FakeMessageStore
from tests.fakes.stores.outbox import FakeOutboxStore
from tests.fakes.stores.users import FakeBlockStore, FakeSessionStore, FakeUserStore

__all__ = [
    "FakeBlockStore",
    "FakeConversationReader",
    "FakeConversationStore",
    "FakeMessageStore",
    "FakeOutboxStore",
    "FakeSessionStore",
    "FakeUserStore",
]
