"""The one mapper from what goes wrong to RFC 9457 problem documents."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from parley.domain.errors import InvalidRequestError, NotFoundError, ParleyError, RateLimitedError
from parley.domain.rates import Grant
from parley.observability import log_unexpected
from parley.protocol.errors import (
    PROBLEM_MEDIA_TYPE,
    InternalError,
    field_problems,
    make_problem,
    retry_after_s,
)

_log = logging.getLogger(__name__)


class UnsupportedMediaTypeError(ParleyError):
    """The body is of a kind that is not read here."""

    code = "unsupported_media_type"
    status = 415


class MethodNotAllowedError(ParleyError):
    """The path is there, and not for this method."""

    code = "method_not_allowed"
    status = 405


ERRORS: Mapping[str, tuple[int, str]] = {
    "invalid_request": (422, "Broken JSON, or a field that is missing, unknown, of the wrong type or over its limit."),
    "unauthorized": (401, "No access token, or one that is malformed, forged, expired or of an ended session."),
    "bad_credentials": (401, "The login and the password do not belong together."),
    "forbidden": (403, "It can be seen, and this cannot be done with it."),
    "blocked": (403, "One of the two people of a direct conversation has blocked the other."),
    "not_found": (404, "It does not exist, or it is not the caller's to see."),
    "method_not_allowed": (405, "The path is there, and not for this method."),
    "conflict": (409, "The state of things does not allow it, such as a name that is taken."),
    "sync_token_invalid": (410, "The sync token was not made here, or for somebody else: start without one."),
    "too_large": (413, "The body is over 256 KB."),
    "unsupported_media_type": (415, "The body is not application/json."),
    "rate_limited": (429, "Too many requests; Retry-After says when there may be more."),
    "internal": (500, "A fault of the server; nothing that a client sends brings it about."),
    "unavailable": (503, "Kafka, the database or Valkey cannot be reached; Retry-After says when to try again."),
}
"""Every code with its status and what it says."""


def add_error_handlers(app: FastAPI) -> None:
    """Makes every error of an application a problem document."""
    for kind in (ParleyError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, _answer_error)


def rate_limit_headers(grant: Grant | None) -> dict[str, str]:
    """What of its bucket a client is told (draft-ietf-httpapi-ratelimit-headers-10).

    `q` tokens when full, which takes `w` seconds; `r` are left, and in `t` seconds it is full or has one again.
    """
    if grant is None:
        return {}
    bucket = grant.bucket
    window_s = math.ceil(bucket.burst / bucket.rate_per_s)
    until_s = grant.retry_after_s if not grant.allowed else (bucket.burst - grant.remaining) / bucket.rate_per_s
    return {
        "RateLimit-Policy": f'"{bucket.name}";q={bucket.burst};w={window_s}',
        "RateLimit": f'"{bucket.name}";r={grant.remaining};t={math.ceil(until_s)}',
    }


def problem_answer(error: ParleyError, request_id: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error as an answer, with the headers that its status asks for."""
    if isinstance(error, NotFoundError):
        # One text for all, so that "is not" and "is not yours" cannot be told apart by their words.
        error = NotFoundError("There is no such thing, or it is not yours to see.")
    extra = dict(headers or {})
    if error.status == 401:
        extra["WWW-Authenticate"] = "Bearer"
    if error.retryable:
        extra["Retry-After"] = str(retry_after_s(error))
    if isinstance(error, RateLimitedError):
        extra |= rate_limit_headers(error.grant)
    body = make_problem(error, request_id).to_json()
    return Response(body, status_code=error.status, media_type=PROBLEM_MEDIA_TYPE, headers=extra)


async def _answer_error(request: Request, error: Exception) -> Response:
    request_id = request.state.request_id
    match error:
        case ParleyError():
            if error.status >= 500:
                _log.warning("a request was refused", extra={"code": error.code})
            return problem_answer(error, request_id)
        case RequestValidationError():
            problems = field_problems(error.errors(), skip=1)
            return problem_answer(InvalidRequestError("The request is not valid.", problems), request_id)
        case HTTPException(status_code=404):
            return problem_answer(NotFoundError(""), request_id)
        case HTTPException(status_code=405):
            headers = {"Allow": ", ".join(_methods_of(request))}
            return problem_answer(MethodNotAllowedError("The path has no such method."), request_id, headers)
        case _:
            log_unexpected(_log, "a request failed", error)
            return problem_answer(InternalError(), request_id)


def _methods_of(request: Request) -> list[str]:
    """All methods of a path (RFC 9110, 15.5.6): the router's own answer names those of its first route only."""
    methods: set[str] = set()
    for route in request.app.routes:
        pattern = getattr(route, "path_regex", None)
        if pattern is not None and pattern.match(request.scope["path"]):
            methods |= route.methods or set()
    return sorted(methods)
