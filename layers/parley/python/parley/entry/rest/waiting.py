"""Routes that are made when they are first called.

Making one (its dependencies, and the validators of its body and query) takes a millisecond or two, and a cold start
would wait for all of them, of which it needs one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.routing import Match, Route

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


class WaitingRoute(Route):
    """A place in the routing table: which paths and methods are a route's, without the route itself.

    Args:
        path: as FastAPI's routes have it.
        method: the one that it is for. A GET does not bring a HEAD along, as with FastAPI's routes.
        make: makes the route; called once, before its first call is handled.
    """

    def __init__(self, path: str, method: str, make: Callable[[], Route]) -> None:
        super().__init__(path, _never, methods=[method])
        self.methods = {method}
        self._make = make
        self._made: Route | None = None

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """See BaseRoute; what comes after it finds the route in the scope, as it does with FastAPI's."""
        match, child = super().matches(scope)
        if match is not Match.NONE:
            child["route"] = self
        return match, child

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See BaseRoute."""
        if self._made is None:
            self._made = self._make()
        await self._made.handle(scope, receive, send)


async def _never() -> None:
    """Stands for the endpoint, which the made route has."""
    raise NotImplementedError
