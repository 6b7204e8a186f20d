"""Reading HTTP/1.1 responses (RFC 9112) as they arrive, as far as a client that only posts needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_MAX_HEAD_BYTES: Final = 65_536
_HEAD_END: Final = b"\r\n\r\n"


class ProtocolError(Exception):
    """What came is not HTTP/1.1; the connection is of no more use."""


@dataclass(frozen=True, slots=True)
class Response:
    """A whole response; its body is dropped. `reusable` says whether the connection takes another request."""

    status: int
    reusable: bool


class ResponseReader:
    """Takes the bytes of one response after another."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._status = 0
        self._reusable = True
        self._left: int | None = None
        self._chunked = False
        self._in_body = False

    @property
    def is_clean(self) -> bool:
        """Whether nothing of a response has come since the last whole one."""
        return not self._in_body and not self._buffer

    def feed(self, data: bytes) -> Response | None:
        """The response that these bytes complete, or None.

        Raises:
            ProtocolError: see there.
        """
        self._buffer += data
        while not self._in_body:
            if not self._read_head():
                return None
        complete = self._read_chunks() if self._chunked else self._read_length()
        return self._finish() if complete else None

    def feed_eof(self) -> Response | None:
        """The response that ends with the connection (RFC 9112, section 6.3, rule 8), or None."""
        if self._in_body and self._left is None and not self._chunked:
            self._reusable = False
            return self._finish()
        return None

    def _finish(self) -> Response:
        response = Response(self._status, self._reusable and not self._buffer)
        self._in_body = False
        return response

    def _read_head(self) -> bool:
        end = self._buffer.find(_HEAD_END)
        if end < 0:
            if len(self._buffer) > _MAX_HEAD_BYTES:
                raise ProtocolError("the head of a response has no end")
            return False
        status_line, *lines = bytes(self._buffer[:end]).split(b"\r\n")
        del self._buffer[: end + len(_HEAD_END)]
        version, _, rest = status_line.partition(b" ")
        if version not in {b"HTTP/1.1", b"HTTP/1.0"} or not rest[:3].isdigit():
            raise ProtocolError("not a response of HTTP/1.1")
        self._status = int(rest[:3])
        if self._status < 200:  # an interim response: the real one follows
            return True
        self._reusable = version == b"HTTP/1.1"
        self._read_headers(lines)
        self._in_body = True
        return True

    def _read_headers(self, lines: list[bytes]) -> None:
        self._left, self._chunked = None, False
        for line in lines:
            name, _, value = line.partition(b":")
            match name.lower():
                case b"content-length":
                    if not value.strip().isdigit():
                        raise ProtocolError("a bad content-length")
                    self._left = int(value)
                case b"transfer-encoding":
                    self._chunked = value.strip().lower() == b"chunked"
                case b"connection":
                    self._reusable = self._reusable and value.strip().lower() != b"close"
        if self._status in {204, 304}:
            self._left, self._chunked = 0, False

    def _read_length(self) -> bool:
        if self._left is None:
            self._buffer.clear()
            return False
        taken = min(self._left, len(self._buffer))
        del self._buffer[:taken]
        self._left -= taken
        return self._left == 0

    def _read_chunks(self) -> bool:
        """Drops whole chunks; the last one is empty and is followed by trailers and an empty line."""
        while (end := self._buffer.find(b"\r\n")) >= 0:
            try:
                size = int(bytes(self._buffer[:end]).partition(b";")[0], 16)
            except ValueError as error:
                raise ProtocolError("a bad chunk size") from error
            if size == 0:
                return self._read_trailers(end)
            if len(self._buffer) < end + 2 + size + 2:
                return False
            del self._buffer[: end + 2 + size + 2]
        return False

    def _read_trailers(self, end: int) -> bool:
        finish = self._buffer.find(_HEAD_END, end)
        if finish < 0:
            return False
        del self._buffer[: finish + len(_HEAD_END)]
        return True
