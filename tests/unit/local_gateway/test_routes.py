"""Which route of the HTTP API serves a request."""

from __future__ import annotations

import pytest

from local.gateway.routes import RouteTable

# The routes and the first four requests are the example of AWS's developer guide.
KEYS = (
    "$default",
    "ANY /{proxy+}",
    "GET /pets/{proxy+}",
    "GET /pets/dog/{id}",
    "GET /pets/dog/1",
    "ANY /pets/{kind}/{id}/toys",
    "POST /pets/{kind}/{id}/toys",
    "PUT /a/b/{rest+}",
    "PUT /a/{rest+}",
)


@pytest.mark.parametrize(
    ("method", "path", "key", "parameters"),
    [
        ("GET", "/pets/dog/1", "GET /pets/dog/1", {}),
        ("GET", "/pets/dog/2", "GET /pets/dog/{id}", {"id": "2"}),
        ("GET", "/pets/cat/1", "GET /pets/{proxy+}", {"proxy": "cat/1"}),
        ("POST", "/test/5", "ANY /{proxy+}", {"proxy": "test/5"}),
        ("POST", "/pets/dog/1", "ANY /{proxy+}", {"proxy": "pets/dog/1"}),
        ("POST", "/pets/cat/1/toys", "POST /pets/{kind}/{id}/toys", {"kind": "cat", "id": "1"}),
        ("DELETE", "/pets/cat/1/toys", "ANY /pets/{kind}/{id}/toys", {"kind": "cat", "id": "1"}),
        ("PUT", "/a/b/c", "PUT /a/b/{rest+}", {"rest": "c"}),
        ("PUT", "/a/c/d", "PUT /a/{rest+}", {"rest": "c/d"}),
        ("GET", "/pets/dog/", "GET /pets/{proxy+}", {"proxy": "dog/"}),
        ("GET", "/pets/dog/a%20b%2Fc", "GET /pets/dog/{id}", {"id": "a b/c"}),
        ("GET", "/%70ets/dog/1", "GET /pets/dog/1", {}),
        ("GET", "/", "$default", {}),
    ],
)
def test_the_most_specific_route_serves(method: str, path: str, key: str, parameters: dict[str, str]) -> None:
    table = RouteTable((route, f"function of {route}") for route in KEYS)
    match = table.find(method, path)
    assert match is not None
    assert (match.route_key, match.parameters) == (key, parameters)
    assert match.function == f"function of {key}"


def test_nothing_serves_what_no_route_names() -> None:
    table = RouteTable([("GET /pets", "pets"), ("ANY /api/{proxy+}", "api")])
    for method, path in (("POST", "/pets"), ("GET", "/pets/"), ("GET", "/pets/1"), ("GET", "/api"), ("GET", "/api/")):
        assert table.find(method, path) is None


def test_a_full_match_of_another_method_does_not_hide_a_less_specific_route() -> None:
    table = RouteTable([("POST /pets/dog", "fixed"), ("GET /pets/{id}", "variable")])
    match = table.find("GET", "/pets/dog")
    assert match is not None
    assert match.function == "variable"
