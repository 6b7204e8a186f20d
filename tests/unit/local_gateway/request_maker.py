"""Requests for tests, as the reader makes them."""

from __future__ import annotations

from local.gateway.http_message import HttpRequest, headers_by_name


def request(
    method: str = "GET", target: str = "/", body: bytes = b"", headers: tuple[tuple[str, str], ...] = ()
) -> HttpRequest:
    """A request from this machine."""
    path, _, query = target.partition("?")
    return HttpRequest(
        method=method,
        path=path,
        query=query,
        version="1.1",
        headers=list(headers),
        by_name=headers_by_name(headers),
        body=body,
        source_ip="127.0.0.1",
        keep_alive=True,
        received_at=0.0,
    )
