"""An HTTP request as it was read, and the answer as it will be written."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

import orjson

from local.gateway.identifiers import http_date

JSON = "application/json"

_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}


@dataclass(slots=True)
class HttpRequest:
    """A whole request. `path` and `query` are as they came, still percent-encoded; header names keep their case.

    `by_name` has each header once, by its lower-case name, several of a name joined by commas. `received_at` is the
    event loop's clock, seconds.
    """

    method: str
    path: str
    query: str
    version: str
    headers: list[tuple[str, str]]
    body: bytes
    source_ip: str
    keep_alive: bool
    received_at: float
    by_name: Mapping[str, str]

    def header(self, name: str) -> str:
        """The value of a header by its lower-case name, several joined by commas; "" where there is none."""
        return self.by_name.get(name, "")

    @property
    def wants_websocket(self) -> bool:
        """Whether the request asks to go on as a WebSocket (RFC 6455, section 4.1)."""
        return (
            self.method == "GET"
            and self.header("upgrade").lower() == "websocket"
            and "upgrade" in [token.strip().lower() for token in self.header("connection").split(",")]
        )


@dataclass(slots=True)
class HttpResponse:
    """An answer. `close` ends the connection after it; the length, the date and `connection` are added when written."""

    status: int
    body: bytes = b""
    headers: Sequence[tuple[str, str]] = ()
    close: bool = False

    def encode(self, *, head_only: bool, close: bool) -> bytes:
        """The bytes for the wire; `head_only` leaves the body out, as the answer to HEAD must."""
        lines = [_STATUS_LINES.get(self.status) or f"HTTP/1.1 {self.status} \r\n", "date: ", http_date(), "\r\n"]
        for name, value in self.headers:
            lines += (name, ": ", value, "\r\n")
        if self.status >= 200 and self.status not in (204, 304):
            lines.append(f"content-length: {len(self.body)}\r\n")
        lines.append("connection: close\r\n\r\n" if close else "connection: keep-alive\r\n\r\n")
        head = "".join(lines).encode("latin-1", "replace")
        return head if head_only or self.status in (204, 304) else head + self.body


class UpgradedProtocol(Protocol):
    """What takes a connection over after its upgrade."""

    def as_protocol(self) -> asyncio.Protocol:
        """The protocol that the transport is to call from now on."""

    def opened(self, transport: asyncio.Transport, early: bytes) -> None:
        """The upgrade was answered; `early` is what the client sent before it could have seen that."""

    def abandoned(self) -> None:
        """The client had gone before the upgrade could be answered."""


@dataclass(slots=True)
class Upgrade:
    """The upgrade is granted: `head` is the whole 101 answer."""

    head: bytes
    protocol: UpgradedProtocol


def headers_by_name(headers: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Headers by their lower-case names, several of a name joined by commas."""
    by_name: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        by_name[key] = f"{by_name[key]},{value}" if key in by_name else value
    return by_name


def message_response(status: int, message: str, *headers: tuple[str, str], close: bool = False) -> HttpResponse:
    """The gateway's own answers: `{"message": …}` as JSON."""
    return json_response(status, {"message": message}, *headers, close=close)


def json_response(status: int, body: object, *headers: tuple[str, str], close: bool = False) -> HttpResponse:
    """An answer with a JSON body."""
    return HttpResponse(status, orjson.dumps(body), (("content-type", JSON), *headers), close)
