"""Ports that an engine keeps from one start to the next, as clients and Kafka's own metadata remember them."""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Iterable
from pathlib import Path

from local.failures import StartError

# Below the ranges from which Linux (32768) and macOS (49152) take the ports of outgoing connections, so that no
# connection takes an engine's port while it restarts.
FIRST, LAST = 20_000, 32_000
HOST = "127.0.0.1"


def is_free(port: int, host: str = HOST) -> bool:
    """Whether a server could bind `port` now; one in TIME_WAIT counts as free, as servers set SO_REUSEADDR."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def choose_ports(names: Iterable[str], remembered: Path) -> dict[str, int]:
    """A port for each name: the one in the file `remembered` if it is free, else a free one, which is remembered.

    Raises:
        StartError: no port is free.
    """
    known = _read(remembered)
    chosen: dict[str, int] = {}
    for name in names:
        port = known.get(name)
        chosen[name] = port if port and is_free(port) and port not in chosen.values() else _find(set(chosen.values()))
    if chosen != known:
        remembered.write_text(json.dumps(chosen, indent=2) + "\n", encoding="utf-8")
    return chosen


def _read(path: Path) -> dict[str, int]:
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    if not isinstance(known, dict):
        return {}
    return {str(name): port for name, port in known.items() if isinstance(port, int) and 0 < port < 1 << 16}


def free_port() -> int:
    """A port that is free now.

    Raises:
        StartError: there is none.
    """
    return _find(set())


def _find(taken: set[int]) -> int:
    for _ in range(1000):
        port = random.randint(FIRST, LAST)  # noqa: S311 - nothing secret about it
        if port not in taken and is_free(port):
            return port
    raise StartError(f"No free port was found between {FIRST} and {LAST}.")
