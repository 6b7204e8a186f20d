"""A client that is dead: its socket is open and nobody reads from it, so that its gateway has to refuse posts."""

from __future__ import annotations

import asyncio
import base64
import os
import secrets
import socket
from urllib.parse import urlsplit

from bench.client import Person
from bench.client.rest import ApiError
from bench.load.figures import MeasurementError

RECEIVE_BUFFER_BYTES = 4096
UPGRADE_DEADLINE_S = 15.0
LARGE = "🦜" * 8_000
AT_ONCE, LIMIT = 10, 1_000


class DeadClient:
    """One more device of a person, which never reads what it gets."""

    def __init__(self, wire: socket.socket) -> None:
        self._wire = wire

    @classmethod
    def connect(cls, address: str, access_token: str) -> DeadClient:
        """Opens a WebSocket by a token (RFC 6455, section 4.1) and reads no more than the answer.

        Raises:
            MeasurementError: the upgrade was refused.
        """
        parts = urlsplit(address)
        wire = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        wire.settimeout(UPGRADE_DEADLINE_S)
        wire.connect((parts.hostname, parts.port or 80))
        wire.sendall(
            f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n"
            f"Authorization: Bearer {access_token}\r\n\r\n".encode()
        )
        answer = b""
        while b"\r\n\r\n" not in answer:
            if not (piece := wire.recv(1)):
                break
            answer += piece
        if b" 101 " not in answer.split(b"\r\n", 1)[0]:
            wire.close()
            raise MeasurementError(f"the upgrade was answered with {answer[:40]!r}")
        return cls(wire)

    def close(self) -> None:
        """Ends it."""
        self._wire.close()


async def fill(owner: Person, other: Person) -> None:
    """Has someone write to the owner of a dead client until a post to it is refused: its buffers are full.

    They write in their direct conversation, so that nobody else hears of it.

    Raises:
        MeasurementError: everything was taken.
    """
    place = await other.create_direct(owner.user_id)
    prefix = secrets.token_hex(4)
    for number in range(0, LIMIT, AT_ONCE):
        sent = await asyncio.gather(
            *(other.send_message(place, f"{prefix}-{one}", LARGE) for one in range(number, number + AT_ONCE))
        )
        if "failed" in await _outcomes(owner, sent[-1]["messageId"]):
            return
    raise MeasurementError("the dead client's gateway took everything, so that it delays nobody anyway")


async def _outcomes(owner: Person, message_id: str) -> set[str]:
    """What became of a message on the owner's sockets, once something did."""
    async with asyncio.timeout(UPGRADE_DEADLINE_S):
        while True:
            try:
                if found := (await owner.call("GET", f"/api/messages/{message_id}/trace"))["deliveries"]:
                    return {delivery["outcome"] for delivery in found}
            except ApiError as error:
                if error.status != 404:  # it is not stored yet
                    raise
            await asyncio.sleep(0.02)
