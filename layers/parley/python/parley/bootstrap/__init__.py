"""The composition root: the one place that joins services, adapters and settings.

Nothing is made before it is asked for, and then once for the process: making a part imports its adapter and reads its
settings; the adapter connects at its first use.
"""

# ruff: noqa: PLC0415  # each part is imported when it is first asked for: that is what this package is for

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from parley.bootstrap.accounts import AccountServices
from parley.bootstrap.live import LiveServices
from parley.observability import start_logging

if TYPE_CHECKING:
    from parley.services.health import Health

Part = Literal["stores", "connections", "publisher", "push", "passwords", "tokens"]

_MODULES: Mapping[Part, str] = {
    "stores": "parley.stores.mongo",
    "connections": "parley.connections.rooms",
    "publisher": "parley.streams.publisher",
    "push": "parley.push.client",
    "passwords": "parley.security.passwords",
    "tokens": "parley.security.tokens",
}


class Container(AccountServices, LiveServices):
    """The parts of Parley in this process."""

    @cached_property
    def health(self) -> Health:
        from parley.services.health import Health

        return Health(probes={"kafka": self.publisher.ping, "mongo": self.stores.ping, "redis": self.connections.ping})


@contextmanager
def importing() -> Iterator[None]:
    """Keeps the garbage collector out of imports: they make very much and hardly any garbage, and it would take a
    tenth of a cold start to find that out."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@cache
def container(*parts: Part) -> Container:
    """The process's container, made once.

    Args:
        parts: adapters whose code is imported now: a function names what it will need, as Lambda gives an environment
            more processor time while it starts than later. None of them connects yet.
    """
    with importing():
        start_logging()
        for part in parts:
            import_module(_MODULES[part])
    return Container(os.environ)
