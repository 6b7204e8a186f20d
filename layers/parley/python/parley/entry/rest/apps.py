"""The applications: which routes each has, and what stands around them.

Each imports its own routes alone: the models of the other's bodies would be a good part of a cold start.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI

from parley.entry.rest.problems import add_error_handlers, problem_answer, rate_limit_headers
from parley.entry.rest.routes import CheckedRoute, RestServices, Route, SignedInRoute
from parley.entry.rest.waiting import WaitingRoute
from parley.observability import log_unexpected
from parley.protocol.errors import InternalError

if TYPE_CHECKING:
    from fastapi.routing import APIRoute
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = logging.getLogger(__name__)

# OWASP, "REST Security Cheat Sheet", security headers; an API's answers are data and never a page.
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def create_auth_app(services: RestServices) -> Envelope:
    """Accounts, sessions, tickets and users."""
    from parley.entry.rest import accounts, presence, users

    return Envelope(_create_app((*accounts.ROUTES, *presence.ROUTES, *users.ROUTES), services))


def create_chat_app(services: RestServices) -> Envelope:
    """Conversations, messages, health and the documents, which tell of the other application's routes too."""
    from parley.entry.rest import attachments, conversations, documents, groups, messages, syncing

    routes = (
        *conversations.ROUTES,
        *groups.ROUTES,
        *messages.ROUTES,
        *attachments.ROUTES,
        *syncing.ROUTES,
        *documents.ROUTES,
    )
    return Envelope(_create_app(routes, services))


def _create_app(routes: Sequence[Route], services: RestServices) -> FastAPI:
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    app.state.services = services
    add_error_handlers(app)
    app.router.routes.extend(WaitingRoute(route.path, route.method, partial(_serve, route)) for route in routes)
    return app


def _serve(route: Route) -> APIRoute:
    """What handles a route's requests. Its endpoint makes its own answers: the framework need not know their kind."""
    kind = CheckedRoute if route.is_open else SignedInRoute
    made = kind(route.path, route.endpoint, methods=[route.method], response_model=None)
    if route.is_limited:
        made.bucket = route.bucket
    return made


class Envelope:
    """What every answer has: a request id, security headers, and never a stack trace or a framework's own text."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        request_id = _request_id_of(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        status: int | None = None

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                present = {name.lower() for name, _ in message["headers"]}
                extra = {"X-Request-Id": request_id, **_HEADERS, **rate_limit_headers(scope["state"].get("grant"))}
                message["headers"] = [
                    *message["headers"],
                    *(
                        (name.lower().encode(), value.encode())
                        for name, value in extra.items()
                        if name.lower().encode() not in present
                    ),
                ]
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:  # noqa: BLE001  # the edge: the client hears of it in the form that it knows
            # The framework raises again what its handlers have answered and logged.
            if status is None:
                log_unexpected(_log, "a request failed", error)
                await problem_answer(InternalError(), request_id)(scope, receive, send_with_headers)
        _log.info(
            "request",
            extra={
                "method": scope["method"],
                "route": getattr(scope.get("route"), "path", None),
                "status": status,
                "ms": round((time.perf_counter() - started) * 1000, 1),
            },
        )


def _request_id_of(scope: Any) -> str:
    """API Gateway's id of the request, by which its log names it too."""
    context: dict[str, Any] = scope.get("aws.event", {}).get("requestContext", {})
    return str(context.get("requestId") or uuid.uuid4().hex)
