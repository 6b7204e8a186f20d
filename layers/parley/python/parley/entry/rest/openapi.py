"""The OpenAPI document of both functions' routes, made when somebody asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse

from parley.domain.limits import JSON_MAX_DEPTH, REST_BODY_MAX_BYTES
from parley.domain.rates import BUCKETS, Bucket, BucketName
from parley.entry.rest import (
    accounts,
    attachments,
    conversations,
    documents,
    groups,
    messages,
    presence,
    syncing,
    users,
)
from parley.entry.rest.examples import add_examples
from parley.entry.rest.problems import ERRORS
from parley.entry.rest.routes import Route
from parley.protocol.errors import PROBLEM_MEDIA_TYPE, Problem

_ROUTES = (
    *accounts.ROUTES,
    *presence.ROUTES,
    *users.ROUTES,
    *conversations.ROUTES,
    *groups.ROUTES,
    *messages.ROUTES,
    *attachments.ROUTES,
    *syncing.ROUTES,
    *documents.ROUTES,
)
_EVERY_ROUTE = ("invalid_request", "too_large", "unsupported_media_type", "unavailable")
_ABOUT = (
    "The REST side of Parley. Errors are RFC 9457 problem documents with a stable `code`; every answer carries "
    "`X-Request-Id`. Lists are paged: `nextCursor` of one page is `cursor` of the next. Unknown fields and query "
    "parameters are refused; clients ignore fields that they do not know.\n\n"
    f"A body is at most {REST_BODY_MAX_BYTES // 1024} KB, and its JSON nested at most {JSON_MAX_DEPTH} deep. How often "
    "something may be done is counted by token buckets, of a user, or of an address where nobody is signed in: "
    "{buckets}. Their state is told in `RateLimit-Policy` and `RateLimit`. A stage may have other ones."
)
_BUCKETS: tuple[BucketName, ...] = ("write", "send", "seen", "connect", "login_account", "login_address")


def make_openapi() -> dict[str, Any]:
    """The OpenAPI 3.1 document, with what the framework does not know of."""
    document = _describe(_ROUTES).openapi()
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    components["securitySchemes"] = {"accessToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    add_examples(document)
    return document


def _describe(routes: Sequence[Route]) -> FastAPI:
    """An application with these routes, to be described and not to be served."""
    app = FastAPI(
        title="Parley",
        version="1",
        description=_ABOUT.replace("{buckets}", ", ".join(_words_of(BUCKETS[name]) for name in _BUCKETS)),
        openapi_tags=[{"name": tag} for tag in dict.fromkeys(route.tag for route in routes)],
    )
    app.router.routes.clear()  # the framework's own pages
    for route in routes:
        app.router.add_api_route(
            route.path,
            route.endpoint,
            methods=[route.method],
            status_code=route.status,
            response_model=route.answer,
            response_class=Response if route.answer is None else JSONResponse,
            responses=_responses_of(route),
            tags=[route.tag],
            summary=route.endpoint.__name__.replace("_", " ").capitalize(),
            operation_id=_operation_id(route, routes),
            openapi_extra=None if route.is_open else {"security": [{"accessToken": []}]},
        )
    return app


def _words_of(bucket: Bucket) -> str:
    per_minute = bucket.rate_per_s < 1
    rate = f"{bucket.rate_per_s * 60:.0f} a minute" if per_minute else f"{bucket.rate_per_s:g} a second"
    return f"`{bucket.name}` {rate}, {bucket.burst} at once"


def _operation_id(route: Route, routes: Sequence[Route]) -> str:
    """The endpoint's name; where older paths lead to the same endpoint, theirs are told apart by a number."""
    same = [other for other in routes if other.endpoint is route.endpoint]
    place = same.index(route)
    return f"{route.endpoint.__name__}_{place + 1}" if place else route.endpoint.__name__


def _responses_of(route: Route) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of a route's answers beyond its first success."""
    codes = [*_EVERY_ROUTE, *route.errors]
    if not route.is_open:
        codes.append("unauthorized")
    if route.is_limited:
        codes.append("rate_limited")
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(ERRORS[code][0], []).append(code)
    responses: dict[int | str, dict[str, Any]] = {
        status: {
            "description": " ".join(f"`{code}`: {ERRORS[code][1]}{_more_of(code, route)}" for code in known),
            "content": {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, known in sorted(by_status.items())
    }
    for status in route.other_statuses:
        responses[status] = {"model": route.answer, "description": "The same, as the text above says."}
    return responses


def _more_of(code: str, route: Route) -> str:
    """What of an error is the route's own."""
    if code != "rate_limited":
        return ""
    names = [f"`{name}`" for name in (route.bucket, *route.own_buckets) if name]
    return f" It takes of the bucket{'s' if len(names) > 1 else ''} {' and '.join(names)}."
