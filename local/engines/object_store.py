"""S3, Secrets Manager and KMS, as the moto server imitates them. It keeps nothing from one start to the next."""

from __future__ import annotations

import importlib.metadata
import sys

from local.engines.engine import Engine
from local.engines.probes import http_answers


class ObjectStore(Engine):
    """A moto server."""

    name = "moto"
    title = f"S3 (moto {importlib.metadata.version('moto')})"
    probe = staticmethod(http_answers)

    def command(self) -> list[str]:
        start = "from moto.server import main; main()"
        return [sys.executable, "-c", start, "--host", self.host, "--port", str(self.port)]

    @property
    def url(self) -> str:
        """The endpoint for AWS clients."""
        return f"http://{self.address}"
