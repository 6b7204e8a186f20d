"""From API Gateway's HTTP events (payload 2.0) to the applications and back."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from mangum import Mangum

from parley.entry.rest.apps import Envelope, create_auth_app, create_chat_app
from parley.entry.rest.routes import RestServices
from parley.observability import begin_invocation
from parley.protocol.errors import PROBLEM_MEDIA_TYPE

Handler = Callable[[Any, Any], dict[str, Any]]

# All that the applications read. What they do not read cannot upset them or the adapter, which would make numbers of
# the ports in Host and X-Forwarded-Port.
_HEADERS = frozenset({"authorization", "content-type"})
_TEXTS = ["text/", "application/json", PROBLEM_MEDIA_TYPE]


def auth_handler(services: RestServices) -> Handler:
    """Handles the HTTP events of rest_auth."""
    return _handler(create_auth_app(services), services)


def chat_handler(services: RestServices) -> Handler:
    """Handles the HTTP events of rest_chat."""
    return _handler(create_chat_app(services), services)


def _handler(app: Envelope, services: RestServices) -> Handler:
    logging.getLogger("mangum").setLevel(logging.ERROR)
    adapter: Any = Mangum(app, lifespan="off", text_mime_types=_TEXTS)

    def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        request = event["requestContext"]
        begin_invocation(context, request_id=request["requestId"])
        answer: dict[str, Any] = adapter(_narrow(event, services), context)
        return answer

    return handle


def _narrow(event: Mapping[str, Any], services: RestServices) -> dict[str, Any]:
    """The event with nothing in it that is not read, and nothing that cannot be encoded."""
    request = event["requestContext"]
    http = request["http"]
    return {
        "version": event["version"],
        "rawQueryString": _encodable(event.get("rawQueryString") or ""),
        "headers": {
            name.lower(): _encodable(value)
            for name, value in (event.get("headers") or {}).items()
            if name.lower() in _HEADERS
        },
        "requestContext": {
            "requestId": request["requestId"],
            "http": {
                "method": http["method"],
                # API Gateway has decoded it, and the adapter decodes what it gets.
                "path": quote(_encodable(event["rawPath"])),
                "sourceIp": _address_of(event, services),
            },
        },
        "body": event.get("body"),
        "isBase64Encoded": event.get("isBase64Encoded", False),
    }


def _address_of(event: Mapping[str, Any], services: RestServices) -> str | None:
    """The client's address, as the site's distribution tells it where the request came through that, else as API
    Gateway saw it: there it would be one for all the clients of a place. Only the distribution knows the key."""
    headers = event.get("headers") or {}
    key, told = headers.get("x-parley-edge"), headers.get("x-parley-address")
    if key and told and hmac.compare_digest(key.encode("utf-8", "replace"), services.edge_key.encode()):
        return _encodable(told)
    seen: str | None = event["requestContext"]["http"].get("sourceIp")
    return seen


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
