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


class FakeDatabase:
    """Conversations, memberships by (conversation, user) and messages, under one lock that stands for transactions."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.conversations: dict[str, Conversation] = {}
        self.memberships: dict[tuple[str, str], Membership] = {}
        self.messages: dict[str, Message] = {}
        self.accepted_at: dict[str, datetime] = {}
        self.histories: dict[str, list[str]] = {}
        self.reactors: dict[str, Reactors] = {}
        self.changes: dict[str, int | None] = {}
        self.stamps = Stamps()
        self.outbox: dict[str, tuple[datetime, OutboxRow]] = {}
