"""Who may open a WebSocket: the authorizer first, then the function of `$connect`; both before the upgrade is answered.

Statuses are those of AWS's developer guide: 401 where identity is missing or the authorizer raised "Unauthorized", 403
where its policy does not allow, 500 where it failed; then what `$connect` answered, 502 where it failed, 504 where it
took too long. The bodies of these answers are unverified.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson

from local.gateway.authorizer import AuthorizerAnswerError, decide, has_identity, is_unauthorized
from local.gateway.http_message import HttpRequest, HttpResponse, json_response
from local.gateway.identifiers import new_id
from local.gateway.invoking import Calls, RuntimeFailedError
from local.gateway.websocket_events import Peer, WebSocketEvents

if TYPE_CHECKING:
    from local.observer import Observer

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PROTOCOL_HEADER = "sec-websocket-protocol"


@dataclass(frozen=True, slots=True)
class Authorizer:
    """The authorizer's function and where a request must carry its identity."""

    function: str
    identity_sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AdmissionLimits:
    """How long the URL of an upgrade and the answer of an authorizer may be; what AWS answers then is unverified."""

    url_characters: int
    authorizer_result_bytes: int


@dataclass(frozen=True, slots=True)
class Admitted:
    """The upgrade is granted: the headers that the 101 answer gets, and what events say of the authorizer."""

    headers: tuple[tuple[str, str], ...]
    authorizer: Mapping[str, object] | None


class Admission:
    """Decides on upgrades. `connect_function` None lets in whom the authorizer lets in."""

    def __init__(
        self,
        events: WebSocketEvents,
        calls: Calls,
        *,
        authorizer: Authorizer | None,
        connect_function: str | None,
        timeout_s: float,
        limits: AdmissionLimits,
        observer: Observer,
    ) -> None:
        self._events = events
        self._calls = calls
        self._authorizer = authorizer
        self._connect_function = connect_function
        self._timeout_s = timeout_s
        self._limits = limits
        self._observer = observer

    async def admit(self, request: HttpRequest, peer: Peer) -> Admitted | HttpResponse:
        """Runs the functions that are asked about an upgrade; an HttpResponse refuses it."""
        refusal = _Refusal(peer.connection_id, new_id())
        if self._events.url_length(request) > self._limits.url_characters:
            return refusal.answer(414, "Request-URI Too Long")
        context: Mapping[str, object] | None = None
        if self._authorizer is not None:
            verdict = await self._authorize(self._authorizer, request, peer, refusal)
            if isinstance(verdict, HttpResponse):
                return verdict
            context = verdict
        if self._connect_function is None:
            return Admitted((), context)
        answer = await self._connect(self._connect_function, request, replace(peer, authorizer=context), refusal)
        return answer if isinstance(answer, HttpResponse) else Admitted(answer, context)

    async def _authorize(
        self, authorizer: Authorizer, request: HttpRequest, peer: Peer, refusal: _Refusal
    ) -> Mapping[str, object] | HttpResponse:
        if not has_identity(request, authorizer.identity_sources):
            return refusal.answer(401, "Unauthorized")
        event = self._events.authorize(request, peer, refusal.request_id)
        try:
            invocation = await self._calls.invoke(authorizer.function, event, self._timeout_s)
        except RuntimeFailedError:
            invocation = None
        if invocation is None:
            return refusal.answer(500, "Internal server error")
        if invocation.outcome != "success":
            if is_unauthorized(invocation.payload):
                return refusal.answer(401, "Unauthorized")
            return refusal.answer(500, "Internal server error")
        try:
            if len(invocation.payload) > self._limits.authorizer_result_bytes:
                raise AuthorizerAnswerError("it is larger than the gateway takes")
            decision = decide(invocation.payload, self._events.connect_arn)
        except AuthorizerAnswerError as error:
            self._observer.log(authorizer.function, f"The authorizer's answer cannot be used: {error}.")
            return refusal.answer(500, "Internal server error")
        return decision.context if decision.allowed else refusal.answer(403, "Forbidden")

    async def _connect(
        self, function: str, request: HttpRequest, peer: Peer, refusal: _Refusal
    ) -> tuple[tuple[str, str], ...] | HttpResponse:
        event = self._events.connect(request, peer, refusal.request_id)
        try:
            invocation = await self._calls.invoke(function, event, self._timeout_s)
        except RuntimeFailedError:
            return refusal.answer(502, "Internal server error")
        if invocation is None:
            return refusal.answer(504, "Endpoint request timed out")
        answer = _proxy_answer(invocation.payload) if invocation.outcome == "success" else None
        if answer is None:
            if invocation.outcome == "success":
                self._observer.log(function, "$connect must return an object with a statusCode.")
            return refusal.answer(502, "Internal server error")
        status: int = answer["statusCode"]
        if not 200 <= status < 300:
            return refusal.answer(status, _REFUSALS.get(status, "Connection refused"))
        return _subprotocol(answer.get("headers"))


_REFUSALS = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 429: "Too Many Requests"}


@dataclass(frozen=True, slots=True)
class _Refusal:
    connection_id: str
    request_id: str

    def answer(self, status: int, message: str) -> HttpResponse:
        body = {"message": message, "connectionId": self.connection_id, "requestId": self.request_id}
        return json_response(status, body, ("x-amzn-requestid", self.request_id), close=True)


def _proxy_answer(payload: bytes) -> dict[str, Any] | None:
    try:
        answer = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(answer, dict):
        return None
    status = answer.get("statusCode")
    return answer if type(status) is int and 200 <= status <= 599 else None


def _subprotocol(headers: object) -> tuple[tuple[str, str], ...]:
    """The subprotocol that the function chose: the one header of its answer that is part of the upgrade."""
    if not isinstance(headers, dict):
        return ()
    chosen = {str(name).lower(): value for name, value in headers.items()}.get(_PROTOCOL_HEADER)
    if isinstance(chosen, str) and _TOKEN.fullmatch(chosen):
        return ((_PROTOCOL_HEADER, chosen),)
    return ()
