"""How dead letters are asked for, and told."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from parley.domain.records import DeadLetter
from parley.protocol.base import Inbound, Outbound, Time

Consumer = Literal["store_messages", "apply_changes", "record_receipts", "fan_out", "fan_out_chunk"]


class DeadLetterRequest(Inbound):
    """What is to be done with which of a consumer's dead letters."""

    consumer: Consumer
    action: Literal["list", "show", "replay", "drop"] = "list"
    offsets: list[int] | None = Field(default=None, max_length=1_000)
    everything: bool = False
    body: bool = False
    limit: int = Field(default=100, ge=1, le=1_000)


class DeadLetterObject(Outbound):
    """A dead letter. `stack` and `body` are told by show alone, and `body`, somebody's message, only on demand."""

    offset: int
    topic: str
    partition: int
    source_offset: int
    key: str | None
    error: str
    message: str
    tries: int
    recorded_at: Time | None
    failed_at: Time
    mark: Literal["replayed", "dropped"] | None
    marked_at: Time | None
    stack: str | None = None
    body: str | None = None


class DeadLetterAnswer(Outbound):
    """What was found, or done."""

    consumer: Consumer
    action: str
    items: list[DeadLetterObject]


def encode_dead_letter(
    offset: int,
    letter: DeadLetter,
    *,
    mark: Literal["replayed", "dropped"] | None,
    marked_at: Time | None,
    with_stack: bool,
    with_body: bool,
) -> DeadLetterObject:
    """A dead letter as it is told."""
    return DeadLetterObject(
        offset=offset,
        topic=letter.source_topic,
        partition=letter.source_partition,
        source_offset=letter.source_offset,
        key=_text(letter.source_key),
        error=letter.error_type,
        message=letter.error_message,
        tries=letter.tries,
        recorded_at=letter.source_timestamp,
        failed_at=letter.failed_at,
        mark=mark,
        marked_at=marked_at,
        stack=letter.stack if with_stack else None,
        body=_text(letter.source_value) if with_body else None,
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "backslashreplace")
