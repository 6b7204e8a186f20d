"""Writes the OpenAPI and AsyncAPI documents to files, for whoever generates code of them.

python -m tools.documents FOLDER
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from parley.entry.rest.openapi import make_openapi
from parley.protocol.asyncapi import make_asyncapi

_LOCAL_ADDRESS = "ws://localhost:8000/ws"


def make_documents() -> dict[str, Mapping[str, Any]]:
    """Both documents by their file's name. They are the same on every stack, but for the sockets' address."""
    return {
        "openapi.json": make_openapi(),
        "asyncapi.json": make_asyncapi([_LOCAL_ADDRESS]),
    }


def main(arguments: list[str]) -> int:
    """Writes them; 2 where the folder is not named."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m tools.documents FOLDER\n")
        return 2
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in make_documents().items():
        (folder / name).write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
