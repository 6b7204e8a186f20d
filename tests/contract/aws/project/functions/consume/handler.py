"""The consumer of the contract tests."""

from __future__ import annotations

import base64
import json
from typing import Any

_seen: set[tuple[str, int]] = set()


def handler(event: dict[str, Any], _context: object) -> object:
    """Prints the event; fails a record whose value is `once` the first time that it sees it."""
    print(json.dumps(event))  # noqa: T201 - the test reads the function's log
    failures = []
    for partition, records in event["records"].items():
        for record in records:
            place = (partition, record["offset"])
            if base64.b64decode(record["value"]) == b"once" and place not in _seen:
                _seen.add(place)
                failures.append({"itemIdentifier": {"partition": partition, "offset": record["offset"]}})
                break
    return {"batchItemFailures": failures}
