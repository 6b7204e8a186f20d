"""HTTP APIs with Lambda proxy integrations, payload format 2.0."""

from __future__ import annotations

import base64

import pytest

from tests.contract.aws.api import Api
from tests.contract.aws.conftest import Serve
from tests.contract.aws.raw import status_of
from tests.contract.aws.sources import (
    HTTP_CORS,
    HTTP_LAMBDA,
    HTTP_QUOTAS,
    HTTP_ROUTES,
    documented,
    unverified,
)

pytestmark = pytest.mark.anyio
MIB = 1 << 20


@documented(HTTP_LAMBDA)
async def test_the_events_shape(api: Api) -> None:
    async with api.web() as web:
        event = (await web.get("/mirror/7?a=1&a=2&b=", headers={"X-One": "1"})).json()
    assert (event["version"], event["routeKey"], event["rawPath"]) == ("2.0", "GET /mirror/{id}", "/mirror/7")
    assert event["rawQueryString"] == "a=1&a=2&b="
    assert event["queryStringParameters"] == {"a": "1,2", "b": ""}
    assert event["pathParameters"] == {"id": "7"}
    assert event["isBase64Encoded"] is False
    assert "body" not in event
    context = event["requestContext"]
    assert {"method", "path", "protocol", "sourceIp", "userAgent"} == set(context["http"])
    assert {"accountId", "apiId", "domainName", "domainPrefix", "requestId", "routeKey", "stage"} <= set(context)
    assert isinstance(context["timeEpoch"], int)
    assert context["stage"] == "$default"


@documented(HTTP_LAMBDA)
async def test_header_names_are_lower_case_and_duplicates_joined_by_commas(api: Api) -> None:
    async with api.web() as web:
        event = (await web.get("/mirror", headers=[("X-Many", "a"), ("X-Many", "b")])).json()
    assert event["headers"]["x-many"].replace(" ", "") == "a,b"
    assert all(name == name.lower() for name in event["headers"])


@documented(HTTP_LAMBDA)
async def test_cookies_come_apart_from_headers(api: Api) -> None:
    async with api.web() as web:
        event = (await web.get("/mirror", headers={"Cookie": "a=1; b=2"})).json()
    assert event["cookies"] == ["a=1", "b=2"]
    assert "cookie" not in event["headers"]


@documented(HTTP_LAMBDA)
async def test_a_binary_body_comes_as_base64(api: Api) -> None:
    async with api.web() as web:
        headers = {"Content-Type": "application/octet-stream"}
        event = (await web.post("/mirror", content=b"\xff\x00", headers=headers)).json()
    assert (event["isBase64Encoded"], base64.b64decode(event["body"])) == (True, b"\xff\x00")


@documented(HTTP_LAMBDA)
@pytest.mark.parametrize(("shape", "body"), [("text", b"just a text"), ("object", b'{"pets":2}')])
async def test_an_answer_without_a_status_is_a_200_of_json(api: Api, shape: str, body: bytes) -> None:
    async with api.web() as web:
        answer = await web.get("/shape", params={"as": shape})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.content.replace(b" ", b"") == body.replace(b" ", b"")


@documented(HTTP_LAMBDA)
async def test_an_answer_with_a_status_is_taken_as_it_is(api: Api) -> None:
    async with api.web() as web:
        answer = await web.get("/shape?as=full")
    assert (answer.status_code, answer.headers["x-one"], answer.text) == (201, "1", "made")


@documented(HTTP_LAMBDA)
async def test_each_cookie_becomes_a_header(api: Api) -> None:
    async with api.web() as web:
        answer = await web.get("/shape?as=cookies")
    assert answer.headers.get_list("set-cookie") == ["a=1; Path=/", "b=2"]


@documented(HTTP_LAMBDA)
async def test_a_base64_answer_is_decoded(api: Api) -> None:
    async with api.web() as web:
        assert (await web.get("/shape?as=binary")).content == b"\xff\x00"


@unverified("which answers count as malformed; that they are a 500 with this body is seen in practice")
async def test_a_malformed_answer_is_a_500(api: Api) -> None:
    async with api.web() as web:
        answer = await web.get("/shape?as=malformed")
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})


@documented(HTTP_ROUTES)
async def test_a_full_match_goes_before_a_greedy_one(api: Api) -> None:
    async with api.web() as web:
        assert (await web.post("/mirror/exact")).json()["routeKey"] == "POST /mirror/exact"
        greedy = (await web.post("/mirror/a/b")).json()
    assert (greedy["routeKey"], greedy["pathParameters"]) == ("ANY /mirror/{proxy+}", {"proxy": "a/b"})


@documented(HTTP_ROUTES)
async def test_what_no_route_matches_is_a_404(api: Api) -> None:
    async with api.web() as web:
        answer = await web.get("/nowhere")
    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})


@documented(HTTP_CORS)
async def test_the_gateway_answers_preflights_by_its_configuration(api: Api) -> None:
    headers = {"Origin": "https://app.example", "Access-Control-Request-Method": "PUT"}
    async with api.web() as web:
        answer = await web.options("/mirror", headers=headers)
        stranger = await web.options("/mirror", headers=headers | {"Origin": "https://evil.example"})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    assert answer.headers["access-control-allow-methods"] == "GET,PUT"
    assert answer.headers["access-control-allow-headers"] == "authorization"
    assert answer.headers["access-control-max-age"] == "60"
    assert "access-control-allow-origin" not in stranger.headers


@documented(HTTP_QUOTAS)
async def test_headers_over_10240_bytes_are_refused(api: Api) -> None:
    """The status is unverified."""
    async with api.web() as web:
        assert (await web.get("/mirror", headers={"x-large": "x" * 9_000})).status_code == 200
        assert (await web.get("/mirror", headers={"x-large": "x" * 10_240})).status_code == 431


@documented(HTTP_QUOTAS)
async def test_a_body_over_10_mb_is_a_413(api: Api) -> None:
    assert await status_of(f"{api.http_url}/mirror", "POST", f"Content-Length: {10 * MIB + 1}") == 413


@documented(HTTP_QUOTAS)
async def test_an_integration_over_30_s_is_a_503(api: Api, serve: Serve) -> None:
    api.here_only("it takes half a minute")
    async with serve(http_timeout_s=0.3) as impatient, impatient.web() as web:
        answer = await web.get("/mirror?sleep=0.6")
    assert (answer.status_code, answer.json()) == (503, {"message": "Service Unavailable"})
