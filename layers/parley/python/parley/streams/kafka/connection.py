"""One connection to one broker."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from parley.streams.kafka.errors import BrokerError, KafkaError
from parley.streams.kafka.wire import Reader, byte_string, int16, int32, string

_CLIENT_ID: Final = "parley"
_SASL_HANDSHAKE: Final = (17, 1)
_SASL_AUTHENTICATE: Final = (36, 1)
_MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024
_MAX_IDLE_S: Final = 120.0


class SignIn(Protocol):
    """How a client proves who it is."""

    mechanism: str

    def first_message(self, host: str) -> bytes:
        """What is said to the broker on `host`."""
        ...


class BrokerConnection:
    """Requests to one broker and its answers, which come in the order of the requests.

    Args:
        host: the broker's name, by which TLS knows it too.
        port: where it listens.
        tls: None speaks plain TCP.
        sign_in: None says nothing.
        deadline: by `time.monotonic()`, until when it must be open.

    Raises:
        KafkaError: it cannot be reached in time, or does not let us in.
    """

    def __init__(
        self, host: str, port: int, *, tls: ssl.SSLContext | None, sign_in: SignIn | None, deadline: float
    ) -> None:
        self._correlation_id = 0
        self._used_at = time.time()
        try:
            self._socket = _connect(host, port, tls, deadline)
        except OSError as error:
            raise KafkaError(f"the broker cannot be reached: {type(error).__name__}") from error
        if sign_in is not None:
            try:
                self._sign_in(sign_in, host, deadline)
            except BaseException:
                self.close()
                raise

    @property
    def is_fresh(self) -> bool:
        """Whether another request may go out: not idle for long, and not closed by the broker.

        By the wall clock, as the monotonic one may stand still while Lambda keeps the process frozen.
        """
        if abs(time.time() - self._used_at) > _MAX_IDLE_S:
            return False
        readable, _, _ = select.select([self._socket], [], [], 0)
        return not readable

    def ask(self, api: tuple[int, int], body: bytes, deadline: float) -> Reader:
        """Sends a request and waits for its answer. Raises KafkaError when there is none in time."""
        return self.receive(self.send(api, body, deadline), deadline)

    def send(self, api: tuple[int, int], body: bytes, deadline: float) -> int:
        """Sends a request of this API key and version; gives the number that its answer will bear."""
        self._correlation_id += 1
        key, version = api
        head = int16(key) + int16(version) + int32(self._correlation_id) + string(_CLIENT_ID)
        with _as_kafka_errors():
            self._socket.settimeout(_left_s(deadline))
            self._socket.sendall(int32(len(head) + len(body)) + head + body)
        return self._correlation_id

    def receive(self, correlation_id: int, deadline: float) -> Reader:
        """The answer to the request of that number, which must be the next one."""
        with _as_kafka_errors():
            length = Reader(self._read(4, deadline)).int32()
            if not 4 <= length <= _MAX_ANSWER_BYTES:
                raise KafkaError("not an answer of Kafka's protocol")
            answer = Reader(self._read(length, deadline))
        self._used_at = time.time()
        if answer.int32() != correlation_id:
            raise KafkaError("an answer to another request")
        return answer

    def close(self) -> None:
        """Ends the connection."""
        with contextlib.suppress(OSError):
            self._socket.close()

    def _read(self, length: int, deadline: float) -> bytes:
        data = bytearray()
        while len(data) < length:
            self._socket.settimeout(_left_s(deadline))
            part = self._socket.recv(length - len(data))
            if not part:
                raise KafkaError("the broker closed the connection")
            data += part
        return bytes(data)

    def _sign_in(self, sign_in: SignIn, host: str, deadline: float) -> None:
        answer = self.ask(_SASL_HANDSHAKE, string(sign_in.mechanism), deadline)
        _check(answer.int16())
        answer = self.ask(_SASL_AUTHENTICATE, byte_string(sign_in.first_message(host)), deadline)
        _check(answer.int16())


Connect = Callable[[str, int, float], BrokerConnection]
"""Opens a connection to a host and port, by a deadline."""


def _connect(host: str, port: int, tls: ssl.SSLContext | None, deadline: float) -> socket.socket:
    plain = socket.create_connection((host, port), timeout=_left_s(deadline))
    try:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is None:
            return plain
        plain.settimeout(_left_s(deadline))
        return tls.wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise


@contextlib.contextmanager
def _as_kafka_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise KafkaError(f"the connection failed: {type(error).__name__}") from error


def _check(code: int) -> None:
    if code:
        raise BrokerError(code)


def _left_s(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("no time is left")
    return left
