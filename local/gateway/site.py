"""A project's website: built files with the headers that a CDN would send with them."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import Coroutine, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote_to_bytes

from functions.manifest import HttpTrigger, Manifest, Site, fill
from local.gateway.http_message import HttpRequest, HttpResponse, message_response

INDEX = "index.html"
ASK_ANEW = "no-cache"
KEEP = "public, max-age=31536000, immutable"
# Below this a compressed body saves no packet.
WORTH_COMPRESSING_BYTES = 1024
BINARY = "application/octet-stream"
# By ending, so that it is the same on every machine: Python's own table reads files of the system.
CONTENT_TYPES = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "ico": "image/x-icon",
    "jpg": "image/jpeg",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "map": "application/json",
    "mjs": "text/javascript; charset=utf-8",
    "png": "image/png",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
    "wasm": "application/wasm",
    "webmanifest": "application/manifest+json",
    "webp": "image/webp",
    "woff2": "font/woff2",
}
COMPRESSIBLE = frozenset({"css", "html", "ico", "js", "json", "map", "mjs", "svg", "txt", "wasm", "webmanifest"})


def filled_site(site: Site, values: Mapping[str, str]) -> Site:
    """The site with `values` in place of the `${…}` of its headers.

    Raises:
        ManifestError: a name has no value.
    """
    return replace(site, headers={name: fill(text, values) for name, text in site.headers.items()})


@dataclass(frozen=True, slots=True)
class _File:
    """A file as it is sent. `stamp` tells whether it is still the one on the disk."""

    stamp: tuple[int, int]
    body: bytes
    zipped: bytes | None
    etag: str
    content_type: str


class WebSite:
    """Serves one site. Files are read and compressed once, and again when they change.

    Args:
        site: what is served; its headers hold no `${…}` any more.
        reserved: first parts of paths that are not the site's, whether or not something answers there.
    """

    def __init__(self, site: Site, *, reserved: frozenset[str]) -> None:
        self._site = site
        self._root = site.directory.resolve()
        self._reserved = reserved
        self._files: dict[Path, _File] = {}

    @classmethod
    def of(cls, manifest: Manifest, *, reserved: tuple[str, ...] = ()) -> WebSite | None:
        """The manifest's site, which keeps out of the way of its APIs; None where it has none."""
        if manifest.site is None:
            return None
        taken = {manifest.websocket.stage, *reserved, *_first_parts(manifest)}
        return cls(manifest.site, reserved=frozenset(taken))

    def serves(self, path: str) -> bool:
        """Whether a path, as it came, is the site's."""
        return path.startswith("/") and _decoded(path)[1:].partition("/")[0] not in self._reserved

    def handle(self, request: HttpRequest) -> HttpResponse | Coroutine[None, None, HttpResponse]:
        """The answer, at once where it needs no disk."""
        if request.method not in ("GET", "HEAD"):
            return self._marked(message_response(405, "Method Not Allowed", ("allow", "GET, HEAD")))
        return self._answer(request)

    async def _answer(self, request: HttpRequest) -> HttpResponse:
        path = _decoded(request.path)
        file = await asyncio.to_thread(self._find, path)
        if file is None and "." not in path.rpartition("/")[2] and not self._keeps(path):
            path = f"/{INDEX}"
            file = await asyncio.to_thread(self._find, path)
            if file is None:
                return self._marked(_text(404, f"The site has not been built: there is no {INDEX} in its folder.\n"))
        if file is None:
            return self._marked(_text(404, "Not Found\n"))
        return self._marked(self._send(request, file, keep=self._keeps(path)))

    def _send(self, request: HttpRequest, file: _File, *, keep: bool) -> HttpResponse:
        zipped = file.zipped is not None and _takes_gzip(request.header("accept-encoding"))
        etag = f'"{file.etag}-gz"' if zipped else f'"{file.etag}"'
        headers = [("cache-control", KEEP if keep else ASK_ANEW), ("etag", etag), ("vary", "accept-encoding")]
        if _matches(request.header("if-none-match"), etag):
            return HttpResponse(304, b"", headers)
        headers.append(("content-type", file.content_type))
        if file.zipped is None or not zipped:
            return HttpResponse(200, file.body, headers)
        return HttpResponse(200, file.zipped, [*headers, ("content-encoding", "gzip")])

    def _marked(self, response: HttpResponse) -> HttpResponse:
        return HttpResponse(
            response.status, response.body, (*response.headers, *self._site.headers.items()), response.close
        )

    def _keeps(self, path: str) -> bool:
        return path.startswith(self._site.immutable)

    def _find(self, path: str) -> _File | None:
        parts = [part for part in path.split("/") if part]
        if any(part.startswith(".") or "\\" in part or "\0" in part for part in parts):
            return None
        found = self._root.joinpath(*parts).resolve()
        try:
            if not found.is_relative_to(self._root) or not found.is_file():
                return None
            state = found.stat()
            known = self._files.get(found)
            if known is None or known.stamp != (state.st_mtime_ns, state.st_size):
                known = self._files[found] = _read(found, (state.st_mtime_ns, state.st_size))
        except OSError:
            return None
        return known


def _read(path: Path, stamp: tuple[int, int]) -> _File:
    body = path.read_bytes()
    ending = path.suffix[1:].lower()
    zipped = None
    if ending in COMPRESSIBLE and len(body) >= WORTH_COMPRESSING_BYTES:
        zipped = gzip.compress(body, mtime=0)
    digest = hashlib.sha256(body).hexdigest()[:32]
    return _File(stamp, body, zipped, digest, CONTENT_TYPES.get(ending, BINARY))


def _first_parts(manifest: Manifest) -> Iterator[str]:
    for function in manifest.functions.values():
        for trigger in function.triggers:
            if isinstance(trigger, HttpTrigger):
                for route in trigger.routes:
                    first = route.partition(" ")[2].removeprefix("/").partition("/")[0]
                    if first and not first.startswith("{"):
                        yield first


def _decoded(path: str) -> str:
    return unquote_to_bytes(path).decode("utf-8", "replace")


def _takes_gzip(accepted: str) -> bool:
    """Whether `gzip` is among the accepted encodings and not refused by `q=0` (RFC 9110, section 12.5.3)."""
    for entry in accepted.lower().split(","):
        name, _, weight = entry.replace(" ", "").partition(";q=")
        if name == "gzip":
            return weight.strip("0.") != "" or not weight
    return False


def _matches(condition: str, etag: str) -> bool:
    """Whether `If-None-Match` names this tag; compared weakly (RFC 9110, section 13.1.2)."""
    tags = [tag.strip().removeprefix("W/") for tag in condition.split(",")]
    return "*" in tags or etag in tags


def _text(status: int, body: str) -> HttpResponse:
    return HttpResponse(status, body.encode(), (("content-type", CONTENT_TYPES["txt"]), ("cache-control", "no-store")))
