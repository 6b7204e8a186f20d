"""Both sides of TLS on localhost."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from bench.load.certificates import make_certificate


@dataclass(frozen=True)
class Authority:
    """Who vouches for the server on localhost, and only to the client that is told."""

    server_context: ssl.SSLContext
    client_context: ssl.SSLContext


def make_authority(folder: Path) -> Authority:
    pem = folder / "localhost.pem"
    make_certificate(pem)
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(pem)
    return Authority(server_context, ssl.create_default_context(cafile=str(pem)))
