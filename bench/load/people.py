"""The people of a load: registered once, signed in again before their tokens run out, connected anew for each run."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence

from bench.client import ParleyClient, Person, Socket, open_socket
from bench.client.rest import Json
from bench.load.figures import MeasurementError

TOKEN_LIFE_S = 480.0
SIDE_BY_SIDE = 8
AT_ONCE = 200


class People:
    """As many people as asked for, the same ones each time."""

    def __init__(self, client: ParleyClient) -> None:
        self.client = client
        self._password = f"load-{secrets.token_hex(16)}"
        self._prefix = f"l{secrets.token_hex(4)}"
        self._people: list[tuple[float, Person]] = []
        self._directs: dict[tuple[str, str], str] = {}
        self._slots = asyncio.Semaphore(SIDE_BY_SIDE)

    async def take(self, count: int) -> list[Person]:
        """The first `count` people, each with a token that holds for minutes."""
        known, missing = self._people[:count], range(len(self._people), count)
        refreshed = await asyncio.gather(*(self._refresh(since, person) for since, person in known))
        fresh = await asyncio.gather(*(self._register(number) for number in missing))
        self._people[:count] = [*refreshed, *fresh]
        return [person for _, person in self._people[:count]]

    async def sign_in(self, person: Person) -> Person:
        """One of them, signed in once more."""
        return await self.client.login(person.username, self._password)

    async def direct(self, one: Person, other: Person) -> str:
        """The id of the direct conversation of two people."""
        key = (one.user_id, other.user_id)
        if key not in self._directs:
            async with self._slots:
                self._directs[key] = await one.create_direct(other.user_id)
        return self._directs[key]

    async def connect(self, people: Sequence[Person], on_text: Sequence[Callable[[bytes], None]]) -> list[Socket]:
        """Opens a socket for each person, by their token."""
        address = await people[0].ws_address()

        async def one(person: Person, callback: Callable[[bytes], None]) -> Socket:
            async with self._slots:
                return await open_socket(address, callback, access_token=person.access_token)

        return list(await asyncio.gather(*(one(*pair) for pair in zip(people, on_text, strict=True))))

    async def _register(self, number: int) -> tuple[float, Person]:
        async with self._slots:
            person = await self.client.register(f"{self._prefix}.{number}", self._password)
        return time.monotonic(), person

    async def _refresh(self, since: float, person: Person) -> tuple[float, Person]:
        if time.monotonic() - since < TOKEN_LIFE_S:
            return since, person
        async with self._slots:
            return time.monotonic(), await self.client.login(person.username, self._password)


async def create_large_group(owner: Person, name: str, member_ids: Sequence[str]) -> str:
    """The id of a new group whose members are added some at a time: each time is one transaction."""
    group_id = await owner.create_group(name, member_ids[:AT_ONCE])
    for first in range(AT_ONCE, len(member_ids), AT_ONCE):
        body = {"add": list(member_ids[first : first + AT_ONCE])}
        await owner.call("PATCH", f"/api/groups/{group_id}/members", body=body)
    return group_id


async def close_all(sockets: Sequence[Socket]) -> None:
    """Closes sockets, some at a time."""
    slots = asyncio.Semaphore(64)

    async def close(socket: Socket) -> None:
        async with slots:
            await socket.close()

    await asyncio.gather(*(close(socket) for socket in sockets))


async def verify_history(person: Person, conversation_id: str, *, after: int, acknowledged: set[str]) -> int:
    """Holds a conversation's history against the acks: nothing missing, nothing twice, seq without a hole.

    Args:
        person: a member.
        conversation_id: the conversation.
        after: its last seq before the run.
        acknowledged: the ids of all messages that were acknowledged in the run.

    Returns:
        How many messages the run stored.

    Raises:
        MeasurementError: it does not hold.
    """
    found: list[Json] = await person.history(conversation_id, after=after)
    ids = [message["messageId"] for message in found]
    if [message["seq"] for message in found] != list(range(after + 1, after + 1 + len(found))):
        raise MeasurementError(f"{conversation_id}: seq has holes or repeats after {after}")
    if len(set(ids)) != len(ids):
        raise MeasurementError(f"{conversation_id}: {len(ids) - len(set(ids))} messages are stored twice")
    if missing := acknowledged - set(ids):
        raise MeasurementError(f"{conversation_id}: {len(missing)} acknowledged messages are missing")
    return len(found)
