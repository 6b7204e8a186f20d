"""The database: SecantusDB, which speaks MongoDB's protocol. Its two servers read each other's files."""

from __future__ import annotations

import importlib.metadata
import shutil
import sys
from pathlib import Path

from local.engines.engine import Engine
from local.engines.probes import mongo_answers
from local.failures import StartError
from local.observer import Observer

FAST_CRATE = "secantus-mdb"
FAST_VERSION = "0.5.3-beta.196"  # named whole: cargo passes over a version before 1.0.0-final unless told so
FAST_SERVER = "secantusd-rs"
PYTHON_SERVER = "secantusd-py"


class Database(Engine):
    """A SecantusDB server: the fast one where it is installed, else the one of the Python package."""

    name = "mongo"
    probe = staticmethod(mongo_answers)

    def __init__(self, folder: Path, port: int, observer: Observer, *, cache: Path, database: str) -> None:
        """
        Args:
            cache: the folder where `make fast-database` puts the fast server, in `bin/`.
            database: the database that clients use.

        Raises:
            StartError: neither server is there.
        """
        super().__init__(folder, port, observer)
        self._server = find_server(cache)
        self._database = database
        fast = self._server.name == FAST_SERVER
        self.version = FAST_VERSION if fast else importlib.metadata.version("secantusdb")
        self.title = f"Database ({self._server.name})"

    def command(self) -> list[str]:
        # Without a sync at each commit, a crash loses writes that were acknowledged.
        settings = {"host": self.host, "port": str(self.port), "storage-path": str(self.folder / "storage")}
        tuning = {"cache-size": "256M", "log-level": "WARNING"}
        options = [part for name, value in (settings | tuning).items() for part in (f"--{name}", value)]
        return [str(self._server), *options, "--sync-on-commit"]

    @property
    def url(self) -> str:
        """The address for clients, with what DocumentDB would have them set."""
        return f"mongodb://{self.address}/{self._database}?retryWrites=false&directConnection=true"


def find_server(cache: Path) -> Path:
    """The server to run: the fast one from the cache or the PATH, else the Python package's.

    Raises:
        StartError: neither is there.
    """
    built = cache / "bin" / FAST_SERVER
    if built.is_file():
        return built
    installed = shutil.which(FAST_SERVER) or shutil.which(PYTHON_SERVER, path=str(Path(sys.executable).parent))
    if not installed:
        raise StartError(f"No database server was found: neither {FAST_SERVER} nor {PYTHON_SERVER} is installed.")
    return Path(installed)
