"""The WebSocket API: upgrades, messages to functions and answers back, and who is connected.

Behaviour is that of "Working with WebSocket APIs" in AWS's developer guide; what it does not say is marked unverified
where it is decided.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import orjson

from local.gateway.http_answers import MalformedAnswerError, answer_body
from local.gateway.http_message import HttpRequest, HttpResponse, Upgrade, json_response, message_response
from local.gateway.identifiers import new_id, now_ms
from local.gateway.invoking import Calls
from local.gateway.live_set import LiveSet
from local.gateway.rate_limit import RateLimit
from local.gateway.websocket_admission import Admission
from local.gateway.websocket_connection import ConnectionLimits, WebSocketConnection
from local.gateway.websocket_events import Peer, WebSocketEvents, select_route
from local.gateway.websocket_framing import GOING_AWAY, CloseStatus
from local.gateway.websocket_handshake import accept_handshake, refuse_handshake

if TYPE_CHECKING:
    from random import Random

    from local.interference import Interference
    from local.observer import Observer
    from local.runtime.invocation import Invocation


@dataclass(frozen=True, slots=True)
class WebSocketRoute:
    """A route's function, and whether what it returns goes to the client (a route response)."""

    function: str
    response: bool


@dataclass(frozen=True, slots=True)
class WebSocketRates:
    """Limits on new connections and on messages (which posts share), per second."""

    connects: RateLimit
    requests: RateLimit


@dataclass(slots=True)
class _Exchange:
    """A message on its way through a function."""

    connection: WebSocketConnection
    route_key: str
    route: WebSocketRoute
    request_id: str
    size: int
    started_at: float
    timer: asyncio.TimerHandle | None = None
    over: bool = False


