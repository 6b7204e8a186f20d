"""The client, its React hooks and the app: linted, typed, tested on a fake clock and a fake socket, and small."""

from __future__ import annotations

import gzip
import json
import re

import pytest

from tests.web.documents import generate_types
from tests.web.packages import ROOT, WEB, run_node

CLIENT_MAX_BYTES = 20 * 1024
QUICKSTART_MAX_LINES = 40


def check(program: str, *arguments: str) -> str:
    """Runs a program that must end well; what it said."""
    done = run_node(program, *arguments)
    assert done.returncode == 0, f"{program} {' '.join(arguments)}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_generated_types_are_those_of_the_documents() -> None:
    for path, text in generate_types().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is out of date: run `make web-types`"


@pytest.mark.timeout(240)
def test_lint() -> None:
    check("eslint", "sdk", "react", "app", "vitest.config.ts", "--max-warnings", "0")


def test_types() -> None:
    check("tsc", "-p", ".")
    check("tsc", "-p", "app")


@pytest.mark.timeout(240)
def test_units_and_the_store_s_branches() -> None:
    check("vitest", "run", "--project", "client", "--project", "react", "--coverage")


@pytest.mark.xdist_group("browser")  # where a page loads this very file
def test_the_client_is_small() -> None:
    check("sdk/scripts/build.mjs")
    bundle = (WEB / "sdk" / "dist" / "parley.min.js").read_bytes()
    assert len(gzip.compress(bundle, 9)) <= CLIENT_MAX_BYTES


def test_the_client_needs_no_other_package_to_run() -> None:
    package = json.loads((WEB / "sdk" / "package.json").read_text(encoding="utf-8"))
    needed = [name for name in package if name.lower().endswith("dependencies") and name != "devDependencies"]
    assert needed == []
    sources = sorted((WEB / "sdk" / "src").rglob("*.ts"))
    assert sources
    for path in sources:
        imported = re.findall(r"""\b(?:from|import)\s*\(?\s*["']([^"']+)["']""", path.read_text(encoding="utf-8"))
        assert [name for name in imported if not name.startswith(".")] == [], path.name


def test_the_quickstart_s_page_has_forty_lines_at_most() -> None:
    text = (ROOT / "docs" / "web-sdk.md").read_text(encoding="utf-8")
    pages = re.findall(r"^```html\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(pages) == 1
    assert len(pages[0].splitlines()) <= QUICKSTART_MAX_LINES
