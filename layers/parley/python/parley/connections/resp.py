"""A client of the Redis protocol, RESP2, as far as Parley uses it: pipelines of commands over TCP or TLS.

It exists for cold starts: every WebSocket function talks to Valkey, and importing redis-py takes longer (0.3 s) than a
whole function may (docs/adr has the figures). Protocol: https://valkey.io/topics/protocol/.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from parley.domain.errors import UnavailableError

if TYPE_CHECKING:
    import ssl

Argument = bytes | str | int
Command = Sequence[Argument]
Reply = bytes | int | str | None | list["Reply"]
"""Bulk strings are bytes, simple strings str, and a missing value None."""

_DEFAULT_PORT: Final = 6379
_IDLE_S: Final = 60.0
_READ_SIZE: Final = 65_536
_CRLF: Final = b"\r\n"


class ReplyError(Exception):
    """The server refused a command: a bug or a wrong setting, and nothing that another try would help."""


class RespClient:
    """Connections to one server, opened when needed and kept for the next call. Safe to use from several threads.

    Args:
        url: `redis://` or `rediss://` (TLS), `[user[:password]@]host[:port][/database]`.
        timeout_s: for a whole call, connecting included.
    """

    def __init__(self, url: str, *, timeout_s: float) -> None:
        self._address = _Address(url)
        self._timeout_s = timeout_s
        self._idle: list[_Wire] = []
        self._lock = threading.Lock()

    def execute(self, *commands: Command) -> list[Reply]:
        """Sends the commands together and returns their replies, in one round trip.

        They are not a transaction: others' commands may come between. Nothing is sent twice.

        Raises:
            UnavailableError: no complete answer in time. Any of the commands may have been carried out.
            ReplyError: the server refused one; the others were carried out.
        """
        deadline = time.monotonic() + self._timeout_s
        try:
            wire = self._take() or _Wire(self._address, deadline)
            try:
                replies = wire.exchange(commands, deadline)
            except BaseException:
                wire.close()
                raise
        except (OSError, EOFError) as error:
            raise UnavailableError("Valkey cannot be reached.", retry_after_s=1.0) from error
        self._give_back(wire)
        for reply in replies:
            if isinstance(reply, ReplyError):
                raise reply
        return [reply for reply in replies if not isinstance(reply, ReplyError)]

    def close(self) -> None:
        """Ends the idle connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for wire in idle:
            wire.close()

    def _take(self) -> _Wire | None:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                wire = self._idle.pop()
            if wire.is_fresh():
                return wire
            wire.close()

    def _give_back(self, wire: _Wire) -> None:
        with self._lock:
            self._idle.append(wire)


class _Address:
    """Where the server is and how to sign in there."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"redis", "rediss"} or not parts.hostname:
            raise ValueError("the address of Valkey must look like redis://host:port/0 or rediss://host:port/0")
        self.host = parts.hostname
        self.port = parts.port or _DEFAULT_PORT
        self.tls = parts.scheme == "rediss"
        self.greeting: list[Command] = []
        if parts.password:
            user = [unquote(parts.username)] if parts.username else []
            self.greeting.append(["AUTH", *user, unquote(parts.password)])
        database = parts.path.strip("/")
        if database and database != "0":
            self.greeting.append(["SELECT", database])
        self._context: ssl.SSLContext | None = None

    def connect(self, timeout_s: float) -> socket.socket:
        plain = socket.create_connection((self.host, self.port), timeout=timeout_s)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if not self.tls:
                return plain
            if self._context is None:
                import ssl  # noqa: PLC0415 - only where the server is far

                self._context = ssl.create_default_context()
            return self._context.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise


class _Wire:
    """One connection."""

    def __init__(self, address: _Address, deadline: float) -> None:
        self._socket = address.connect(_left_s(deadline))
        self._buffer = bytearray()
        self._at = 0
        self._used_at = time.time()
        try:
            for reply in self.exchange(address.greeting, deadline):
                if isinstance(reply, ReplyError):
                    raise reply
        except BaseException:
            self.close()
            raise

    def exchange(self, commands: Sequence[Command], deadline: float) -> list[Reply | ReplyError]:
        if not commands:
            return []
        self._socket.settimeout(_left_s(deadline))
        self._socket.sendall(b"".join(map(encode_command, commands)))
        replies = [self._read_reply(deadline) for _ in commands]
        self._used_at = time.time()
        return replies

    def is_fresh(self) -> bool:
        """Whether the connection may be used again: not idle for long, and not closed by the other side.

        By the wall clock, as the monotonic one may stand still while Lambda keeps the process frozen.
        """
        if abs(time.time() - self._used_at) > _IDLE_S:
            return False
        readable, _, _ = select.select([self._socket], [], [], 0)
        return not readable

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.close()

    def _read_reply(self, deadline: float) -> Reply | ReplyError:
        line = self._read_line(deadline)
        kind, rest = line[:1], line[1:]
        if kind == b"$":
            return None if rest == b"-1" else self._read_bulk(int(rest), deadline)
        if kind == b":":
            return int(rest)
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            return ReplyError(rest.decode(errors="replace"))
        if kind == b"*":
            return None if rest == b"-1" else self._read_array(int(rest), deadline)
        raise EOFError("not a reply of the Redis protocol")

    def _read_array(self, length: int, deadline: float) -> list[Reply]:
        items: list[Reply] = []
        for _ in range(length):
            item = self._read_reply(deadline)
            if isinstance(item, ReplyError):
                raise item
            items.append(item)
        return items

    def _read_line(self, deadline: float) -> bytes:
        while (end := self._buffer.find(_CRLF, self._at)) < 0:
            self._receive(deadline)
        line = bytes(self._buffer[self._at : end])
        self._skip_to(end + 2)
        return line

    def _read_bulk(self, length: int, deadline: float) -> bytes:
        while len(self._buffer) < self._at + length + 2:
            self._receive(deadline)
        value = bytes(self._buffer[self._at : self._at + length])
        self._skip_to(self._at + length + 2)
        return value

    def _skip_to(self, at: int) -> None:
        self._at = at
        if at == len(self._buffer):
            self._buffer.clear()
            self._at = 0

    def _receive(self, deadline: float) -> None:
        self._socket.settimeout(_left_s(deadline))
        data = self._socket.recv(_READ_SIZE)
        if not data:
            raise EOFError("the server closed the connection")
        self._buffer += data


def encode_command(command: Command) -> bytes:
    """The command as an array of bulk strings."""
    parts = [b"*%d\r\n" % len(command)]
    for argument in command:
        value = argument if isinstance(argument, bytes) else str(argument).encode()
        parts.append(b"$%d\r\n%b\r\n" % (len(value), value))
    return b"".join(parts)


def _left_s(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("no answer in time")
    return left
