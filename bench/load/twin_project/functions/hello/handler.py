"""The trivial HTTP function of the twin's measurements."""

from __future__ import annotations

from typing import Any


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Says hello."""
    return {"statusCode": 200, "body": "hello"}
