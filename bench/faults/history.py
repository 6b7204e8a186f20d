"""What happened in a run, one record after the other: kept as JSON lines, judged by the checker."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Identity = tuple[str, str, str]
"""Conversation, sender, clientMessageId: what makes a message one and the same."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message was handed to the server for the first time; `at` in seconds of one clock for the whole run."""

    at: float
    conversation_id: str
    sender_id: str
    client_message_id: str


@dataclass(frozen=True, slots=True)
class Acked:
    """The server said "accepted". `batch` numbers an answer that said it of several, in their order; else it is 0."""

    at: float
    conversation_id: str
    sender_id: str
    client_message_id: str
    message_id: str
    batch: int = 0


@dataclass(frozen=True, slots=True)
class Received:
    """A chat:receive came over a socket; `connection` names the socket."""

    connection: str
    conversation_id: str
    message_id: str
    seq: int


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as the history gives it by REST when all is over, in the order in which it gives them."""

    conversation_id: str
    sender_id: str
    client_message_id: str
    message_id: str
    seq: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A message that a member's client has when all is over, from events and sync."""

    user_id: str
    conversation_id: str
    message_id: str
    seq: int


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody was a member from the beginning to the end, so that they must have everything."""

    user_id: str
    conversation_id: str


Record = Sent | Acked | Received | Stored | Kept | Member
_KINDS: dict[str, type[Any]] = {kind.__name__.lower(): kind for kind in (Sent, Acked, Received, Stored, Kept, Member)}


def identity_of(record: Sent | Acked | Stored) -> Identity:
    """Which message a record is of."""
    return record.conversation_id, record.sender_id, record.client_message_id


def write_history(records: Iterable[Record], path: Path) -> None:
    """Writes a history, a line a record; its folder is made where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        for record in records:
            kind = type(record).__name__.lower()
            file.write(json.dumps({"kind": kind, **dataclasses.asdict(record)}, separators=(",", ":")) + "\n")


def read_history(path: Path) -> Iterator[Record]:
    """Reads what `write_history` wrote."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            values = json.loads(line)
            yield _KINDS[values.pop("kind")](**values)
