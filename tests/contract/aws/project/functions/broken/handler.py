"""A function that fails in every way, and tells what Lambda told it."""

from __future__ import annotations

import os
import time
from typing import Any


def handler(event: dict[str, Any], context: Any) -> object:
    """Does what `how` says."""
    how = event.get("how") or event["pathParameters"]["how"]
    match how:
        case "raise":
            raise KeyError("price")
        case "exit":
            os._exit(3)
        case "fill":
            kept = bytearray(512 << 20)
            kept[::4096] = b"x" * len(kept[::4096])
            time.sleep(60)
        case "large":
            return {"text": "x" * (6 * 1024 * 1024 + 1024)}
        case "unserializable":
            return {1, 2}
        case "print":
            print("x" * (1 << 20))  # noqa: T201 - that a megabyte is printed is what is tested
    return {
        "requestId": context.aws_request_id,
        "arn": context.invoked_function_arn,
        "memory": context.memory_limit_in_mb,
        "leftMs": context.get_remaining_time_in_millis(),
        "variables": {name: value for name, value in os.environ.items() if name.startswith(("AWS_", "LAMBDA_", "_H"))},
    }
