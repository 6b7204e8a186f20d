"""Who plays in the conformance kit: a few throw-away accounts, over HTTP and WebSocket alone."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import httpx
import pytest

from bench.client import Device, FrameError, ParleyClient, Person
from bench.client.rest import Json

PASSWORD = f"conformance {secrets.token_hex(16)}"
TOKEN_LIFE_S = 400.0
NAMES = ("ada", "ben", "cy")
DEADLINE_S = 30.0
POLL_S = 0.05


@dataclass
class Account:
    """One of the accounts; its access token is renewed before it runs out."""

    user_id: str
    username: str
    display_name: str
    access_token: str
    since: float


@dataclass
class Accounts:
    """The accounts of one run, made when they are first needed and erased in the end."""

    base: str
    run_id: str = field(default_factory=lambda: secrets.token_hex(5))
    known: dict[str, Account] = field(default_factory=dict)
    direct_id: str = ""

    async def take(self, client: ParleyClient, name: str) -> Person:
        """The account of a name, with a token that holds for a while."""
        account = self.known.get(name)
        if account is None or time.monotonic() - account.since > TOKEN_LIFE_S:
            username = f"{name}.{self.run_id}"
            person = await (client.login(username, PASSWORD) if account else client.register(username, PASSWORD))
            account = Account(
                person.user_id, username, person.display_name, person.access_token, since=time.monotonic()
            )
            self.known[name] = account
        return Person(client, account.user_id, account.username, account.display_name, account.access_token)

    async def erase(self) -> None:
        """Erases the accounts: the stage is left as it was, but for tombstones."""
        async with ParleyClient(self.base) as client:
            for name in list(self.known):
                person = await self.take(client, name)
                await person.client.request(
                    "DELETE", "/api/users/me", token=person.access_token, body={"password": PASSWORD}
                )


def open_stage(base: str) -> Iterator[Accounts]:
    """The accounts of a run on a stage, which are erased in the end: what a fixture yields from."""
    made = Accounts(base.rstrip("/"))
    yield made
    asyncio.run(made.erase())


class Cast:
    """What a statement's test gets: ada and ben, who have a direct conversation, and cy, who is a stranger to it."""

    ada: Person
    ben: Person
    cy: Person
    client: ParleyClient

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._devices: list[Device] = []
        self.base = accounts.base

    async def __aenter__(self) -> Self:
        self.client = ParleyClient(self.base, timeout_s=DEADLINE_S)
        self.ada, self.ben, self.cy = [await self._accounts.take(self.client, name) for name in NAMES]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*(device.close() for device in self._devices))
        await self.client.close()

    @property
    def run_id(self) -> str:
        """Part of every name of this run."""
        return self._accounts.run_id

    async def newcomer(self, name: str) -> Person:
        """One more account."""
        return await self._accounts.take(self.client, name)

    def forget(self, name: str) -> None:
        """An account was erased."""
        self._accounts.known.pop(name, None)

    async def direct(self) -> str:
        """The direct conversation of ada and ben."""
        if not self._accounts.direct_id:
            self._accounts.direct_id = await self.ada.create_direct(self.ben.user_id)
        return self._accounts.direct_id

    async def group(self, *others: Person) -> str:
        """A new group of ada's."""
        return await self.ada.create_group("A group", [person.user_id for person in others])

    async def devices(self, *people: Person) -> list[Device]:
        """A connected device for each, closed when the test ends; name somebody twice for two of theirs."""
        opened = []
        for number, person in enumerate(people):
            device = await Device.connect(person, f"{person.username}'s device {number}")
            self._devices.append(device)
            opened.append(device)
        return opened

    async def stored(self, place: str, content: str = "hello", who: Person | None = None) -> Json:
        """A message that is stored, sent by REST."""
        sender = who or self.ada
        message_id = (await sender.send_message(place, secrets.token_hex(8), content))["messageId"]
        path = f"/api/messages/{message_id}"
        return dict((await until(lambda: self.ask("GET", path, sender), lambda answer: answer.is_success)).json())

    async def ask(
        self,
        method: str,
        path: str,
        who: Person | None = None,
        *,
        body: Json | None = None,
        query: Mapping[str, str | int] | None = None,
    ) -> httpx.Response:
        """One request in somebody's name, or in nobody's; its answer, whatever it is."""
        token = who.access_token if who else None
        return await self.client.request(method, path, token=token, body=body, query=query)

    async def ok(
        self,
        status: int,
        method: str,
        path: str,
        who: Person | None = None,
        *,
        body: Json | None = None,
        query: Mapping[str, str | int] | None = None,
    ) -> Json:
        """A request that must succeed with this status; its JSON."""
        answer = await self.ask(method, path, who, body=body, query=query)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text[:200]}"
        assert answer.headers.get("x-request-id"), f"{method} {path} has no X-Request-Id"
        return dict(answer.json()) if answer.content else {}

    async def refused(
        self,
        status: int,
        code: str,
        method: str,
        path: str,
        who: Person | None = None,
        *,
        body: Json | None = None,
        query: Mapping[str, str | int] | None = None,
    ) -> Json:
        """A request that must be refused by a problem document with this status and code; the document."""
        return check_problem(await self.ask(method, path, who, body=body, query=query), status, code)


