"""A project's website as a browser meets it at the gateway."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from functions.manifest import HttpTrigger, Site
from local.gateway.site import filled_site
from tests.integration.local_gateway.harness import (
    SOCKET_FUNCTIONS,
    SOCKET_RULES,
    Answer,
    Rule,
    function,
    get,
    manifest,
    raw_client,
    running,
)

pytestmark = pytest.mark.anyio

INDEX = b"<!doctype html><title>An app</title>" + b"<p>text</p>" * 200
SCRIPT = b"export const answer = 42;\n" * 100
PROJECT = manifest(function("rest", HttpTrigger(("ANY /api/{proxy+}", "GET /{else}"))), *SOCKET_FUNCTIONS)
RULES: Mapping[str, Rule] = {**SOCKET_RULES, "rest": lambda _: {"statusCode": 200, "body": "from the function"}}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    built = tmp_path / "dist"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_bytes(INDEX)
    (built / "assets" / "main-1a2b.js").write_bytes(SCRIPT)
    (built / "icon.png").write_bytes(bytes(2000))
    (built / ".hidden").write_text("not for anyone")
    (tmp_path / "secret.txt").write_text("not below the site")
    (built / "way-out.txt").symlink_to(tmp_path / "secret.txt")
    headers = {"content-security-policy": "default-src 'self' ${files.origin}"}
    return filled_site(Site(built, immutable=("/assets/",), headers=headers), {"files.origin": "http://files"})


async def ask(site: Site, *requests: bytes) -> list[Answer]:
    async with running(replace(PROJECT, site=site), RULES) as stage, raw_client(stage.port) as client:
        return [await client.ask(request) for request in requests]


@pytest.mark.parametrize("path", ["/", "/index.html", "/c/one-conversation", "/sign-in?next=%2F"])
async def test_pages_of_the_app_are_the_index_which_is_asked_for_anew(site: Site, path: str) -> None:
    (answer,) = await ask(site, get(path))
    assert (answer.status, answer.body) == (200, INDEX)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-security-policy"] == "default-src 'self' http://files"


async def test_files_named_by_their_content_are_kept_for_ever(site: Site) -> None:
    (answer,) = await ask(site, get("/assets/main-1a2b.js"))
    assert (answer.status, answer.body) == (200, SCRIPT)
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("path", ["/assets/main-0000.js", "/assets/none", "/none.png"])
async def test_a_missing_file_is_not_answered_with_the_index(site: Site, path: str) -> None:
    (answer,) = await ask(site, get(path))
    assert answer.status == 404
    assert answer.headers["cache-control"] == "no-store"
    assert "content-security-policy" in answer.headers


async def test_text_is_compressed_for_those_who_take_it(site: Site) -> None:
    plain, zipped, refused, picture = await ask(
        site,
        get("/"),
        get("/", "Accept-Encoding: br, gzip;q=0.8"),
        get("/", "Accept-Encoding: gzip;q=0, br"),
        get("/icon.png", "Accept-Encoding: gzip"),
    )
    assert gzip.decompress(zipped.body) == INDEX
    assert zipped.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers | refused.headers | picture.headers
    assert zipped.headers["vary"] == plain.headers["vary"] == "accept-encoding"
    assert zipped.headers["etag"] != plain.headers["etag"] == refused.headers["etag"]


async def test_what_the_browser_has_is_not_sent_again_until_it_changes(site: Site) -> None:
    async with running(replace(PROJECT, site=site), RULES) as stage, raw_client(stage.port) as client:
        tag = (await client.ask(get("/"))).headers["etag"]
        for condition in (tag, f'"other", W/{tag}', "*"):
            kept = await client.ask(get("/", f"If-None-Match: {condition}"))
            assert (kept.status, kept.body, kept.headers["etag"]) == (304, b"", tag)
        (site.directory / "index.html").write_bytes(b"a newer one, of another length")
        changed = await client.ask(get("/", f"If-None-Match: {tag}"))
    assert (changed.status, changed.body) == (200, b"a newer one, of another length")


async def test_head_has_the_length_and_no_body_and_nothing_can_be_written(site: Site) -> None:
    head, posted = await ask(site, get("/", method="HEAD"), get("/", method="DELETE"))
    assert (head.status, head.headers["content-length"]) == (200, str(len(INDEX)))
    assert (posted.status, posted.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/assets/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets/..%5c..%5csecret.txt",
        "/way-out.txt",
        "/.hidden",
        "/icon.png%00.txt",
        "/%ff.txt",
        "//secret.txt",
    ],
)
async def test_nothing_outside_the_folder_is_served(site: Site, path: str) -> None:
    (answer,) = await ask(site, get(path))
    assert answer.status == 404
    assert b"not" not in answer.body


async def test_the_apis_are_not_shadowed(site: Site) -> None:
    for path in ("/api/users", "/api", "/%61pi/x", "/ws", "/ws/none", "/_local/none"):
        (answer,) = await ask(site, get(path))
        assert answer.body != INDEX
    (answer,) = await ask(site, get("/api/users"))
    assert answer.body == b"from the function"


async def test_a_site_that_is_not_built_says_so(tmp_path: Path) -> None:
    (answer,) = await ask(Site(tmp_path / "none"), get("/"))
    assert answer.status == 404
    assert b"has not been built" in answer.body
