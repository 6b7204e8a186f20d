"""CORS as an HTTP API does it by its configuration: preflights are answered and answers are marked by the gateway, and
what functions say of CORS is dropped ("Configure CORS for HTTP APIs" in AWS's developer guide)."""

from __future__ import annotations

from dataclasses import dataclass

from functions.manifest import HttpApi
from local.gateway.http_message import HttpRequest, HttpResponse

_PREFIX = "access-control-"


@dataclass(frozen=True, slots=True)
class CorsPolicy:
    """An API's CORS configuration. Without origins it is switched off, and functions may speak for themselves. What is
    not named is not allowed, and its header is left out of the answers.
    """

    origins: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    expose: tuple[str, ...] = ()
    max_age_s: int | None = None

    @classmethod
    def of(cls, api: HttpApi) -> CorsPolicy:
        """What a manifest says."""
        return cls(api.cors_origins, api.cors_methods, api.cors_headers, api.cors_expose_headers, api.cors_max_age_s)

    def preflight(self, request: HttpRequest) -> HttpResponse | None:
        """The answer to a preflight, without marks for an origin that is not allowed; None if it is none."""
        if not self.origins or request.method != "OPTIONS":
            return None
        if not request.header("origin") or not request.header("access-control-request-method"):
            return None
        marks = self._origin_marks(request)
        if marks:
            marks += _named("allow-methods", self.methods) + _named("allow-headers", self.headers)
            if self.max_age_s is not None:
                marks.append((f"{_PREFIX}max-age", str(self.max_age_s)))
        return HttpResponse(204, headers=marks)

    def mark(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """The answer with the gateway's CORS headers in place of the function's."""
        if not self.origins:
            return response
        kept = [pair for pair in response.headers if not pair[0].startswith(_PREFIX)]
        marks = self._origin_marks(request)
        if marks:
            marks += _named("expose-headers", self.expose)
        return HttpResponse(response.status, response.body, [*kept, *marks], response.close)

    def _origin_marks(self, request: HttpRequest) -> list[tuple[str, str]]:
        origin = request.header("origin")
        if not origin:
            return []
        if "*" in self.origins:
            return [(f"{_PREFIX}allow-origin", "*")]
        return [(f"{_PREFIX}allow-origin", origin), ("vary", "origin")] if origin in self.origins else []


def _named(name: str, values: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(f"{_PREFIX}{name}", ",".join(values))] if values else []
