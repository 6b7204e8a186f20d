"""Joining events into frames."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.domain.limits import FRAME_MAX_BYTES
from parley.services.frames import join_frames, leave_out


def open_frame(frame: bytes) -> list[bytes]:
    """The events of a frame, as a client takes it apart."""
    content = json.loads(frame)
    events = content if isinstance(content, list) else [content]
    return [json.dumps(event, separators=(",", ":")).encode() for event in events]


def make_event(size: int, number: int = 0) -> bytes:
    """An event of exactly so many bytes."""
    head = f'{{"n":{number},"x":"'.encode()
    return head + b"x" * (size - len(head) - 2) + b'"}'


@given(st.lists(st.integers(20, 200), max_size=60), st.integers(100, 500))
def test_every_event_comes_once_in_order_in_frames_within_the_limit(sizes: list[int], max_bytes: int) -> None:
    events = [make_event(size, number) for number, size in enumerate(sizes)]
    frames = join_frames(events, max_bytes)
    assert [event for frame in frames for event in open_frame(frame)] == events
    for frame in frames:
        assert len(frame) <= max_bytes or frame in events


@given(st.lists(st.integers(20, 200), max_size=60), st.integers(100, 500))
def test_no_frame_could_have_taken_the_next_event(sizes: list[int], max_bytes: int) -> None:
    frames = join_frames([make_event(size) for size in sizes], max_bytes)
    for frame, following in itertools.pairwise(frames):
        joined = b"[" + b",".join([*open_frame(frame), open_frame(following)[0]]) + b"]"
        assert len(joined) > max_bytes


def test_one_event_is_a_bare_object_and_several_are_an_array() -> None:
    assert join_frames([b'{"a":1}']) == (b'{"a":1}',)
    assert join_frames([b'{"a":1}', b'{"b":2}']) == (b'[{"a":1},{"b":2}]',)
    assert join_frames([]) == ()


@pytest.mark.parametrize(("spare", "count"), [(0, 1), (-1, 2)])
def test_a_frame_is_filled_to_the_last_byte(spare: int, count: int) -> None:
    half = make_event(16_000)
    other = make_event(FRAME_MAX_BYTES - 16_000 - len("[,]") - spare)
    assert len(join_frames([half, other])) == count


def test_an_event_that_is_too_large_for_a_frame_goes_alone() -> None:
    small, large = make_event(100), make_event(FRAME_MAX_BYTES + 1)
    assert join_frames([small, large, small, small]) == (small, large, b"[" + small + b"," + small + b"]")


def test_a_frame_is_left_without_some_of_its_events() -> None:
    events = [b'{"a":1}', '{"b":"Grüße"}'.encode(), b'{"c":[1.5,null]}']
    (frame,) = join_frames(events)
    assert leave_out(frame, {0}) == b"[" + events[1] + b"," + events[2] + b"]"
    assert leave_out(frame, {0, 2}) == events[1]
    assert leave_out(frame, {0, 1, 2}) is None
    assert leave_out(events[0], {0}) is None
    assert leave_out(events[1], set()) == events[1]
