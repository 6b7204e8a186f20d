"""Which function serves a request of the HTTP API.

The order of precedence is AWS's ("Create routes for HTTP APIs" in its developer guide): a full match of method and
path, then one with a greedy variable, then `$default`; of several, the most specific. What that page leaves open, and
is therefore unverified here: segments are compared from the left, a fixed one before a variable one; an exact method
goes before ANY on the same path only; a variable never matches an empty segment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

DEFAULT_ROUTE = "$default"

_FIXED, _VARIABLE, _GREEDY = 0, 1, 2


@dataclass(frozen=True, slots=True)
class RouteMatch:
    """A route that serves the request; `parameters` are decoded."""

    route_key: str
    function: str
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Route:
    key: str
    function: str
    method: str
    segments: tuple[tuple[int, str], ...]

    @classmethod
    def of(cls, key: str, function: str) -> _Route:
        method, _, path = key.partition(" ")
        return cls(key, function, method, tuple(_segment(text) for text in path.split("/")[1:]))

    @property
    def precedence(self) -> tuple[bool, tuple[int, ...], bool]:
        kinds = tuple(kind for kind, _ in self.segments)
        return _GREEDY in kinds, kinds, self.method == "ANY"

    def match(self, method: str, parts: list[str]) -> Mapping[str, str] | None:
        if self.method not in ("ANY", method):
            return None
        parameters: dict[str, str] = {}
        for index, (kind, text) in enumerate(self.segments):
            if kind == _GREEDY:
                rest = "/".join(parts[index:])
                return {**parameters, text: unquote(rest)} if rest else None
            if index >= len(parts):
                return None
            part = parts[index]
            if kind == _FIXED and part != text and unquote(part) != text:
                return None
            if kind == _VARIABLE:
                if not part:
                    return None
                parameters[text] = unquote(part)
        return parameters if len(parts) == len(self.segments) else None


def _segment(text: str) -> tuple[int, str]:
    if text.startswith("{") and text.endswith("+}"):
        return _GREEDY, text[1:-2]
    if text.startswith("{") and text.endswith("}"):
        return _VARIABLE, text[1:-1]
    return _FIXED, text


class RouteTable:
    """The routes of one HTTP API, made from pairs of a route key (`GET /pets/{id}` or `$default`) and a function."""

    def __init__(self, routes: Iterable[tuple[str, str]]) -> None:
        pairs = dict(routes)
        self._default = pairs.pop(DEFAULT_ROUTE, None)
        self._routes = sorted((_Route.of(*pair) for pair in pairs.items()), key=lambda route: route.precedence)

    def find(self, method: str, path: str) -> RouteMatch | None:
        """The route for a method and a path that is still percent-encoded; None if no route serves it."""
        parts = path.split("/")[1:]
        for route in self._routes:
            parameters = route.match(method, parts)
            if parameters is not None:
                return RouteMatch(route.key, route.function, parameters)
        return RouteMatch(DEFAULT_ROUTE, self._default) if self._default is not None else None
