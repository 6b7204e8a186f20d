"""Sync: what a client that was away is given, and what its token remembers."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from parley.domain.models import ConversationView, Membership, Message, User

Known = tuple[int, int]
"""How far a client has a conversation: its `rev`, and how often its receipts had moved. (-1, 0): it left it."""

LEFT: Known = (-1, 0)


@dataclass(frozen=True, slots=True)
class SyncPosition:
    """Where in one conversation a page ended, and how far the conversation was when its first page began.

    Messages come first, then members by user id. Messages that changed come by `(changed_at, rev)`; those of a
    conversation that is new to the client by `seq`.
    """

    conversation_id: str
    known: Known
    changed_at: datetime | None = None
    rev: int = 0
    seq: int | None = None
    user_id: str | None = None


@dataclass(frozen=True, slots=True)
class SyncState:
    """What a token says: whose it is, and what its client has.

    A pass goes over the conversations by id, in pages; what changes behind it is found by the next one, which looks at
    everything since the pass began. `recent` is how far the client has those conversations that changed about then or
    later, by `key_conversation`, so that they are not given again for nothing.

    Attributes:
        since: when the last complete pass began; None for a client that has nothing yet.
        started_at: when the pass under way began; None between passes.
        after: the last conversation id that the pass under way is through with.
        position: where it stands inside the next one.
        mark: a fingerprint of how far each conversation was when this pass went over it.
    """

    user_id: str
    since: datetime | None = None
    started_at: datetime | None = None
    after: str = ""
    position: SyncPosition | None = None
    mark: int = 0
    recent: Mapping[str, Known] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MemberChange:
    """A member as they are now; without `membership` they have left."""

    user_id: str
    membership: Membership | None = None
    user: User | None = None


@dataclass(frozen=True, slots=True)
class SyncChange:
    """A conversation as it is now, with what of it changed; without `view` the caller has left it."""

    conversation_id: str
    view: ConversationView | None = None
    messages: tuple[Message, ...] = ()
    members: tuple[MemberChange, ...] = ()


@dataclass(frozen=True, slots=True)
class SyncPage:
    """Some changes. Unless `complete`, there are more to ask for with `state`."""

    changes: tuple[SyncChange, ...]
    complete: bool
    state: SyncState


def key_conversation(conversation_id: str) -> str:
    """A short name for a conversation, as tokens travel in addresses: 60 bits of a hash."""
    return base64.urlsafe_b64encode(hashlib.sha256(conversation_id.encode()).digest())[:10].decode("ascii")


def mark_conversation(conversation_id: str, known: Known) -> int:
    """A fingerprint of how far a conversation is; those of several are joined by exclusive or."""
    text = f"{conversation_id} {known[0]} {known[1]}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest())
