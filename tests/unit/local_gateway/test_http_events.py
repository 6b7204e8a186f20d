"""Events of the HTTP API where they are not plain, and answers that cannot be used."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from local.gateway.http_answers import MalformedAnswerError, http_answer
from local.gateway.http_events import ApiIdentity, http_event
from local.gateway.routes import RouteMatch
from tests.unit.local_gateway.request_maker import request

IDENTITY = ApiIdentity("000000000000", "twinhttp00", "localhost:8000")


def event(
    target: str = "/a", body: bytes = b"", *headers: tuple[str, str], parameters: dict[str, str] | None = None
) -> Any:
    match = RouteMatch("ANY /{proxy+}", "f", parameters or {})
    return json.loads(http_event(request("POST", target, body, headers), match, IDENTITY, "id"))


@pytest.mark.parametrize(
    ("content_type", "is_text"),
    [
        ("text/plain", True),
        ("Text/HTML; charset=utf-8", True),
        ("application/json", True),
        ("application/json; charset=utf-8", True),
        ("application/xml", True),
        ("application/javascript", True),
        ("application/problem+json", False),
        ("application/x-www-form-urlencoded", False),
        ("multipart/form-data; boundary=x", False),
        ("application/octet-stream", False),
        ("image/png", False),
        ("", False),
    ],
)
def test_only_text_comes_as_text(content_type: str, is_text: bool) -> None:
    made = event("/a", "é".encode(), ("Content-Type", content_type))
    assert made["isBase64Encoded"] is not is_text
    assert made["body"] == ("é" if is_text else b64encode("é".encode()).decode())


def test_text_that_is_not_utf8_comes_as_base64() -> None:
    made = event("/a", b"\xff", ("Content-Type", "text/plain"))
    assert (made["isBase64Encoded"], made["body"]) == (True, "/w==")


def test_what_is_empty_is_left_out() -> None:
    made = event()
    assert "body" not in made
    assert made["isBase64Encoded"] is False
    for name in ("cookies", "queryStringParameters", "pathParameters"):
        assert name not in made
    assert made["rawQueryString"] == ""
    assert made["headers"]["content-length"] == "0"


def test_the_path_is_decoded_and_cut_at_a_decoded_question_mark() -> None:
    assert event("/caf%C3%A9/x%3Fy?z=1")["rawPath"] == "/café/x"
    assert event("/a%2Fb")["requestContext"]["http"]["path"] == "/a/b"


def test_several_values_are_joined_and_forwarding_is_told() -> None:
    made = event("/a?x=1&x=2&y=a%2Cb+c", b"", ("X-A", "1"), ("x-a", "2"), ("X-Forwarded-For", "10.0.0.1"),
                 ("Connection", "keep-alive"), ("Cookie", "a=1"), ("Cookie", "b=2; c=3"))  # fmt: skip
    assert made["queryStringParameters"] == {"x": "1,2", "y": "a,b c"}
    assert made["headers"]["x-a"] == "1,2"
    assert made["headers"]["x-forwarded-for"] == "10.0.0.1, 127.0.0.1"
    assert made["headers"]["x-forwarded-port"] == "8000"
    assert "connection" not in made["headers"]
    assert made["cookies"] == ["a=1", "b=2", "c=3"]


@pytest.mark.parametrize(
    "answer",
    [
        {"statusCode": "200"},
        {"statusCode": True},
        {"statusCode": None},
        {"statusCode": 99},
        {"statusCode": 600},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "body": 5},
        {"statusCode": 200, "body": "not base64!", "isBase64Encoded": True},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 200, "headers": {"a": ["b"]}},
        {"statusCode": 200, "headers": {"a": None}},
        {"statusCode": 200, "headers": {"a": "b\r\nset-cookie: c"}},
        {"statusCode": 200, "headers": {"a b": "c"}},
        {"statusCode": 200, "cookies": "a=1"},
        {"statusCode": 200, "cookies": ["a=1\r\nx: y"]},
    ],
)
def test_answers_that_cannot_be_used(answer: object) -> None:
    with pytest.raises(MalformedAnswerError):
        http_answer(json.dumps(answer).encode())


def test_headers_may_be_numbers_and_those_of_the_connection_are_dropped() -> None:
    headers = {"X-Count": 5, "X-Flag": True, "Content-Length": "99", "Connection": "close", "Transfer-Encoding": "x"}
    made = http_answer(json.dumps({"statusCode": 200, "headers": headers}).encode())
    assert ("x-count", "5") in made.headers
    assert ("x-flag", "true") in made.headers
    assert {name for name, _ in made.headers} == {"x-count", "x-flag", "content-type"}
