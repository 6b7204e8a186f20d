"""The consumer of the contract tests."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any

_seen: set[tuple[str, int]] = set()


def handler(event: dict[str, Any], _context: object) -> object:
    """Prints the event; fails a record `once` at its first sight, and waits for the file of `wait <file>`."""
    print(json.dumps(event))  # noqa: T201 - the test reads the function's log
    failures = []
    for partition, records in event["records"].items():
        for record in records:
            place = (partition, record["offset"])
            value = base64.b64decode(record["value"])
            if value.startswith(b"wait "):
                while not Path(value[5:].decode()).exists():
                    time.sleep(0.01)
            if value == b"once" and place not in _seen:
                _seen.add(place)
                failures.append({"itemIdentifier": {"partition": partition, "offset": record["offset"]}})
                break
    return {"batchItemFailures": failures}
