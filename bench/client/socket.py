"""A WebSocket at its barest: text frames in and out, how it closed. Devices and the load generator are built on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from picows import WSCloseCode, WSFrame, WSHandshakeError, WSListener, WSMsgType, WSTransport, ws_connect

ABNORMAL = 1006
MAX_FRAME = 1 << 20


class UpgradeRefusedError(Exception):
    """The upgrade was answered with an HTTP status other than 101; `status` is 0 where there was no answer."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"upgrade refused with {status}")
        self.status = status
        self.body = body


@dataclass(frozen=True, slots=True)
class Closed:
    """How a socket ended, as the other side told it; 1006 where it said nothing (RFC 6455, 7.1.5)."""

    code: int
    reason: str


class Watch(Protocol):
    """Sees the text messages of one socket, whoever sends and takes them."""

    def on_sent(self, payload: bytes) -> None: ...

    def on_received(self, payload: bytes) -> None: ...


class Socket(WSListener):
    """One open WebSocket. `on_text` gets each text message's bytes, on the event loop, and must not raise.

    `new_watch`, where it is set, makes a watch for each socket that is opened from then on.
    """

    new_watch: ClassVar[Callable[[], Watch] | None] = None

    def __init__(self, on_text: Callable[[bytes], None]) -> None:
        self._on_text = on_text
        self._watch = None if Socket.new_watch is None else Socket.new_watch()
        self._parts: list[bytes] = []
        self.transport: WSTransport | None = None
        self.closed: asyncio.Future[Closed] = asyncio.get_running_loop().create_future()

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if kind is WSMsgType.TEXT and frame.fin:
            self._take(frame.get_payload_as_bytes())
        elif kind is WSMsgType.TEXT or kind is WSMsgType.CONTINUATION:
            self._parts.append(frame.get_payload_as_bytes())
            if frame.fin:
                whole, self._parts = b"".join(self._parts), []
                self._take(whole)
        elif kind is WSMsgType.CLOSE:
            self._end(Closed(int(frame.get_close_code().value), frame.get_close_reason() or ""))
            transport.send_close(_answer_to(frame.get_close_code()))
            transport.disconnect()

    def _take(self, payload: bytes) -> None:
        if self._watch is not None:
            self._watch.on_received(payload)
        self._on_text(payload)

    def on_ws_disconnected(self, transport: WSTransport) -> None:  # noqa: ARG002 - picows names the parameters
        self._end(Closed(ABNORMAL, ""))

    def _end(self, how: Closed) -> None:
        if not self.closed.done():
            self.closed.set_result(how)

    def send_text(self, payload: bytes) -> None:
        """Queues a text message of one frame.

        Raises:
            ConnectionError: the socket is closed.
        """
        if self._watch is not None:
            self._watch.on_sent(payload)
        self._send(WSMsgType.TEXT, payload)

    def send_binary(self, payload: bytes) -> None:
        """Queues a binary message of one frame; raises like `send_text`."""
        self._send(WSMsgType.BINARY, payload)

    def _send(self, kind: WSMsgType, payload: bytes) -> None:
        if self.transport is None or self.closed.done():
            raise ConnectionError("the socket is closed")
        self.transport.send(kind, payload)

    async def close(self, *, timeout_s: float = 5) -> None:
        """Says goodbye (1000) and waits until the connection is gone; harmless on a closed one."""
        if self.transport is None:
            return
        if not self.closed.done():
            self.transport.send_close(WSCloseCode.OK)  # without a code picows sends 1005, which no endpoint may send
        try:
            async with asyncio.timeout(timeout_s):
                await self.transport.wait_disconnected()
        except TimeoutError:
            self.transport.disconnect(graceful=False)

    def abort(self) -> None:
        """Cuts the connection without a word, as a device that loses its network does."""
        if self.transport is not None:
            self.transport.disconnect(graceful=False)


def _answer_to(code: WSCloseCode) -> WSCloseCode:
    """What a close frame is answered with: its own code, or 1000 where it has none, which 1005 stands for."""
    return WSCloseCode.OK if code == WSCloseCode.NO_INFO else code


async def open_socket(
    url: str, on_text: Callable[[bytes], None], *, access_token: str | None = None, timeout_s: float = 15
) -> Socket:
    """Opens a WebSocket.

    Args:
        url: where to; carries a ticket unless `access_token` goes along as an Authorization header.
        on_text: see `Socket`.
        timeout_s: for the upgrade, in seconds.

    Raises:
        UpgradeRefusedError: the server said no, or closed without an answer.
        OSError: nobody listens there.
        TimeoutError: no answer in time.
    """
    headers = {"Authorization": f"Bearer {access_token}"} if access_token else None
    try:
        _, listener = await ws_connect(
            lambda: Socket(on_text),
            url,
            extra_headers=headers,
            websocket_handshake_timeout=timeout_s,
            max_frame_size=MAX_FRAME,
            max_redirects=0,
        )
    except WSHandshakeError as error:
        status = int(error.response.status) if error.response else 0
        raise UpgradeRefusedError(status, error.raw_body or b"") from error
    assert isinstance(listener, Socket)
    return listener
