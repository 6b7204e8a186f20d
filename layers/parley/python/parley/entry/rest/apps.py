"""The applications: which routes each has, and what stands around them."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse

from parley.entry.rest import accounts, attachments, conversations, groups, messages, presence, syncing, users
from parley.entry.rest.documents import describe_api, document_routes, responses_of
from parley.entry.rest.problems import add_error_handlers, problem_answer, rate_limit_headers
from parley.entry.rest.routes import CheckedRoute, RestServices, Route, SignedInRoute
from parley.observability import log_unexpected
from parley.protocol.errors import InternalError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = logging.getLogger(__name__)

_AUTH_ROUTES = (*accounts.ROUTES, *presence.ROUTES, *users.ROUTES)

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
    return Envelope(_create_app(_AUTH_ROUTES, services))


def create_chat_app(services: RestServices) -> Envelope:
    """Conversations, messages, health and the documents, which tell of the other application's routes too."""
    return Envelope(_create_app(_chat_routes(services), services))


def describe_whole_api(services: RestServices) -> FastAPI:
    """An application with the routes of both functions, to be described and not to be served."""
    return _create_app((*_AUTH_ROUTES, *_chat_routes(services)), services)


def _chat_routes(services: RestServices) -> tuple[Route, ...]:
    return (
        *conversations.ROUTES,
        *groups.ROUTES,
        *messages.ROUTES,
        *attachments.ROUTES,
        *syncing.ROUTES,
        *document_routes(lambda: describe_whole_api(services)),
    )


def _create_app(routes: Sequence[Route], services: RestServices) -> FastAPI:
    app = FastAPI(title="Parley", version="1", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.services = services
    describe_api(app, routes)
    add_error_handlers(app)
    for route in routes:
        app.router.add_api_route(
            route.path,
            route.endpoint,
            methods=[route.method],
            status_code=route.status,
            response_model=route.answer,
            response_class=Response if route.answer is None else JSONResponse,
            responses=responses_of(route),
            tags=[route.tag],
            summary=route.endpoint.__name__.replace("_", " ").capitalize(),
            operation_id=_operation_id(route, routes),
            openapi_extra=None if route.is_open else {"security": [{"accessToken": []}]},
            route_class_override=CheckedRoute if route.is_open else SignedInRoute,
        )
        made = app.router.routes[-1]
        if isinstance(made, CheckedRoute) and route.is_limited:
            made.bucket = route.bucket
    return app


def _operation_id(route: Route, routes: Sequence[Route]) -> str:
    """The endpoint's name; where older paths lead to the same endpoint, theirs are told apart by a number."""
    same = [other for other in routes if other.endpoint is route.endpoint]
    place = same.index(route)
    return f"{route.endpoint.__name__}_{place + 1}" if place else route.endpoint.__name__


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
