"""The types of web/sdk/src/generated, made from the OpenAPI and AsyncAPI documents: `make web-types` writes them."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.unit.entry.stack import Stack, own_loop
from tests.web.packages import WEB, install_packages, run_node

GENERATED = WEB / "sdk" / "src" / "generated"
PATHS = {"openapi": "/api/openapi.json", "socket": "/api/asyncapi.json"}


class GenerationError(Exception):
    """The types could not be made; the text is what the script said."""


def generate_types() -> dict[Path, str]:
    """What each generated file should hold, by the documents as the code has them now."""
    with own_loop():
        stack = Stack()
        documents = {name: stack.request("GET", path).text for name, path in PATHS.items()}
    found = {}
    for name, text in documents.items():
        done = run_node("sdk/scripts/generate.mjs", name, stdin=text)
        if done.returncode != 0:
            raise GenerationError(done.stderr)
        found[GENERATED / f"{name}.ts"] = done.stdout
    return found


def main() -> None:
    """Writes the files."""
    install_packages()
    for path, text in generate_types().items():
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