async def until(
    ask: Callable[[], Awaitable[httpx.Response]], holds: Callable[[httpx.Response], bool]
) -> httpx.Response:
    """The first answer for which something holds; AssertionError when there is none in time."""
    deadline = time.monotonic() + DEADLINE_S
    while not holds(answer := await ask()):
        assert time.monotonic() < deadline, f"it is still {answer.status_code} {answer.text[:200]}"
        await asyncio.sleep(POLL_S)
    return answer


def check_problem(answer: httpx.Response, status: int, code: str) -> Json:
    """Holds an answer to RFC 9457 and to a status and code."""
    assert answer.status_code == status, f"{answer.request.url.path}: {answer.status_code} {answer.text[:200]}"
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem = dict(answer.json())
    assert problem["code"] == code, f"{problem['code']} and not {code}"
    assert problem["status"] == status
    assert {"type", "title", "detail", "requestId"} <= problem.keys()
    assert answer.headers.get("x-request-id") == problem["requestId"]
    if status in (429, 503):
        assert int(answer.headers["retry-after"]) >= 1
    return problem


def events(device: Device, name: str) -> list[Json]:
    """The data of all events of a name that came to a device unasked."""
    return [one.data for one in device.received if one.event == name and one.request_id is None]


async def heard(device: Device, name: str, count: int = 1) -> Json:
    """The data of the latest event of a name, once so many have come."""
    try:
        await device.wait_until(lambda: len(events(device, name)) >= count, timeout_s=DEADLINE_S)
    except TimeoutError:
        raise AssertionError(f"{device.name} never heard {name}: {[one.event for one in device.received]}") from None
    return events(device, name)[-1]


async def heard_by(name: str, *devices: Device) -> Json:
    """The data of an event that each of these devices hears once, the same for all."""
    told = [await heard(device, name) for device in devices]
    await settle(*devices)
    for device, data in zip(devices, told, strict=True):
        assert data == told[0], f"{device.name} hears something else"
        assert len(events(device, name)) == 1, f"{device.name} hears {name} {len(events(device, name))} times"
    return told[0]


async def not_heard_by(name: str, *devices: Device) -> None:
    """None of these devices has heard an event by the time that each has had one more answer."""
    await settle(*devices)
    for device in devices:
        assert not events(device, name), f"{device.name} hears {name}"


async def settle(*devices: Device) -> None:
    """One more answer for each: whatever was sent to a socket before it has come."""
    await asyncio.gather(*(device.request("ping", {}, timeout_s=DEADLINE_S) for device in devices))


async def refused_frame(device: Device, code: str, action: str, data: Json) -> FrameError:
    """A frame that must get an `error` of this code."""
    with pytest.raises(FrameError) as caught:
        await device.request(action, data, timeout_s=DEADLINE_S)
    assert caught.value.code == code, f"{caught.value.code} and not {code}"
    return caught.value
