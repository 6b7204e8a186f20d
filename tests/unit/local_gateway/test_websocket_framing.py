"""Frames, read and written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame as LibraryFrame
from websockets.frames import Opcode

from local.gateway.websocket_framing import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    TEXT,
    FrameError,
    read_close,
    read_frame,
    write_close,
    write_frame,
    write_message,
)


@given(payload=st.binary(max_size=70_000) | st.sampled_from([bytes(size) for size in (125, 126, 65_535, 65_536)]))
def test_what_a_library_masks_is_read(payload: bytes) -> None:
    data = b"??" + LibraryFrame(Opcode.TEXT, payload).serialize(mask=True) + b"more"
    frame = read_frame(data, 2, 100_000)
    assert frame is not None
    assert (frame.final, frame.opcode, frame.payload, data[frame.end :]) == (True, TEXT, payload, b"more")


@given(payload=st.binary(max_size=300), cut=st.integers(min_value=0, max_value=310))
def test_a_part_of_a_frame_is_not_a_frame(payload: bytes, cut: int) -> None:
    data = LibraryFrame(Opcode.TEXT, payload).serialize(mask=True)
    if cut < len(data):
        assert read_frame(data[:cut], 0, 1_000) is None


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_servers_frames_have_the_shortest_length(size: int) -> None:
    written = write_frame(TEXT, bytes(size))
    assert written == LibraryFrame(Opcode.TEXT, bytes(size)).serialize(mask=False)


def test_long_messages_are_fragmented() -> None:
    frames = (
        write_frame(BINARY, b"ab", final=False),
        write_frame(CONTINUATION, b"cd", final=False),
        write_frame(CONTINUATION, b"e"),
    )
    assert write_message(BINARY, b"abcde", 2) == b"".join(frames)
    assert write_message(TEXT, b"ab", 2) == write_frame(TEXT, b"ab")
    assert write_message(TEXT, b"", 2) == write_frame(TEXT, b"")


def test_a_frame_is_refused_by_its_header_alone() -> None:
    with pytest.raises(FrameError) as caught:
        read_frame(b"\x81\xfe\xff\xff", 0, 65_534)
    assert caught.value.code == 1009
    with pytest.raises(FrameError) as caught:
        read_frame(b"\x82\x80", 0, 10)
    assert caught.value.code == 1003
    with pytest.raises(FrameError) as caught:
        read_frame(bytes((0x80 | PING, 0x80 | 126)), 0, 1_000)
    assert caught.value.code == 1002


def test_close_frames() -> None:
    assert read_close(b"\x03\xe8bye").code == 1000
    assert read_close(b"\x03\xe8bye").reason == "bye"
    assert read_close(b"").code == 1005
    assert write_close(1005, "ignored") == write_frame(CLOSE, b"")
    assert write_close(1001, "Going away") == b"\x88\x0c\x03\xe9Going away"
    long = write_close(1000, "é" * 100)
    assert len(long) <= 2 + 125
    long[4:].decode()
    for payload in (b"\x03", b"\x03\xed", b"\x03\xee", b"\x03\xf7", b"\x00\x00", b"\x0b\xb7", b"\x13\x88"):
        with pytest.raises(FrameError) as caught:
            read_close(payload)
        assert caught.value.code == 1002
