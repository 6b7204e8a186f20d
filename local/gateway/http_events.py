"""Events of the HTTP API, payload format 2.0.

The format is that of "AWS Lambda proxy integrations for HTTP APIs" in AWS's developer guide. Three habits are not in
it but are seen in events of the real service: `rawPath` is decoded, and cut at a `?` that decoding brings out; only
`text/*`, JSON, XML and JavaScript bodies come as text, forms and bodies without a type as base64; the `cookie` header
is moved to `cookies`.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

import orjson

from local.gateway.http_message import HttpRequest
from local.gateway.identifiers import log_time, new_trace_id, now_ms
from local.gateway.routes import RouteMatch

STAGE = "$default"

_TEXT_TYPES = frozenset({"application/json", "application/xml", "application/javascript"})
_NOT_PASSED_ON = frozenset(
    {"connection", "cookie", "expect", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)


@dataclass(frozen=True, slots=True)
class ApiIdentity:
    """How an API is named in its events; `domain` is `host:port`."""

    account_id: str
    api_id: str
    domain: str

    @property
    def port(self) -> str:
        """The port part of the domain; 80 where it has none."""
        return self.domain.rpartition(":")[2] if ":" in self.domain else "80"


def http_event(request: HttpRequest, match: RouteMatch, identity: ApiIdentity, request_id: str) -> bytes:
    """The event that the function of `match` gets for a request, as JSON."""
    at_ms = now_ms()
    path = unquote(request.path).partition("?")[0]
    event: dict[str, object] = {
        "version": "2.0",
        "routeKey": match.route_key,
        "rawPath": path,
        "rawQueryString": request.query,
        "headers": _headers(request, identity),
        "requestContext": {
            "accountId": identity.account_id,
            "apiId": identity.api_id,
            "domainName": identity.domain,
            "domainPrefix": identity.domain.partition(":")[0].partition(".")[0],
            "http": {
                "method": request.method,
                "path": path,
                "protocol": f"HTTP/{request.version}",
                "sourceIp": request.source_ip,
                "userAgent": request.header("user-agent"),
            },
            "requestId": request_id,
            "routeKey": match.route_key,
            "stage": STAGE,
            "time": log_time(at_ms),
            "timeEpoch": at_ms,
        },
        "isBase64Encoded": False,
    }
    if request.query:
        event["queryStringParameters"] = _joined(parse_qsl(request.query, keep_blank_values=True))
    if match.parameters:
        event["pathParameters"] = match.parameters
    cookies = [value for name, value in request.headers if name.lower() == "cookie"]
    if cookies:
        event["cookies"] = [part.strip() for value in cookies for part in value.split(";") if part.strip()]
    if request.body:
        event["body"], event["isBase64Encoded"] = _body(request)
    return orjson.dumps(event)


def _headers(request: HttpRequest, identity: ApiIdentity) -> dict[str, str]:
    headers = {name: value for name, value in request.by_name.items() if name not in _NOT_PASSED_ON}
    forwarded = headers.get("x-forwarded-for")
    headers["x-forwarded-for"] = f"{forwarded}, {request.source_ip}" if forwarded else request.source_ip
    headers["x-forwarded-port"] = identity.port
    headers["x-forwarded-proto"] = "http"
    headers["content-length"] = str(len(request.body))
    headers.setdefault("x-amzn-trace-id", new_trace_id())
    return headers


def _joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _body(request: HttpRequest) -> tuple[str, bool]:
    kind = request.header("content-type").partition(";")[0].strip().lower()
    if kind.startswith("text/") or kind in _TEXT_TYPES:
        try:
            return request.body.decode("utf-8"), False
        except UnicodeDecodeError:
            # What AWS does with text that is not UTF-8 is not documented: base64 loses nothing.
            return b64encode(request.body).decode("ascii"), True
    return b64encode(request.body).decode("ascii"), True
