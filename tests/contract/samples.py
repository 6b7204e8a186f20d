"""Plain examples of the domain's objects."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from parley.domain.models import AcceptedMessage, Connection, Conversation, Membership, Message, Session, User
from parley.ports import Appended, MessageStore, NotAppended

NOW = datetime(2026, 1, 31, 12, 0, 0, 123_000, tzinfo=UTC)
PATIENCE_S: Final = 60.0

T = TypeVar("T")

_numbers = itertools.count(1)


def unique(prefix: str) -> str:
    """An id that no other test uses."""
    return f"{prefix}{next(_numbers)}"


def a_user(*, username: str | None = None, email: str | None = None) -> User:
    user_id = unique("u_")
    return User(
        user_id=user_id,
        username=username or f"name_{user_id[2:]}",
        email=email or f"{user_id}@example.com",
        display_name="Ada Ω 🦜",
        avatar_url=None,
        about="about\nme",
        created_at=NOW,
    )


def a_session(*, expires_at: datetime) -> Session:
    return Session(
        session_id=unique("s_"),
        user_id="u_ada",
        device_name=None,
        refresh_token_hash="0" * 64,
        created_at=NOW,
        last_seen_at=NOW,
        expires_at=expires_at,
    )


def a_conversation(
    *user_ids: str, conversation_id: str | None = None, updated_at: datetime = NOW
) -> tuple[Conversation, list[Membership]]:
    """A group of these users, without messages."""
    conversation = Conversation(
        conversation_id=conversation_id or unique("c_"),
        kind="group",
        name="Bird watchers",
        photo_url=None,
        member_count=len(user_ids),
        rev=1,
        members_rev=1,
        last_seq=0,
        last_message=None,
        created_at=NOW,
        updated_at=updated_at,
    )
    return conversation, [a_membership(conversation.conversation_id, user_id) for user_id in user_ids]


def a_membership(conversation_id: str, user_id: str, *, peer_id: str | None = None) -> Membership:
    return Membership(
        conversation_id=conversation_id,
        user_id=user_id,
        role="member",
        joined_at=NOW,
        last_delivered_seq=0,
        last_read_seq=0,
        muted=False,
        peer_id=peer_id,
    )


def an_accepted_message(
    conversation_id: str,
    *,
    sender_id: str = "u_ada",
    client_message_id: str | None = None,
    message_id: str | None = None,
    content: str = "Hello, wörld 🦜",
) -> AcceptedMessage:
    client_message_id = client_message_id or unique("client-")
    return AcceptedMessage(
        message_id=message_id or f"m_{conversation_id}_{sender_id}_{client_message_id}",
        conversation_id=conversation_id,
        sender_id=sender_id,
        client_message_id=client_message_id,
        type="text",
        content=content,
        reply_to=None,
        mentions=("u_bob",),
        attachment_ids=(),
        accepted_at=NOW - timedelta(seconds=1),
    )


def a_stored_message(conversation_id: str) -> Message:
    return Message(
        message_id=unique("m_"),
        conversation_id=conversation_id,
        seq=1,
        rev=2,
        sender_id="u_ada",
        client_message_id=unique("client-"),
        type="text",
        content="Hello",
        reply_to=None,
        mentions=(),
        attachment_ids=(),
        reactions=(),
        created_at=NOW,
    )


def a_connection(
    user_id: str, *, endpoint: str = "http://127.0.0.1:1/ws", connected_at: datetime | None = None
) -> Connection:
    return Connection(
        connection_id=f"{unique('L0SM')}/+cOFvHcCIhw=",
        user_id=user_id,
        session_id="s_phone",
        endpoint=endpoint,
        connected_at=connected_at or datetime.now(UTC).replace(microsecond=0),
    )


def append_all(messages: MessageStore, accepted: Sequence[AcceptedMessage], at: datetime) -> list[Message]:
    """Appends messages that must all go in; again, as a consumer does, while it is told "not now".

    A machine that holds the database up for longer than the store waits is no failure of what a test is about.
    """
    ends_at = time.monotonic() + PATIENCE_S
    while True:
        outcomes = messages.append_messages(accepted, at)
        refused = [outcome.error for outcome in outcomes if isinstance(outcome, NotAppended)]
        if not refused:
            return [outcome.message for outcome in outcomes if isinstance(outcome, Appended)]
        assert all(error.retryable for error in refused), refused
        assert time.monotonic() < ends_at, refused


def at_once(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Runs the calls in threads that all start together; their results in order, or the first error."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], T]) -> T:
        start.wait(timeout=10)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(run, call) for call in calls]]
