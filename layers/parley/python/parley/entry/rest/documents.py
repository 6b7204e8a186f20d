"""Health, the OpenAPI and AsyncAPI documents and the pages that show them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Response

from parley.entry.rest.examples import add_examples
from parley.entry.rest.problems import ERRORS
from parley.entry.rest.routes import Route, Services, answer
from parley.protocol.asyncapi import make_asyncapi
from parley.protocol.bodies import HealthAnswer, HealthChecks
from parley.protocol.errors import PROBLEM_MEDIA_TYPE, Problem

_HERE = Path(__file__).parent
_EVERY_ROUTE = ("invalid_request", "too_large", "unsupported_media_type", "unavailable")
_ABOUT = (
    "The REST side of Parley. Errors are RFC 9457 problem documents with a stable `code`; every answer carries "
    "`X-Request-Id`. Lists are paged: `nextCursor` of one page is `cursor` of the next. Unknown fields and query "
    "parameters are refused; clients ignore fields that they do not know."
)


async def check_health(services: Services) -> Response:
    """Whether Kafka, the database and Valkey answer: 200 when all do, else 503 with the same body."""
    states = {name: "ok" if is_there else "unavailable" for name, is_there in services.health.check().items()}
    checks = HealthChecks.model_validate(states)
    is_well = all(state == "ok" for state in states.values())
    return answer(HealthAnswer(status="ok" if is_well else "unavailable", checks=checks), 200 if is_well else 503)


def document_routes(describe: Callable[[], FastAPI]) -> tuple[Route, ...]:
    """The routes of the documents.

    Args:
        describe: an application with the routes of the whole API, made when the document is first asked for.
    """

    @cache
    def openapi() -> bytes:
        return json.dumps(make_openapi(describe()), ensure_ascii=False, separators=(",", ":")).encode()

    async def get_openapi() -> Response:
        """This document."""
        return Response(openapi(), media_type="application/json")

    async def get_asyncapi(services: Services) -> Response:
        """The AsyncAPI document: every frame of the socket."""
        return Response(_asyncapi(services.ws_url), media_type="application/json")

    async def get_docs() -> Response:
        """A page that shows the OpenAPI document."""
        return _show("docs.html")

    async def get_socket_docs() -> Response:
        """A page that shows the AsyncAPI document."""
        return _show("socket_docs.html")

    return (
        Route("GET", "/api/health", check_health, "Service", 200, HealthAnswer, is_open=True, other_statuses=(503,)),
        Route("GET", "/api/openapi.json", get_openapi, "Service", 200, None, is_open=True),
        Route("GET", "/api/asyncapi.json", get_asyncapi, "Service", 200, None, is_open=True),
        Route("GET", "/api/docs", get_docs, "Service", 200, None, is_open=True),
        Route("GET", "/api/docs/websocket", get_socket_docs, "Service", 200, None, is_open=True),
    )


def responses_of(route: Route) -> dict[int | str, dict[str, Any]]:
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
            "description": " ".join(f"`{code}`: {ERRORS[code][1]}" for code in known),
            "content": {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, known in sorted(by_status.items())
    }
    for status in route.other_statuses:
        responses[status] = {"model": route.answer, "description": "The same, as the text above says."}
    return responses


def make_openapi(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document of an application, with what the framework does not know of."""
    document = app.openapi()
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    components["securitySchemes"] = {"accessToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    add_examples(document)
    return document


def describe_api(app: FastAPI, routes: Sequence[Route]) -> None:
    """Gives the document its words."""
    app.description = _ABOUT
    app.openapi_tags = [{"name": tag} for tag in dict.fromkeys(route.tag for route in routes)]


@cache
def _asyncapi(addresses: str) -> bytes:
    return json.dumps(make_asyncapi(addresses.split()), ensure_ascii=False, separators=(",", ":")).encode()


def _show(name: str) -> Response:
    page, policy = _read_page(name)
    return Response(page, media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": policy})


@cache
def _read_page(name: str) -> tuple[bytes, str]:
    """A page with the style of all, and a policy that lets exactly these run, and it fetch from its own origin."""
    style = (_HERE / "docs.css").read_bytes()
    page = (_HERE / name).read_bytes().replace(b"<style></style>", b"<style>" + style + b"</style>")
    hashes = {
        tag.decode(): base64.b64encode(hashlib.sha256(text).digest()).decode()
        for tag, text in re.findall(rb"<(script|style)>(.*?)</\1>", page, re.DOTALL)
    }
    return page, (
        f"default-src 'none'; script-src 'sha256-{hashes['script']}'; style-src 'sha256-{hashes['style']}'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
