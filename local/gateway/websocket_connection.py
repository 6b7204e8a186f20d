"""One open WebSocket: messages in and out, its time limits, and the ways it closes.

It holds no buffer while idle and one timer, so that ten thousand of them are cheap.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from local.gateway.identifiers import now_ms
from local.gateway.websocket_events import Peer
from local.gateway.websocket_framing import (
    ABNORMAL,
    BINARY,
    CLOSE,
    CONTINUATION,
    GOING_AWAY,
    INVALID_DATA,
    PING,
    PONG,
    PROTOCOL_ERROR,
    TEXT,
    TOO_BIG,
    CloseStatus,
    Frame,
    FrameError,
    read_close,
    read_frame,
    write_close,
    write_frame,
    write_message,
)


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Bounds of a connection, in bytes and seconds; see GatewaySettings."""

    frame_bytes: int
    message_bytes: int
    idle_timeout_s: float
    max_duration_s: float
    outgoing_buffer_bytes: int
    messages_in_flight: int
    close_timeout_s: float


class ConnectionOwner(Protocol):
    """Whom a connection tells what happens to it."""

    def on_opened(self, connection: WebSocketConnection) -> None:
        """The upgrade was answered: messages may be sent from now on."""

    def on_message(self, connection: WebSocketConnection, text: str, size: int) -> None:
        """A whole message came, of `size` bytes."""

    def on_closed(self, connection: WebSocketConnection, status: CloseStatus) -> None:
        """The connection is open no more. Told once, as soon as either side closes it or it breaks."""

    def on_gone(self, connection: WebSocketConnection) -> None:
        """The socket is closed."""


