"""The HTTP routes of the contract tests."""

from __future__ import annotations

import json
import time
from typing import Any

SHAPES: dict[str, Any] = {
    "text": "just a text",
    "object": {"pets": 2},
    "full": {"statusCode": 201, "headers": {"x-one": "1"}, "body": "made"},
    "cookies": {"statusCode": 200, "cookies": ["a=1; Path=/", "b=2"], "body": ""},
    "binary": {"statusCode": 200, "isBase64Encoded": True, "body": "/wA="},
    "malformed": {"statusCode": "two hundred"},
}


def handler(event: dict[str, Any], _context: object) -> object:
    """Answers with the event, or with what the query's `as` says."""
    query = event.get("queryStringParameters", {})
    if event["rawPath"] == "/shape":
        return SHAPES[query["as"]]
    time.sleep(float(query.get("sleep", "0")))
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}
