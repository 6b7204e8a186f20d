"""The messages of the contract tests."""

from __future__ import annotations

import json
import time
from typing import Any


def handler(event: dict[str, Any], _context: object) -> object:
    """Answers by the route."""
    route = event["requestContext"]["routeKey"]
    if route == "fail":
        raise RuntimeError("as it was told")
    if route == "nothing":
        return {"statusCode": 200}
    if route == "slow":
        time.sleep(float(json.loads(event["body"])["seconds"]))
    body = event["body"] if route in ("echo", "slow", "quiet") else json.dumps(event)
    return {"statusCode": 200, "body": body}
