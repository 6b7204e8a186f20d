"""CORS as an HTTP API does it by its configuration: preflights are answered and answers are marked by the gateway, and
what functions say of CORS is dropped ("Configure CORS for HTTP APIs" in AWS's developer guide)."""

from __future__ import annotations

from dataclasses import dataclass

from local.gateway.http_message import HttpRequest, HttpResponse

_PREFIX = "access-control-"


@dataclass(frozen=True, slots=True)
class CorsPolicy:
    """An API's CORS configuration. Without origins it is switched off, and functions may speak for themselves. The
    manifest names the origins only: the rest is what the CDK deploys, and must stay the same there (cdk/parts/http.py).
    """

    origins: tuple[str, ...] = ()
    methods: tuple[str, ...] = ("DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT")
    headers: tuple[str, ...] = ("authorization", "content-type")
    expose: tuple[str, ...] = ("retry-after", "x-request-id")
    max_age_s: int = 3600

    def preflight(self, request: HttpRequest) -> HttpResponse | None:
        """The answer to a preflight, without marks for an origin that is not allowed; None if it is none."""
        if not self.origins or request.method != "OPTIONS":
            return None
        if not request.header("origin") or not request.header("access-control-request-method"):
            return None
        marks = self._origin_marks(request)
        if marks:
            marks += [
                (f"{_PREFIX}allow-methods", ",".join(self.methods)),
                (f"{_PREFIX}allow-headers", ",".join(self.headers)),
                (f"{_PREFIX}max-age", str(self.max_age_s)),
            ]
        return HttpResponse(204, headers=marks)

    def mark(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """The answer with the gateway's CORS headers in place of the function's."""
        if not self.origins:
            return response
        kept = [pair for pair in response.headers if not pair[0].startswith(_PREFIX)]
        marks = self._origin_marks(request)
        if marks:
            marks.append((f"{_PREFIX}expose-headers", ",".join(self.expose)))
        return HttpResponse(response.status, response.body, [*kept, *marks], response.close)

    def _origin_marks(self, request: HttpRequest) -> list[tuple[str, str]]:
        origin = request.header("origin")
        if not origin:
            return []
        if "*" in self.origins:
            return [(f"{_PREFIX}allow-origin", "*")]
        return [(f"{_PREFIX}allow-origin", origin), ("vary", "origin")] if origin in self.origins else []
