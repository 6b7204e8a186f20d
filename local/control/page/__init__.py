"""The status page: a document, a style sheet and a script, served as they are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from local.gateway.http_message import HttpResponse, message_response

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
HEADERS = (
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-cache"),
)
TYPES: Mapping[str, str] = {
    "status.html": "text/html; charset=utf-8",
    "status.css": "text/css; charset=utf-8",
    "status.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


class Page:
    """Reads the files at each request, so that they can be worked on beside a running stack."""

    def document(self) -> HttpResponse:
        """The page itself."""
        return self.file("status.html")

    def file(self, name: str) -> HttpResponse:
        """One of its files, or a 404."""
        kind = TYPES.get(name)
        if kind is None:
            return message_response(404, "Not Found")
        return HttpResponse(200, (Path(__file__).parent / name).read_bytes(), (("content-type", kind), *HEADERS))
