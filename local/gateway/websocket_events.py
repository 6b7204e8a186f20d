"""Events of the WebSocket API, and the choice of the route that serves a message.

The fields are those of "API Gateway WebSocket API mapping template reference" and of the events that AWS shows for
`$connect`, messages and `$disconnect` in its developer guide.
"""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import parse_qsl

import orjson

from local.gateway.http_events import ApiIdentity
from local.gateway.http_message import HttpRequest
from local.gateway.identifiers import log_time, new_id, new_trace_id, now_ms
from local.gateway.websocket_framing import CloseStatus

CONNECT, DISCONNECT, DEFAULT = "$connect", "$disconnect", "$default"


@dataclass(frozen=True, slots=True)
class Peer:
    """What every event of one connection says of it."""

    connection_id: str
    connected_at_ms: int
    source_ip: str
    user_agent: str
    authorizer: Mapping[str, object] | None = None


class WebSocketEvents:
    """Builds the events of one API and stage."""

    def __init__(self, identity: ApiIdentity, region: str, stage: str) -> None:
        self._identity = identity
        self._stage = stage
        self.connect_arn = f"arn:aws:execute-api:{region}:{identity.account_id}:{identity.api_id}/{stage}/{CONNECT}"

    def url_length(self, request: HttpRequest) -> int:
        """Characters of the URL that an upgrade was asked for with, as a client writes it."""
        query = f"?{request.query}" if request.query else ""
        return len(f"ws://{self._identity.domain}{request.path}{query}")

    def authorize(self, request: HttpRequest, peer: Peer, request_id: str) -> bytes:
        """What the REQUEST authorizer gets."""
        return orjson.dumps(
            {
                "type": "REQUEST",
                "methodArn": self.connect_arn,
                **self._request_parts(request),
                "stageVariables": {},
                "requestContext": self._context(peer, CONNECT, "CONNECT", request_id),
            }
        )

    def connect(self, request: HttpRequest, peer: Peer, request_id: str) -> bytes:
        """What the function of `$connect` gets."""
        return orjson.dumps(
            {
                **self._request_parts(request),
                "requestContext": self._context(peer, CONNECT, "CONNECT", request_id),
                "isBase64Encoded": False,
            }
        )

    def message(self, peer: Peer, route_key: str, text: str, request_id: str) -> bytes:
        """What the function of a message's route gets."""
        context = self._context(peer, route_key, "MESSAGE", request_id)
        context["messageId"] = new_id()
        return orjson.dumps({"requestContext": context, "body": text, "isBase64Encoded": False})

    def disconnect(self, peer: Peer, status: CloseStatus, request_id: str) -> bytes:
        """What the function of `$disconnect` gets."""
        context = self._context(peer, DISCONNECT, "DISCONNECT", request_id)
        context["disconnectStatusCode"] = status.code
        context["disconnectReason"] = status.reason
        return orjson.dumps({"requestContext": context, "isBase64Encoded": False})

    def _context(self, peer: Peer, route_key: str, event_type: str, request_id: str) -> dict[str, object]:
        at_ms = now_ms()
        context: dict[str, object] = {
            "routeKey": route_key,
            "eventType": event_type,
            "extendedRequestId": request_id,
            "requestTime": log_time(at_ms),
            "messageDirection": "IN",
            "stage": self._stage,
            "connectedAt": peer.connected_at_ms,
            "requestTimeEpoch": at_ms,
            "identity": {"sourceIp": peer.source_ip, "userAgent": peer.user_agent},
            "requestId": request_id,
            "domainName": self._identity.domain,
            "connectionId": peer.connection_id,
            "apiId": self._identity.api_id,
        }
        if peer.authorizer is not None:
            context["authorizer"] = peer.authorizer
        return context

    def _request_parts(self, request: HttpRequest) -> dict[str, object]:
        headers: dict[str, list[str]] = {}
        for name, value in request.headers:
            headers.setdefault(name, []).append(value)
        headers["X-Forwarded-For"] = [request.source_ip]
        headers["X-Forwarded-Port"] = [self._identity.port]
        headers["X-Forwarded-Proto"] = ["http"]
        if not request.header("x-amzn-trace-id"):
            headers["X-Amzn-Trace-Id"] = [new_trace_id()]
        parts: dict[str, object] = {
            "headers": {name: values[-1] for name, values in headers.items()},
            "multiValueHeaders": headers,
        }
        query: dict[str, list[str]] = {}
        for name, value in parse_qsl(request.query, keep_blank_values=True):
            query.setdefault(name, []).append(value)
        if query:
            parts["queryStringParameters"] = {name: values[-1] for name, values in query.items()}
            parts["multiValueQueryStringParameters"] = query
        return parts


def select_route(text: str, routes: Container[str]) -> str:
    """The route key for a message, by `$request.body.action`; `$default` where that names no route.

    Only texts are taken as names, and none that begin with `$`: both are unverified. JSON nested deeper than a parser
    takes (about a thousand levels) counts as no JSON. The last of duplicate keys holds.
    """
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError:
        body = _parse_leniently(text)
    action = body.get("action") if isinstance(body, dict) else None
    if isinstance(action, str) and not action.startswith("$") and action in routes:
        return action
    return DEFAULT


def _parse_leniently(text: str) -> object:
    """Parses what RFC 8259 allows and the fast parser does not: escapes of lone surrogates, and huge numbers."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
