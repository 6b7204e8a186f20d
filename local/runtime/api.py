"""AWS's Lambda Runtime API (version 2018-06-01) for one worker, on a port of its own.

The port is what tells environments apart, because the runtime client is given a host and a port and sends nothing else
that would name it. Every message passes here, so the server is a bare protocol on a C parser, and answers are bytes
made ready beforehand. Request headers are never looked at: what they carry is in the bodies too.

Source: AWS Lambda developer guide, "Using the Lambda runtime API for custom runtimes".
"""

from __future__ import annotations

import asyncio
from typing import Protocol, cast
from urllib.parse import unquote

import httptools

from local.runtime.settings import MAX_RESPONSE_BYTES

PREFIX = b"/2018-06-01/runtime/"
NEXT = PREFIX + b"invocation/next"
INIT_ERROR = PREFIX + b"init/error"
INVOCATION = PREFIX + b"invocation/"
POINT = b"/_local/points/"
"""Not AWS's: where code that was started with `local/runtime/hook.py` says that it has come to a named place."""
JSON_HEAD = b"Content-Type: application/json\r\nContent-Length: "

GO_ON = b"HTTP/1.1 204 No Content\r\n\r\n"
ACCEPTED = b"HTTP/1.1 202 Accepted\r\n" + JSON_HEAD + b'16\r\n\r\n{"status":"OK"}\n'


def _refusal(status: bytes, error_type: bytes, message: bytes) -> bytes:
    body = b'{"errorMessage":"' + message + b'","errorType":"' + error_type + b'"}\n'
    return b"HTTP/1.1 " + status + b"\r\n" + JSON_HEAD + b"%d\r\n\r\n" % len(body) + body


UNKNOWN_ID = _refusal(b"400 Bad Request", b"InvalidRequestID", b"Invalid request ID")
NOT_FOUND = _refusal(b"404 Not Found", b"NotFound", b"404 page not found")
TOO_LARGE = _refusal(
    b"413 Request Entity Too Large",
    b"RequestEntityTooLarge",
    b"Exceeded maximum allowed payload size (%d bytes)." % MAX_RESPONSE_BYTES,
)
FORBIDDEN = _refusal(b"403 Forbidden", b"InvalidStateTransition", b"State transition is not allowed")


class Worker(Protocol):
    """What the server tells of a worker, and asks about it."""

    def wants_next(self, connection: WorkerConnection) -> bool:
        """The worker waits for an invocation on a connection; false refuses it (it has not answered the last)."""

    def responded(self, request_id: str, body: bytes) -> bool:
        """The worker answered; false when no such invocation runs."""

    def failed(self, request_id: str, body: bytes) -> bool:
        """The worker's code raised; false when no such invocation runs."""

    def response_too_large(self, request_id: str, size: int) -> None:
        """The worker answered with more than may be taken; the answer was not kept."""

    def init_failed(self, body: bytes) -> None:
        """The worker could not start."""

    def reached(self, connection: WorkerConnection, point: str, when: str) -> None:
        """The worker's code stands at a named place until `go_on`."""

    def connected(self, connection: WorkerConnection) -> None:
        """A connection was opened."""

    def disconnected(self, connection: WorkerConnection, waited: bool) -> None:
        """A connection is gone; `waited` says that the worker waited on it for an invocation."""


class WorkerConnection(asyncio.Protocol):
    """One HTTP/1.1 connection of a worker, kept alive."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._url = b""
        self._body: list[bytes] = []
        self._size = 0
        self._waits = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the transport."""
        self._transport = cast("asyncio.Transport", transport)
        self._worker.connected(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Tells the worker's environment."""
        self._transport = None
        waited, self._waits = self._waits, False
        self._worker.disconnected(self, waited)

    def data_received(self, data: bytes) -> None:
        """Parses what came; a peer that does not speak HTTP is cut off."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            if self._transport is not None:
                self._transport.abort()

    def on_url(self, url: bytes) -> None:
        """Parser's callback: the path, perhaps in pieces."""
        self._url += url

    def on_body(self, body: bytes) -> None:
        """Parser's callback: a piece of the body. What is over the limit is counted and dropped."""
        self._size += len(body)
        if self._size <= MAX_RESPONSE_BYTES:
            self._body.append(body)
        else:
            self._body.clear()

    def on_message_complete(self) -> None:
        """Parser's callback: a request is whole."""
        url, pieces, size = self._url, self._body, self._size
        self._url, self._body, self._size = b"", [], 0
        if url == NEXT:
            self._waits = True
            if not self._worker.wants_next(self):
                self._waits = False
                self._write(FORBIDDEN)
            return
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        if url == INIT_ERROR:
            self._write(ACCEPTED)
            self._worker.init_failed(body)
            return
        if url.startswith(POINT):
            point, _, when = unquote(url.removeprefix(POINT).decode("latin-1")).partition("/")
            self._worker.reached(self, point, when)
            return
        request_id, _, verb = url.removeprefix(INVOCATION).decode("latin-1").partition("/")
        self._invocation(request_id, verb, body, size)

    def go_on(self) -> None:
        """Lets code that stands at a named place go on."""
        self._write(GO_ON)

    def abort(self) -> None:
        """Cuts the connection."""
        self._waits = False
        if self._transport is not None:
            self._transport.abort()

    def send_invocation(self, head: bytes, event: bytes) -> None:
        """Answers the request for an invocation that waits on this connection."""
        self._waits = False
        if self._transport is None:
            return
        if len(event) < 1 << 16:
            self._transport.write(head + event)
        else:
            self._transport.writelines((head, event))

    def _invocation(self, request_id: str, verb: str, body: bytes, size: int) -> None:
        if verb == "response" and size > MAX_RESPONSE_BYTES:
            self._write(TOO_LARGE)
            self._worker.response_too_large(request_id, size)
            return
        if verb == "response":
            accept = self._worker.responded
        elif verb == "error":
            accept = self._worker.failed
        else:
            self._write(NOT_FOUND)
            return
        self._write(ACCEPTED if accept(request_id, body) else UNKNOWN_ID)

    def _write(self, answer: bytes) -> None:
        if self._transport is not None:
            self._transport.write(answer)
