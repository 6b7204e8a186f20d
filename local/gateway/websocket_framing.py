"""Frames of RFC 6455, as a server that takes text only reads and writes them.

Written here rather than taken from a library because the upgrade has to wait for functions before it is answered, and
because an idle connection shall hold no read buffer.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import NamedTuple

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

NORMAL, GOING_AWAY, PROTOCOL_ERROR, UNSUPPORTED_DATA = 1000, 1001, 1002, 1003
NO_STATUS, ABNORMAL, INVALID_DATA, TOO_BIG = 1005, 1006, 1007, 1009

_OPCODES = frozenset({CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG})
# Codes that an endpoint may send (RFC 6455, 7.4, with the registry's later ones).
_CLOSE_CODES = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})


class FrameError(Exception):
    """A frame that ends the connection, with the close code and reason to send."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class Frame(NamedTuple):
    """A whole frame, unmasked; `end` is the position after it."""

    final: bool
    opcode: int
    payload: bytes
    end: int


@dataclass(frozen=True, slots=True)
class CloseStatus:
    """Why a connection closed: a code of RFC 6455 and a text."""

    code: int
    reason: str


def read_frame(data: bytes, start: int, max_payload: int) -> Frame | None:
    """The client's frame that begins at `start`; None where it is not all there yet.

    What is too large or of a kind that is not taken is refused by its header, before its payload has come.

    Raises:
        FrameError: the connection must be closed with the error's code.
    """
    size = len(data) - start
    if size < 2:
        return None
    first, second = data[start], data[start + 1]
    opcode = first & 0x0F
    length = second & 0x7F
    _check_header(first, second, opcode, length)
    position = start + 2
    if length >= 126:
        width = 2 if length == 126 else 8
        if size < 2 + width:
            return None
        length = int.from_bytes(data[position : position + width], "big")
        position += width
        if length < 126 or (width == 8 and (length < 0x10000 or length >> 63)):
            raise FrameError(PROTOCOL_ERROR, "Payload length is not minimal")
    if length > max_payload:
        raise FrameError(TOO_BIG, "Frame is too large")
    end = position + 4 + length
    if len(data) < end:
        return None
    payload = _unmask(data[position + 4 : end], data[position : position + 4])
    return Frame(first & 0x80 != 0, opcode, payload, end)


def _check_header(first: int, second: int, opcode: int, length: int) -> None:
    if first & 0x70:
        raise FrameError(PROTOCOL_ERROR, "Reserved bits are set")
    if opcode not in _OPCODES:
        raise FrameError(PROTOCOL_ERROR, "Unknown opcode")
    if not second & 0x80:
        raise FrameError(PROTOCOL_ERROR, "Frame is not masked")
    if opcode == BINARY:
        raise FrameError(UNSUPPORTED_DATA, "Binary frames are not supported")
    if opcode >= CLOSE and (length > 125 or not first & 0x80):
        raise FrameError(PROTOCOL_ERROR, "Control frame is fragmented or too long")


def _unmask(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    if not size:
        return b""
    repeated = mask * (size // 4) + mask[: size % 4]
    masked = int.from_bytes(payload, sys.byteorder) ^ int.from_bytes(repeated, sys.byteorder)
    return masked.to_bytes(size, sys.byteorder)


def write_frame(opcode: int, payload: bytes, *, final: bool = True) -> bytes:
    """A server's frame: not masked."""
    size = len(payload)
    first = opcode | 0x80 if final else opcode
    if size < 126:
        return bytes((first, size)) + payload
    if size < 0x10000:
        return bytes((first, 126, size >> 8, size & 0xFF)) + payload
    return bytes((first, 127)) + size.to_bytes(8, "big") + payload


def write_message(opcode: int, payload: bytes, max_payload: int) -> bytes:
    """A message as one frame, or as several where it is longer than `max_payload` bytes."""
    if len(payload) <= max_payload:
        return write_frame(opcode, payload)
    starts = range(0, len(payload), max_payload)
    return b"".join(
        write_frame(
            opcode if start == 0 else CONTINUATION,
            payload[start : start + max_payload],
            final=start == starts[-1],
        )
        for start in starts
    )


def write_close(code: int, reason: str) -> bytes:
    """A close frame; without a payload for 1005, which stands for "no status" and is never sent."""
    if code == NO_STATUS:
        return write_frame(CLOSE, b"")
    text = reason.encode()[:123].decode("utf-8", "ignore").encode()
    return write_frame(CLOSE, code.to_bytes(2, "big") + text)


def read_close(payload: bytes) -> CloseStatus:
    """What a client's close frame says.

    Raises:
        FrameError: its payload is not a code that may be sent, followed by UTF-8.
    """
    if not payload:
        # The reason is the one that AWS gives for a close frame without a status.
        return CloseStatus(NO_STATUS, "Client-side close frame status not set")
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or not (code in _CLOSE_CODES or 3000 <= code <= 4999):
        raise FrameError(PROTOCOL_ERROR, "Invalid close code")
    try:
        return CloseStatus(code, payload[2:].decode())
    except UnicodeDecodeError as error:
        raise FrameError(INVALID_DATA, "Close reason is not UTF-8") from error
