"""What a function's return value means as an HTTP answer, payload format 2.0."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from typing import Any

import orjson

from local.gateway.http_message import JSON, HttpResponse

_HOP_HEADERS = frozenset({"connection", "content-length", "date", "keep-alive", "transfer-encoding", "upgrade"})
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[^\r\n\0]*")


class MalformedAnswerError(ValueError):
    """A function returned something that the gateway cannot turn into an answer."""


def http_answer(payload: bytes) -> HttpResponse:
    """Turns a function's JSON answer into an HTTP one.

    Without a `statusCode` the whole value is the body of a 200 `application/json`. Unverified, and chosen strict: a
    `statusCode` that is no integer, a `body` that is no text, and header values that are neither text, number nor
    boolean are malformed.

    Raises:
        MalformedAnswerError: it cannot be an answer.
    """
    try:
        answer = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise MalformedAnswerError("the answer is no JSON") from error
    if not isinstance(answer, dict) or "statusCode" not in answer:
        body = answer.encode() if isinstance(answer, str) else payload
        return HttpResponse(200, body, (("content-type", JSON),))
    status = answer["statusCode"]
    if type(status) is not int or not 200 <= status <= 599:
        raise MalformedAnswerError(f"statusCode must be an integer from 200 to 599, not {status!r}")
    headers = _headers(answer.get("headers"))
    if not any(name == "content-type" for name, _ in headers):
        headers.append(("content-type", "text/plain;charset=UTF-8"))
    headers += [("set-cookie", cookie) for cookie in _cookies(answer.get("cookies"))]
    return HttpResponse(status, answer_body(answer), headers)


def answer_body(answer: dict[str, Any]) -> bytes:
    """The bytes of a proxy answer's `body`, decoded where `isBase64Encoded` says so; empty where there is none.

    Raises:
        MalformedAnswerError: the body is no text, or not the base64 that it is said to be.
    """
    body = answer.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise MalformedAnswerError(f"body must be a text, not {type(body).__name__}")
    if answer.get("isBase64Encoded") is not True:
        return body.encode()
    try:
        return b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedAnswerError("body is not the base64 that isBase64Encoded promises") from error


def _headers(headers: object) -> list[tuple[str, str]]:
    if headers is None:
        return []
    if not isinstance(headers, dict):
        raise MalformedAnswerError("headers must be an object")
    checked = []
    for name, value in headers.items():
        if isinstance(value, bool):
            text = "true" if value else "false"
        elif isinstance(value, str | int | float):
            text = str(value)
        else:
            raise MalformedAnswerError(f"the value of header {name} must be a text")
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(text):
            raise MalformedAnswerError(f"header {name!r} cannot be sent")
        if name.lower() not in _HOP_HEADERS:
            checked.append((name.lower(), text))
    return checked


def _cookies(cookies: object) -> list[str]:
    if cookies is None:
        return []
    if not isinstance(cookies, list) or not all(
        isinstance(cookie, str) and _HEADER_VALUE.fullmatch(cookie) for cookie in cookies
    ):
        raise MalformedAnswerError("cookies must be a list of texts")
    return cookies
