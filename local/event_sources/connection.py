"""One connection to a Kafka broker on the event loop: requests go out at once, answers come in order."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import cast

from local.event_sources.security import CLEAR, Security
from local.event_sources.wire import Broker, KafkaError, request, text


class Connection(asyncio.Protocol):
    """Sends requests and matches answers to them. Opened by `connect`."""

    def __init__(self, client: str) -> None:
        self._client = text(client)
        self._transport: asyncio.Transport | None = None
        self._waiting: deque[tuple[int, asyncio.Future[bytes]]] = deque()
        self._sent = 0
        self._pieces = bytearray()

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._transport is None

    def send(self, api: int, version: int, body: bytes) -> asyncio.Future[bytes]:
        """Sends a request; the future gets the answer's body, or `KafkaError` when the connection is lost before.

        Raises:
            KafkaError: the connection is lost already.
        """
        if self._transport is None:
            raise KafkaError("the connection is lost")
        self._sent = (self._sent + 1) & 0x7FFFFFFF
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting.append((self._sent, answer))
        self._transport.write(request(api, version, self._sent, self._client, body))
        return answer

    def close(self) -> None:
        """Cuts the connection; requests without an answer are cancelled."""
        for _, answer in self._waiting:
            answer.cancel()
        self._waiting.clear()
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fails what has no answer."""
        self._transport = None
        for _, answer in self._waiting:
            if not answer.done():
                answer.set_exception(KafkaError(f"the connection was lost: {exc or 'closed by the broker'}"))
                answer.exception()  # whoever waits still gets it; that nobody may be waiting is no news
        self._waiting.clear()

    def data_received(self, data: bytes) -> None:
        """Cuts answers out of the stream."""
        pieces = self._pieces
        pieces += data
        at = 0
        while len(pieces) - at >= 4:
            size = int.from_bytes(pieces[at : at + 4], "big")
            if len(pieces) - at - 4 < size:
                break
            self._answered(bytes(pieces[at + 4 : at + 4 + size]))
            at += 4 + size
        if at:
            del pieces[:at]

    def _answered(self, frame: bytes) -> None:
        correlation, answer = self._waiting.popleft() if self._waiting else (-1, None)
        if answer is None or correlation != int.from_bytes(frame[:4], "big"):
            self.close()
        elif not answer.done():
            answer.set_result(frame[4:])


async def connect(broker: Broker, client: str, security: Security = CLEAR) -> Connection:
    """Opens a connection, and signs in where `security` says so.

    Raises:
        OSError: nobody listens there, or its certificate is none that is trusted.
        KafkaError: the broker refuses the sign-in.
    """
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(
        lambda: Connection(client), broker.host, broker.port, ssl=security.context
    )
    try:
        await security.sign_in(connection, broker.host)
    except BaseException:
        connection.close()
        raise
    return connection
