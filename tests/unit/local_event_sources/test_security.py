"""Signing in to a broker: over TLS, by a name and a password, as kafka-python's mechanisms have it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from local.event_sources import wire
from local.event_sources.connection import connect
from local.event_sources.security import Security
from local.event_sources.wire import Broker, KafkaError
from tests.contract.tls import make_authority

pytestmark = pytest.mark.anyio

NAME, PASSWORD, SALT, ROUNDS = "parley", "p@ss:word", b"salt of the test", 4096
UNSUPPORTED_MECHANISM, AUTHENTICATION_FAILED = 33, 58


class ScramServer:
    """The server's half of SCRAM-SHA-256 (RFC 5802, RFC 7677), for one user."""

    def __init__(self) -> None:
        self._first = self._answer = b""

    def take(self, message: bytes) -> bytes | None:
        """The next answer; None refuses."""
        if not self._first:
            self._first = message.partition(b",,")[2]
            nonce = dict(part.split(b"=", 1) for part in self._first.split(b","))[b"r"] + b"server"
            self._answer = b"r=%s,s=%s,i=%d" % (nonce, base64.b64encode(SALT), ROUNDS)
            return self._answer
        without_proof, _, proof = message.rpartition(b",p=")
        salted = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), SALT, ROUNDS)
        signed = b",".join((self._first, self._answer, without_proof))
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        signature = hmac.digest(hashlib.sha256(client_key).digest(), signed, "sha256")
        if bytes(a ^ b for a, b in zip(client_key, signature, strict=True)) != base64.b64decode(proof):
            return None
        server_key = hmac.digest(salted, b"Server Key", "sha256")
        return b"v=" + base64.b64encode(hmac.digest(server_key, signed, "sha256"))


@asynccontextmanager
async def broker(context: ssl.SSLContext) -> AsyncIterator[Broker]:
    """A broker that knows signing in and, after it, echoes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        scram, signed_in = ScramServer(), False
        try:
            while True:
                frame = await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big"))
                api, correlation = int.from_bytes(frame[:2], "big"), frame[4:8]
                body = frame[10 + int.from_bytes(frame[8:10], "big") :]
                if api == wire.SASL_HANDSHAKE:
                    known = body == wire.text("SCRAM-SHA-256")
                    answer = (0 if known else UNSUPPORTED_MECHANISM).to_bytes(2, "big") + (0).to_bytes(4, "big")
                elif api == wire.SASL_AUTHENTICATE:
                    said = scram.take(body[4:])
                    error = 0 if said is not None else AUTHENTICATION_FAILED
                    signed_in = bool(said and said.startswith(b"v="))
                    answer = error.to_bytes(2, "big") + b"\xff\xff" + wire.blob(said or b"")
                else:
                    answer = body if signed_in else b"refused"
                writer.write((len(answer) + 4).to_bytes(4, "big") + correlation + answer)
        except asyncio.IncompleteReadError:
            writer.close()

    server = await asyncio.start_server(serve, "localhost", 0, ssl=context)
    async with server:
        yield Broker("localhost", server.sockets[0].getsockname()[1])


def _security(password: str, folder: Path, mechanism: str = "SCRAM-SHA-256") -> Security:
    return Security.read(f"{mechanism}:{NAME}:{password}", str(folder / "localhost.pem"))


async def test_a_name_and_a_password_open_a_connection_over_tls(tmp_path: Path) -> None:
    async with broker(make_authority(tmp_path).server_context) as at:
        connection = await connect(at, "test", _security("p%40ss%3Aword", tmp_path))
        assert await connection.send(99, 0, b"hello") == b"hello"
        connection.close()


async def test_a_wrong_password_and_an_unknown_mechanism_are_told_and_not_shown(tmp_path: Path) -> None:
    async with broker(make_authority(tmp_path).server_context) as at:
        with pytest.raises(KafkaError, match="signing in by SCRAM-SHA-256") as caught:
            await connect(at, "test", _security("wrong-canary", tmp_path))
        assert "canary" not in str(caught.value)
        with pytest.raises(KafkaError, match="offering PLAIN"):
            await connect(at, "test", _security("any", tmp_path, "PLAIN"))


async def test_a_broker_of_an_unknown_authority_gets_no_password(tmp_path: Path) -> None:
    async with broker(make_authority(tmp_path).server_context) as at:
        with pytest.raises(ssl.SSLCertVerificationError):
            await connect(at, "test", Security.read(f"SCRAM-SHA-256:{NAME}:any"))


@pytest.mark.parametrize("text", ["", "AWS_MSK_IAM", "PLAIN:canary", "PLAIN::canary", "SCRAM-SHA-1:a:canary"])
async def test_anything_else_is_refused_without_its_text(text: str) -> None:
    with pytest.raises(ValueError, match="must be PLAINTEXT") as caught:
        Security.read(text)
    assert "canary" not in str(caught.value)
    assert "canary" not in repr(Security.read("PLAIN:canary:canary"))
