"""Routes that are made when they are first called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from parley.entry.rest.waiting import WaitingRoute


@dataclass
class Table:
    """A routing table of two routes, and which of them were made."""

    made: list[str] = field(default_factory=list)

    async def call(self, *calls: tuple[str, str]) -> list[httpx.Response]:
        """The answers of an application of these two to calls of a method and a path."""
        app = Starlette(routes=[WaitingRoute(f"/{name}/{{thing}}", "GET", self.maker(name)) for name in ("one", "two")])
        assert self.made == []
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return [await client.request(method, path) for method, path in calls]

    def maker(self, name: str) -> Callable[[], Route]:
        """Makes the route of a name."""

        def endpoint(request: Request) -> PlainTextResponse:
            route = request.scope["route"]
            return PlainTextResponse(f"{name} {request.path_params['thing']} {route.path}")

        def make() -> Route:
            self.made.append(name)
            made = Route(f"/{name}/{{thing}}", endpoint, methods=["GET"])
            made.methods = {"GET"}
            return made

        return make


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.mark.anyio
async def test_a_route_is_made_by_its_first_call_and_once(table: Table) -> None:
    answers = await table.call(("GET", "/two/a"), ("GET", "/two/b"))
    assert [answer.text for answer in answers] == ["two a /two/{thing}", "two b /two/{thing}"]
    assert table.made == ["two"]


@pytest.mark.anyio
async def test_what_leads_nowhere_makes_nothing(table: Table) -> None:
    answers = await table.call(("GET", "/three/a"), ("GET", "/one"))
    assert [answer.status_code for answer in answers] == [404, 404]
    assert table.made == []


@pytest.mark.anyio
@pytest.mark.parametrize("method", ["POST", "HEAD"])
async def test_another_method_is_refused_as_a_made_route_refuses_it(table: Table, method: str) -> None:
    (answer,) = await table.call((method, "/one/a"))
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
