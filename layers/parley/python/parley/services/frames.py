"""Joining events into frames."""

from __future__ import annotations

from collections.abc import Sequence

from parley.domain.limits import FRAME_MAX_BYTES


def join_frames(events: Sequence[bytes], max_bytes: int = FRAME_MAX_BYTES) -> tuple[bytes, ...]:
    """As few frames as hold the events in their order: one event as it is, several as a JSON array.

    Args:
        events: JSON values in UTF-8.
        max_bytes: no frame is longer, but one for a single event that is longer by itself.
    """
    frames: list[bytes] = []
    waiting: list[bytes] = []
    size = 1
    for event in events:
        if waiting and size + len(event) + 1 > max_bytes:
            frames.append(_make_frame(waiting))
            waiting, size = [], 1
        waiting.append(event)
        # Each event brings one byte more: the comma or bracket that follows it.
        size += len(event) + 1
    if waiting:
        frames.append(_make_frame(waiting))
    return tuple(frames)


def _make_frame(events: Sequence[bytes]) -> bytes:
    return events[0] if len(events) == 1 else b"[" + b",".join(events) + b"]"