class WebSocketApi:
    """One WebSocket API at one stage. `routes` are those of messages: `$default` and the values of `action`."""

    def __init__(
        self,
        routes: Mapping[str, WebSocketRoute],
        *,
        events: WebSocketEvents,
        calls: Calls,
        admission: Admission,
        disconnect_function: str | None,
        limits: ConnectionLimits,
        rates: WebSocketRates,
        timeout_s: float,
        observer: Observer,
        interference: Interference,
    ) -> None:
        self.connections: dict[str, WebSocketConnection] = {}
        self._routes = routes
        self._events = events
        self._calls = calls
        self._admission = admission
        self._disconnect_function = disconnect_function
        self._limits = limits
        self.rates = rates
        self._timeout_s = timeout_s
        self._observer = observer
        self._interference = interference
        self._loop = asyncio.get_running_loop()
        self._sockets: LiveSet[WebSocketConnection] = LiveSet()
        self._stopping = False

    async def upgrade(self, request: HttpRequest) -> HttpResponse | Upgrade:
        """Answers an upgrade request, after the functions that decide on it."""
        refusal = refuse_handshake(request)
        if refusal is not None:
            return refusal
        if self._stopping:
            return message_response(503, "Service Unavailable", close=True)
        if not self.rates.connects.take():
            error = ("x-amzn-errortype", "LimitExceededException")
            return json_response(429, {"message": "Too Many Requests"}, error, close=True)
        peer = Peer(new_id(), now_ms(), request.source_ip, request.header("user-agent"))
        admitted = await self._admission.admit(request, peer)
        if isinstance(admitted, HttpResponse):
            return admitted
        connection = WebSocketConnection(replace(peer, authorizer=admitted.authorizer), self, self._limits)
        return Upgrade(accept_handshake(request, admitted.headers), connection)

    async def stop(self, grace_s: float) -> None:
        """Closes every connection with 1001 and waits for the sockets to go; aborts those left after `grace_s`."""
        self._stopping = True
        for connection in self._sockets:
            connection.close(GOING_AWAY, "Going away")
        if not await self._sockets.wait_empty(grace_s):
            for connection in self._sockets:
                connection.abort()

    def on_opened(self, connection: WebSocketConnection) -> None:
        """A connection's upgrade was answered; from now on @connections knows it."""
        self._sockets.add(connection)
        self.connections[connection.peer.connection_id] = connection
        self._observer.connection(connection.peer.connection_id, "opened", 101, "")
        if self._stopping:
            connection.close(GOING_AWAY, "Going away")

    def on_closed(self, connection: WebSocketConnection, status: CloseStatus) -> None:
        """A connection is open no more: calls `$disconnect`, whose outcome nobody hears."""
        known = self.connections.pop(connection.peer.connection_id, None)
        if known is not None:
            self._observer.connection(connection.peer.connection_id, "closed", status.code, status.reason)
        if self._disconnect_function is not None:
            event = self._events.disconnect(connection.peer, status, new_id())
            trouble = self._interference.disconnect()
            if trouble is None:
                self._calls.start(self._disconnect_function, event)
                return
            for _ in range(trouble.calls):
                self._loop.call_later(trouble.delay_s, self._calls.start, self._disconnect_function, event)

    def drop(self, share: float, code: int, chance: Random) -> int:
        """Drops each connection with a chance of `share`: with a close code, or for 0 without a word; how many."""
        chosen = [one for one in tuple(self.connections.values()) if share >= 1 or chance.random() < share]
        for connection in chosen:
            if code:
                connection.close(code, "Dropped")
            else:
                connection.abort()
        return len(chosen)

    def on_gone(self, connection: WebSocketConnection) -> None:
        """A connection's socket is closed."""
        self._sockets.discard(connection)

    def on_message(self, connection: WebSocketConnection, text: str, size: int) -> None:
        """Hands a message to the function of its route; messages of one connection are served side by side."""
        route_key = select_route(text, self._routes)
        route = self._routes.get(route_key)
        request_id = new_id()
        refusal = None
        if not self.rates.requests.take():
            refusal = "Too Many Requests"
        elif route is None:
            refusal = "Forbidden"
        if refusal is not None or route is None:
            self._send_error(connection, request_id, refusal or "Forbidden")
            self._observer.frame(connection.peer.connection_id, route_key, size, 0.0)
            connection.answered()
            return
        exchange = _Exchange(connection, route_key, route, request_id, size, self._loop.time())
        exchange.timer = self._loop.call_later(self._timeout_s, self._time_out, exchange)
        task = self._calls.start(route.function, self._events.message(connection.peer, route_key, text, request_id))
        task.add_done_callback(partial(self._on_answer, exchange))

    def _on_answer(self, exchange: _Exchange, task: asyncio.Task[Invocation | None]) -> None:
        if exchange.over:
            return
        invocation = None if task.cancelled() else task.result()
        body = self._answer_of(exchange, invocation)
        if body is None:
            self._send_error(exchange.connection, exchange.request_id, "Internal server error")
        elif body and exchange.route.response:
            exchange.connection.send(body)
        self._finish(exchange)

    def _answer_of(self, exchange: _Exchange, invocation: Invocation | None) -> bytes | None:
        """The body that a function returned; None where it failed, or returned what a proxy integration may not."""
        if invocation is None or invocation.outcome != "success":
            return None
        try:
            answer = orjson.loads(invocation.payload)
            if not isinstance(answer, dict) or type(answer.get("statusCode")) is not int:
                raise MalformedAnswerError("it must be an object with a statusCode")
            return answer_body(answer)
        except (orjson.JSONDecodeError, MalformedAnswerError) as error:
            self._observer.log(exchange.route.function, f"What {exchange.route_key} returned cannot be used: {error}.")
            return None

    def _time_out(self, exchange: _Exchange) -> None:
        self._send_error(exchange.connection, exchange.request_id, "Endpoint request timed out")
        self._finish(exchange)

    def _finish(self, exchange: _Exchange) -> None:
        exchange.over = True
        if exchange.timer is not None:
            exchange.timer.cancel()
        ms = (self._loop.time() - exchange.started_at) * 1000
        self._observer.frame(exchange.connection.peer.connection_id, exchange.route_key, exchange.size, ms)
        exchange.connection.answered()

    def _send_error(self, connection: WebSocketConnection, request_id: str, message: str) -> None:
        frame = {"message": message, "connectionId": connection.peer.connection_id, "requestId": request_id}
        connection.send(orjson.dumps(frame))
