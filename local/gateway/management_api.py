"""@connections: how functions reach the clients of a WebSocket API.

Answers are those of the API Gateway Management API's reference. SDKs read the kind of an error from the
`x-amzn-ErrorType` header.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

from local.gateway.http_message import HttpRequest, HttpResponse, json_response
from local.gateway.identifiers import iso_time, new_id
from local.gateway.rate_limit import RateLimit
from local.gateway.sigv4 import SignatureError, SignatureVerifier
from local.gateway.websocket_connection import WebSocketConnection
from local.gateway.websocket_framing import NORMAL

if TYPE_CHECKING:
    from local.interference import Interference, PostTrouble
    from local.observer import Observer


class ManagementApi:
    """Serves `/{stage}/@connections/{id}` for the connections that are open at the moment of each call.

    Every request is answered without waiting, unless somebody interferes: a post when its frame is in the socket's
    buffer.
    """

    def __init__(
        self,
        stage: str,
        connections: Mapping[str, WebSocketConnection],
        verifier: SignatureVerifier,
        *,
        rate: RateLimit,
        post_bytes: int,
        observer: Observer,
        interference: Interference,
    ) -> None:
        self._prefixes = (f"/{stage}/@connections/", f"/{stage}/%40connections/")
        self._connections = connections
        self._verifier = verifier
        self._rate = rate
        self._post_bytes = post_bytes
        self._observer = observer
        self._interference = interference

    def serves(self, path: str) -> bool:
        """Whether a path, still percent-encoded, is one of this API's."""
        return path.startswith(self._prefixes)

    def handle(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        """Does what a request asks for and answers it."""
        trouble = self._interference.post() if request.method == "POST" else None
        if trouble is not None:
            return self._spoil(request, trouble)
        response = self._handle(request)
        if request.method == "POST":
            self._interference.posted()
        return response

    async def _spoil(self, request: HttpRequest, trouble: PostTrouble) -> HttpResponse:
        await asyncio.sleep(trouble.delay_s)
        if trouble.status is None:
            return self._handle(request)
        self._observer.post(_connection_id(request.path), trouble.status, len(request.body))
        return _SPOILT[trouble.status]()

    def _handle(self, request: HttpRequest) -> HttpResponse:
        connection_id = _connection_id(request.path)
        try:
            self._verifier.check(request)
        except SignatureError as error:
            response = _error(403, error.error_type, error.message)
        else:
            response = self._act(request, connection_id)
        if request.method == "POST":
            self._observer.post(connection_id, response.status, len(request.body))
        return response

    def _act(self, request: HttpRequest, connection_id: str) -> HttpResponse:
        if not self._rate.take():
            return _limited()
        if request.method == "POST" and len(request.body) > self._post_bytes:
            return _error(413, "PayloadTooLargeException", "Payload too large")
        connection = self._connections.get(connection_id)
        action = _ACTIONS.get(request.method)
        if action is None:
            return _error(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
        return action(connection, request.body) if connection is not None else _gone()


@lru_cache(maxsize=1024)
def _connection_id(path: str) -> str:
    return unquote(path.split("/", 3)[3])


def _post(connection: WebSocketConnection, body: bytes) -> HttpResponse:
    if connection.congested:
        # The API reference: "or the WebSocket client side buffer is full".
        return _limited()
    return HttpResponse(200, headers=_request_id()) if connection.send(body) else _gone()


def _get(connection: WebSocketConnection, _: bytes) -> HttpResponse:
    return json_response(200, _describe(connection), *_request_id())


def _delete(connection: WebSocketConnection, _: bytes) -> HttpResponse:
    # Which code the client is closed with is unverified.
    connection.close(NORMAL, "Connection Closed Normally")
    return HttpResponse(204, headers=_request_id())


_ACTIONS: Mapping[str, Callable[[WebSocketConnection, bytes], HttpResponse]] = {
    "POST": _post,
    "GET": _get,
    "DELETE": _delete,
}


def _describe(connection: WebSocketConnection) -> dict[str, object]:
    peer = connection.peer
    return {
        "connectedAt": iso_time(peer.connected_at_ms),
        "identity": {"sourceIp": peer.source_ip, "userAgent": peer.user_agent},
        "lastActiveAt": iso_time(connection.last_active_ms),
    }


def _request_id() -> tuple[tuple[str, str], ...]:
    return (("x-amzn-requestid", new_id()),)


def _error(status: int, error_type: str, message: str) -> HttpResponse:
    return json_response(status, {"message": message}, ("x-amzn-errortype", error_type), *_request_id())


def _limited() -> HttpResponse:
    return _error(429, "LimitExceededException", "Rate exceeded")


def _gone() -> HttpResponse:
    return _error(410, "GoneException", "Gone")


_SPOILT: Mapping[int, Callable[[], HttpResponse]] = {
    410: _gone,
    429: _limited,
    500: lambda: _error(500, "InternalServerErrorException", "Internal server error"),
}
