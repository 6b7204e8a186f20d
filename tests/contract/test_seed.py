"""`make seed` on real stores: what it writes is whole, at its own times, and there once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from parley.ports import Appended
from parley.stores.mongo import MongoStores
from tests.contract.samples import an_accepted_message
from tools.seed import filling
from tools.seed.company import CHANNELS, tell
from tools.seed.filling import Filling

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.engines
def test_it_is_written_once(mongo: MongoStores, monkeypatch: pytest.MonkeyPatch) -> None:
    story = tell(MONDAY)[-40:]
    monkeypatch.setattr(filling, "tell", lambda last_day: story)
    reports = [Filling(mongo, None, password_hash="hash", last_day=MONDAY).fill() for _ in range(2)]
    assert [report.written for report in reports] == [len(story), 0]
    alice = mongo.users.find_credentials("alice")
    assert alice is not None
    views = mongo.conversations.list_conversations(alice.user.user_id, before=None, limit=50)
    assert len(views) == sum("alice" in channel.members for channel in CHANNELS)
    for conversation, _ in views:
        page = mongo.messages.list_messages(conversation.conversation_id, limit=100)
        assert [message.seq for message in reversed(page)] == list(range(1, conversation.last_seq + 1))
        assert all(MONDAY - timedelta(days=28) <= message.created_at < MONDAY for message in page)
    # Who has synced before the seed hears of it: it stands there as changed now.
    place = views[0][0].conversation_id
    with mongo.sync.read() as reader:
        assert reader.list_stamps([place], datetime.now(UTC) - timedelta(minutes=5))
    (outcome,) = mongo.messages.append_messages([an_accepted_message(place)], datetime.now(UTC))
    assert isinstance(outcome, Appended)
