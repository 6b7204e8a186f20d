"""Joining events into frames."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from parley.domain.limits import FRAME_MAX_BYTES


def join_frames(events: Sequence[bytes], max_bytes: int = FRAME_MAX_BYTES) -> tuple[bytes, ...]:
    """As few frames as hold the events in their order: one event as it is, several as a JSON array.

    Args:
        events: JSON values in UTF-8.
        max_bytes: no frame is longer, but one for a single event that is longer by itself.
    """
    return tuple(make_frame(part) for part in split_events(events, max_bytes))


def split_events(events: Iterable[bytes], max_bytes: int = FRAME_MAX_BYTES) -> list[list[bytes]]:
    """The events of each frame; see `join_frames`."""
    parts: list[list[bytes]] = []
    size = max_bytes
    for event in events:
        # Each event brings one byte more: the comma or bracket that follows it.
        if not parts or size + len(event) + 1 > max_bytes:
            parts.append([])
            size = 1
        parts[-1].append(event)
        size += len(event) + 1
    return parts


def make_frame(events: Sequence[bytes]) -> bytes:
    """One frame of one event or several."""
    return events[0] if len(events) == 1 else b"[" + b",".join(events) + b"]"


def leave_out(frame: bytes, places: set[int]) -> bytes | None:
    """The frame without the events at these places; None where none is left."""
    content = json.loads(frame)
    events = content if isinstance(content, list) else [content]
    left = [
        json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        for place, event in enumerate(events)
        if place not in places
    ]
    return make_frame(left) if left else None
