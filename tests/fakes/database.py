"""What the fake stores share, as the real ones share a database."""

from __future__ import annotations

import threading
from datetime import datetime

from parley.domain.models import Conversation, Membership, Message, Reactors
from parley.domain.sync import Known
from parley.ports import OutboxRow


class Stamps:
    """When and at which rev things changed, as sync reads it; keys of members are (conversation, user)."""

    def __init__(self) -> None:
        self.conversations: dict[str, datetime] = {}
        self.receipts: dict[str, tuple[int, datetime]] = {}
        self.messages: dict[str, datetime] = {}
        self.joined: dict[tuple[str, str], int] = {}
        self.members: dict[tuple[str, str], tuple[Known, datetime]] = {}
        self.left: dict[tuple[str, str], tuple[int, datetime]] = {}
        self.stays: dict[tuple[str, str], tuple[tuple[datetime, datetime], ...]] = {}

    def leave(self, membership: Membership, rev: int, now: datetime) -> None:
        """Notes that somebody left."""
        key = membership.conversation_id, membership.user_id
        self.left[key] = rev, now
        self.stays[key] = (*self.stays.get(key, ()), (membership.joined_at, now))


class FakeDatabase:
    """Conversations, memberships by (conversation, user) and messages, under one lock that stands for transactions."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.conversations: dict[str, Conversation] = {}
        self.deleted: dict[str, Conversation] = {}
        self.peaks: dict[str, int] = {}
        self.memberships: dict[tuple[str, str], Membership] = {}
        self.messages: dict[str, Message] = {}
        self.accepted_at: dict[str, datetime] = {}
        self.histories: dict[str, list[str]] = {}
        self.reactors: dict[str, Reactors] = {}
        self.changes: dict[str, int | None] = {}
        self.stamps = Stamps()
        self.outbox: dict[str, tuple[datetime, OutboxRow]] = {}