class WebSocketConnection(asyncio.Protocol):
    """A connection whose upgrade was granted."""

    __slots__ = (
        "_buffer",
        "_fragments",
        "_limits",
        "_loop",
        "_open",
        "_opened_at",
        "_owner",
        "_paused",
        "_timer",
        "_touched_at",
        "_transport",
        "in_flight",
        "last_active_ms",
        "peer",
    )

    def __init__(self, peer: Peer, owner: ConnectionOwner, limits: ConnectionLimits) -> None:
        self.peer = peer
        self.last_active_ms = peer.connected_at_ms
        self.in_flight = 0
        self._owner = owner
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._buffer = b""
        self._fragments: list[bytes] | None = None
        self._open = False
        self._paused = False
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None

    def as_protocol(self) -> asyncio.Protocol:
        """Itself."""
        return self

    def opened(self, transport: asyncio.Transport, early: bytes) -> None:
        """The upgrade was answered on `transport`; `early` is what the client had sent already."""
        self._transport = transport
        self._open = True
        self._opened_at = self._touched_at = self._loop.time()
        self._check_time()
        self._owner.on_opened(self)
        if early:
            self.data_received(early)

    def abandoned(self) -> None:
        """The client had gone before the upgrade could be answered; its `$connect` has run, so this is a close."""
        self._owner.on_closed(self, CloseStatus(ABNORMAL, ""))

    def send(self, payload: bytes) -> bool:
        """Puts a message into the socket's buffer: as text, or as binary where it is not UTF-8 (which of the two AWS
        sends then is unverified). Longer than a frame may be, it goes as several frames (unverified as well).

        It counts as activity for the idle timeout, which is unverified too. Returns False if the connection is closed,
        or is dropped now, as it was congested already: nobody is there to be told to wait.
        """
        if not self._open:
            return False
        if self.congested:
            self._drop()
            return False
        self._touch()
        opcode = TEXT if payload.isascii() or _is_utf8(payload) else BINARY
        return self._write(write_message(opcode, payload, self._limits.frame_bytes))

    @property
    def congested(self) -> bool:
        """Whether more waits for the client than may: it reads too slowly."""
        transport = self._transport
        return transport is not None and transport.get_write_buffer_size() > self._limits.outgoing_buffer_bytes

    def close(self, code: int, reason: str) -> None:
        """Starts the closing handshake; the socket goes when the client has answered, or after the close timeout."""
        self._end(CloseStatus(code, reason), write_close(code, reason))

    def abort(self) -> None:
        """Ends the connection at once, without a handshake."""
        if self._transport is not None:
            self._transport.abort()

    def answered(self) -> None:
        """One message in flight was answered, or given up."""
        self.in_flight -= 1
        if self._paused and self._open and self.in_flight <= self._limits.messages_in_flight // 2:
            self._paused = False
            self._read_buffered()
            if not self._paused and self._transport is not None and not self._transport.is_closing():
                self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if not self._paused:
            self._read_buffered()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the signature is asyncio's
        self._end(CloseStatus(ABNORMAL, ""), b"")
        if self._timer is not None:
            self._timer.cancel()
        self._buffer = b""
        self._owner.on_gone(self)

    def _read_buffered(self) -> None:
        """Handles the whole frames in the buffer, and keeps what is left. A connection that closes is read on only to
        see the client's own close frame."""
        data, position = self._buffer, 0
        self._buffer = b""
        try:
            while not self._paused:
                frame = read_frame(data, position, self._limits.frame_bytes)
                if frame is None:
                    break
                position = frame.end
                self._handle(frame)
        except FrameError as error:
            self.close(error.code, error.reason)
            return
        if position < len(data):
            self._buffer = data[position:] if position else data

    def _handle(self, frame: Frame) -> None:
        opcode = frame.opcode
        if opcode == CLOSE:
            self._handle_close(frame.payload)
        elif not self._open:
            return
        elif opcode == PING:
            if self.congested:
                self._drop()
            else:
                self._write(write_frame(PONG, frame.payload))
        elif opcode != PONG:
            self._touch()
            self._assemble(frame)

    def _handle_close(self, payload: bytes) -> None:
        status = read_close(payload)
        self._end(status, write_close(status.code, ""))
        if self._transport is not None:
            self._transport.close()

    def _assemble(self, frame: Frame) -> None:
        started = self._fragments is not None
        if started != (frame.opcode == CONTINUATION):
            raise FrameError(PROTOCOL_ERROR, "Fragments are out of order")
        payload = frame.payload
        if self._fragments is not None or not frame.final:
            fragments = self._fragments = self._fragments or []
            fragments.append(payload)
            if sum(map(len, fragments)) > self._limits.message_bytes:
                raise FrameError(TOO_BIG, "Message is too large")
            if len(fragments) >= _FRAGMENTS_TO_JOIN:
                fragments[:] = [b"".join(fragments)]
            if not frame.final:
                return
            payload = b"".join(fragments)
            self._fragments = None
        self._deliver(payload)

    def _deliver(self, payload: bytes) -> None:
        try:
            text = payload.decode()
        except UnicodeDecodeError as error:
            raise FrameError(INVALID_DATA, "Text is not UTF-8") from error
        self.in_flight += 1
        if self.in_flight >= self._limits.messages_in_flight and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        self._owner.on_message(self, text, len(payload))

    def _touch(self) -> None:
        self._touched_at = self._loop.time()
        self.last_active_ms = now_ms()

    def _write(self, data: bytes) -> bool:
        transport = self._transport
        if transport is None or transport.is_closing():
            return False
        transport.write(data)
        return True

    def _drop(self) -> None:
        self._end(CloseStatus(ABNORMAL, "Client reads too slowly"), b"")
        self.abort()

    def _end(self, status: CloseStatus, farewell: bytes) -> None:
        if not self._open:
            return
        self._open = False
        self._fragments = None
        transport = self._transport
        if transport is not None and not transport.is_closing():
            if farewell:
                transport.write(farewell)
            if self._paused:
                self._paused = False
                transport.resume_reading()
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_later(self._limits.close_timeout_s, transport.abort)
        self._owner.on_closed(self, status)

    def _check_time(self) -> None:
        now = self._loop.time()
        due = min(self._touched_at + self._limits.idle_timeout_s, self._opened_at + self._limits.max_duration_s)
        if due <= now:
            self.close(GOING_AWAY, "Going away")
        else:
            self._timer = self._loop.call_at(due, self._check_time)


_FRAGMENTS_TO_JOIN = 64


def _is_utf8(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True
