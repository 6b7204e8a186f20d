"""A whole stack, as `make run` starts it, on a free port and data of its own, seen as a client sees it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.client import Contract, ContractWatch, Device, ParleyClient, Person, Socket
from bench.client.rest import Json
from parley.protocol.asyncapi import make_asyncapi

POLL_S = 0.02
PASSWORD = "a password of nobody but tests"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives a whole stack."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def contract() -> Contract:
    """The AsyncAPI document, as every stack serves it."""
    return Contract(make_asyncapi(["ws://localhost/ws"]))


@pytest.fixture(autouse=True)
def frames_are_as_documented(contract: Contract, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Holds every frame of every socket that a test opens to the AsyncAPI document."""
    problems: list[str] = []
    monkeypatch.setattr(Socket, "new_watch", lambda: ContractWatch(contract, problems.append))
    yield
    assert not problems, problems[:5]


async def register(client: ParleyClient, name: str) -> Person:
    """A new person whose username begins with `name`."""
    return await client.register(f"{name}_{secrets.token_hex(6)}", PASSWORD, display_name=name.title())


async def until(holds: Callable[[], bool], *, deadline_s: float = 30) -> None:
    """Waits until a condition holds; TimeoutError when it does not in time."""
    async with asyncio.timeout(deadline_s):
        while not holds():  # noqa: ASYNC110 - what it looks at is in other processes, which tell nobody
            await asyncio.sleep(POLL_S)


async def history_of(person: Person, conversation_id: str, count: int, *, deadline_s: float = 90) -> list[Json]:
    """The conversation's history, once it holds at least so many messages."""
    found: list[Json] = []
    async with asyncio.timeout(deadline_s):
        while len(found) < count:
            found += await person.history(conversation_id, after=len(found))
    return found


async def still_serves(device: Device) -> None:
    """Holds a socket to going on: a ping is answered."""
    answer = await device.request("ping", {})
    assert "serverTime" in answer.data
