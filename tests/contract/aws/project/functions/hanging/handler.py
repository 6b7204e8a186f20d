"""A function that does not answer in its time, when it is told so."""

from __future__ import annotations

import time
from typing import Any


def handler(event: dict[str, Any], context: Any) -> None:
    """Takes a minute, or none where `seconds` says so."""
    time.sleep(event.get("seconds", 60))
