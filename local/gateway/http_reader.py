"""Reads HTTP/1.1 requests out of a stream of bytes, within limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import httptools

from local.gateway.http_message import HttpRequest, HttpResponse, headers_by_name, message_response


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Bounds of one request, in bytes: the request line with all headers, and the body."""

    header_bytes: int
    body_bytes: int


class HttpReader:
    """Turns bytes into requests, for one connection.

    `on_item` gets each request when it is whole; or, once, the answer that refuses what cannot be read, after which
    nothing more is read. `on_continue` is called where the client waits for leave to send its body. The sum of request
    line and headers is counted as AWS counts it, without separators.
    """

    def __init__(
        self,
        limits: HttpLimits,
        *,
        source_ip: str,
        clock: Callable[[], float],
        on_item: Callable[[HttpRequest | HttpResponse], None],
        on_continue: Callable[[], None],
    ) -> None:
        self._limits = limits
        self._source_ip = source_ip
        self._clock = clock
        self._on_item = on_item
        self._on_continue = on_continue
        self._parser: httptools.HttpRequestParser | None = httptools.HttpRequestParser(self)
        self._refusal: HttpResponse | None = None
        self._websocket = False
        self._clear()

    def _clear(self) -> None:
        self._target = b""
        self._headers: list[tuple[str, str]] = []
        self._by_name: dict[str, str] = {}
        self._head_bytes = 0
        self._line_bytes = 0
        self._in_head = True
        self._body: list[bytes] = []
        self._body_bytes = 0
        self.started_at: float | None = None

    def feed(self, data: bytes) -> bytes | None:
        """Reads on. Returns None; or, where a request asked for a WebSocket, the bytes after it, and reads no more."""
        while data and self._parser is not None:
            rest = self._feed(self._parser, data)
            if self._refusal is not None:
                self._refuse(self._refusal)
                return None
            if self._websocket:
                self.end()
                return rest
            data = rest
        return None

    def end(self) -> None:
        """Lets go of the parser, which holds this object; nothing is read afterwards."""
        self._parser = None

    def _feed(self, parser: httptools.HttpRequestParser, data: bytes) -> bytes:
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            # Upgrades to anything but a WebSocket are ignored (RFC 9110, 7.8): what follows is the next request.
            self._parser = httptools.HttpRequestParser(self)
            return data[upgrade.args[0] :]
        except (httptools.HttpParserError, httptools.HttpParserCallbackError):
            self._refusal = self._refusal or message_response(400, "Bad Request", close=True)
            return b""
        if self._in_head and self.started_at is not None:
            # The parser keeps an unfinished line to itself until it ends, so its length is counted here.
            line_start = data.rfind(b"\n") + 1
            self._line_bytes = len(data) - line_start + (0 if line_start else self._line_bytes)
            if self._line_bytes > self._limits.header_bytes:
                self._too_many_headers()
        return b""

    def _refuse(self, refusal: HttpResponse) -> None:
        self.end()
        self._on_item(refusal)

    def _too_many_headers(self) -> None:
        self._refusal = self._refusal or message_response(431, "Request Header Fields Too Large", close=True)

    def _body_too_large(self) -> None:
        self._refusal = self._refusal or message_response(413, "Request Entity Too Large", close=True)

    def on_message_begin(self) -> None:
        """Called by the parser: a request starts."""
        self._clear()
        self.started_at = self._clock()

    def on_url(self, url: bytes) -> None:
        """Called by the parser with a piece of the request target."""
        self._count_head(len(url))
        if self._refusal is None:
            self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser with a whole header, or with a trailer after a chunked body, which is dropped."""
        self._count_head(len(name) + len(value))
        if self._refusal is None and self._in_head:
            self._headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def _count_head(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > self._limits.header_bytes:
            self._too_many_headers()

    def on_headers_complete(self) -> None:
        """Called by the parser: refuses what is said to be too large before it is sent."""
        self._in_head = False
        names = self._by_name = headers_by_name(self._headers)
        length = names.get("content-length", "")
        if length.isdecimal() and int(length) > self._limits.body_bytes:
            self._body_too_large()
        elif names.get("expect", "").lower() == "100-continue" and self._refusal is None:
            self._on_continue()

    def on_body(self, piece: bytes) -> None:
        """Called by the parser with a piece of the body."""
        self._body_bytes += len(piece)
        if self._body_bytes > self._limits.body_bytes:
            self._body_too_large()
            self._body.clear()
        elif self._refusal is None:
            self._body.append(piece)

    def on_message_complete(self) -> None:
        """Called by the parser: the request is whole."""
        parser = self._parser
        if self._refusal is not None or parser is None or self._websocket:
            return
        request = self._request(parser)
        if request is None:
            self._refusal = message_response(400, "Bad Request", close=True)
            return
        self._websocket = parser.should_upgrade() and request.wants_websocket
        self._clear()
        self._on_item(request)

    def _request(self, parser: httptools.HttpRequestParser) -> HttpRequest | None:
        version = parser.get_http_version()
        target = _origin_form(self._target.decode("latin-1"))
        path, _, query = target.partition("#")[0].partition("?")
        request = HttpRequest(
            method=parser.get_method().decode("ascii"),
            path=path,
            query=query,
            version=version,
            headers=self._headers,
            by_name=self._by_name,
            body=b"".join(self._body),
            source_ip=self._source_ip,
            keep_alive=parser.should_keep_alive(),
            received_at=self.started_at if self.started_at is not None else self._clock(),
        )
        if version not in ("1.0", "1.1") or (version == "1.1" and "host" not in request.by_name):
            return None
        return request


def _origin_form(target: str) -> str:
    """The target without scheme and authority, which a server must accept (RFC 9112, 3.2.2)."""
    if target[:7].lower() != "http://":
        return target
    parts = urlsplit(target)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
