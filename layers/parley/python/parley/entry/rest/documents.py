"""Health, the OpenAPI and AsyncAPI documents and the pages that show them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import cache
from pathlib import Path

from fastapi import Response

from parley.entry.rest.routes import Route, Services, answer
from parley.protocol.bodies import HealthAnswer, HealthChecks

_HERE = Path(__file__).parent


async def check_health(services: Services) -> Response:
    """Whether Kafka, the database and Valkey answer: 200 when all do, else 503 with the same body and Retry-After."""
    states = {name: "ok" if is_there else "unavailable" for name, is_there in services.health.check().items()}
    checks = HealthChecks.model_validate(states)
    is_well = all(state == "ok" for state in states.values())
    response = answer(HealthAnswer(status="ok" if is_well else "unavailable", checks=checks), 200 if is_well else 503)
    if not is_well:
        response.headers["Retry-After"] = "1"
    return response


async def get_openapi() -> Response:
    """This document."""
    return Response(_openapi(), media_type="application/json")


async def get_asyncapi(services: Services) -> Response:
    """The AsyncAPI document: every frame of the socket."""
    return Response(_asyncapi(services.ws_url), media_type="application/json")


async def get_docs() -> Response:
    """A page that shows the OpenAPI document."""
    return _show("docs.html")


async def get_socket_docs() -> Response:
    """A page that shows the AsyncAPI document."""
    return _show("socket_docs.html")


# What makes a document, and the routes of the other function in it, are imported only where somebody asks for it.
@cache
def _openapi() -> bytes:
    from parley.entry.rest.openapi import make_openapi  # noqa: PLC0415

    return json.dumps(make_openapi(), ensure_ascii=False, separators=(",", ":")).encode()


@cache
def _asyncapi(addresses: str) -> bytes:
    from parley.protocol.asyncapi import make_asyncapi  # noqa: PLC0415

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


_TAG = "Service"

ROUTES = (
    Route("GET", "/api/health", check_health, _TAG, 200, HealthAnswer, is_open=True, other_statuses=(503,)),
    Route("GET", "/api/openapi.json", get_openapi, _TAG, 200, None, is_open=True),
    Route("GET", "/api/asyncapi.json", get_asyncapi, _TAG, 200, None, is_open=True),
    Route("GET", "/api/docs", get_docs, _TAG, 200, None, is_open=True),
    Route("GET", "/api/docs/websocket", get_socket_docs, _TAG, 200, None, is_open=True),
)
