"""What the fake stores share, as the real ones share a database."""

from __future__ import annotations

import threading

from parley.domain.models import Conversation, Membership, Message, Reactors


class FakeDatabase:
    """Conversations, memberships by (conversation, user) and messages, under one lock that stands for transactions."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.conversations: dict[str, Conversation] = {}
        self.memberships: dict[tuple[str, str], Membership] = {}
        self.messages: dict[str, Message] = {}
        self.histories: dict[str, list[str]] = {}
        self.reactors: dict[str, Reactors] = {}
        self.changes: dict[str, int | None] = {}
