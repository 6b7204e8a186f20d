"""The main routes of the REST API: how long each takes with hardly anybody there, and how many are served a second.

First all routes in turn at a steady pace, then each by a closed loop of its own. Who calls, and what they have, is
made once: a person of 40 groups and a conversation of 200 messages.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import httpx

from bench.client import ApiError, Person
from bench.client.rest import Json
from bench.load.figures import MeasurementError, Row, Sample, percentile
from bench.load.people import People
from bench.load.processes import Kind, Processes

PER_SECOND = 20
LIGHT_EACH = 50
IN_FLIGHT = 16
LOOP_S = 2.0
GROUPS = 40
MESSAGES = 200
EVERY_TENTH = "kingfisher"
CONTENT = "A message of some forty characters or so."
LOGINS = 5
SETTLE_DEADLINE_S = 120.0

ROUTES: Mapping[str, tuple[str, str]] = {
    "history": ("GET /api/messages/conversation/{id}, 50 of 200", "rest_chat"),
    "conversations": ("GET /api/conversations, 41 of them", "rest_chat"),
    "conversation": ("GET /api/conversations/{id}", "rest_chat"),
    "members": ("GET /api/conversations/{id}/members, two", "rest_chat"),
    "sync": ("GET /api/sync with a token, nothing new", "rest_chat"),
    "search": ("GET /api/messages/search, 20 found", "rest_chat"),
    "users": ("GET /api/users?q=", "rest_auth"),
    "presence": ("GET /api/users/presence, of one", "rest_auth"),
    "status": ("PUT /api/messages/status", "rest_chat"),
    "group": ("POST /api/groups, two members", "rest_chat"),
    "send": ("POST /api/chat/send", "rest_chat"),
}
"""What is called, and the function that serves it. Those that change something come last."""

ROWS = (
    Row("rest_login_ms", "POST /api/auth/login, one after the other (argon2id is most of it), p50", "ms"),
    *(
        Row(f"rest_{name}_{key}", f"{what}, {words}", unit)
        for name, (what, _) in ROUTES.items()
        for key, words, unit in (
            ("p50_ms", f"{PER_SECOND}/s of all routes, p50", "ms"),
            ("p99_ms", "p99", "ms"),
            ("rate", f"{IN_FLIGHT} in flight", "/s"),
            ("cpu_ms", "processor time of its function a request", "ms"),
        )
    ),
    Row("rest_elsewhere", "of the machine, used by others meanwhile", "%"),
)

Call = Callable[[], Awaitable[Json]]


@dataclass(slots=True)
class World:
    """Who calls, and what they have."""

    person: Person
    other: Person
    third: Person
    place: str
    token: str = ""
    numbers: itertools.count[int] = field(default_factory=itertools.count)
    run: str = field(default_factory=lambda: secrets.token_hex(4))

    def calls(self) -> dict[str, Call]:
        """Each route's call."""
        person, other, place = self.person, self.other, self.place

        def get(path: str, **query: str | int) -> Call:
            return lambda: person.call("GET", path, query=query)

        def write(method: str, path: str, body: Callable[[], Json]) -> Call:
            return lambda: person.call(method, path, body=body())

        return {
            "history": get(f"/api/messages/conversation/{place}"),
            "conversations": get("/api/conversations"),
            "conversation": get(f"/api/conversations/{place}"),
            "members": get(f"/api/conversations/{place}/members"),
            "sync": get("/api/sync", token=self.token),
            "search": get("/api/messages/search", q=EVERY_TENTH, conversationId=place),
            "users": get("/api/users", q=other.username[:6]),
            "presence": get("/api/users/presence", ids=other.user_id),
            "status": write("PUT", "/api/messages/status", self._read),
            # Not the caller's, whose list would grow by them.
            "group": lambda: other.call("POST", "/api/groups", body={"name": "New", "memberIds": [self.third.user_id]}),
            "send": write("POST", "/api/chat/send", lambda: self.message(CONTENT)),
        }

    def message(self, content: str) -> Json:
        """The next message."""
        name = f"{self.run}-{next(self.numbers)}"
        return {"conversationId": self.place, "clientMessageId": name, "content": content}

    def _read(self) -> Json:
        return {"conversationId": self.place, "status": "read", "seq": 1 + next(self.numbers) % MESSAGES}


class RestPath:
    """Measures REST over one stack."""

    def __init__(self, people: People, processes: Processes) -> None:
        self._people = people
        self._processes = processes
        self._made: World | None = None

    async def run(self) -> Sample:
        """The light load, then each route's loop.

        Raises:
            MeasurementError: a call was refused.
        """
        try:
            return await self._run()
        except* (ApiError, httpx.TransportError) as errors:
            raise MeasurementError(f"a call was refused: {errors.exceptions[0]}") from errors

    async def _run(self) -> Sample:
        world = await self._world()
        calls = world.calls()
        sample: Sample = {"rest_login_ms": await self._logins(world.person)}
        for name in ("conversation", "users"):
            await self._loop(name, calls[name])  # which has the environments started that so many calls at once need
        before = self._processes.read()
        sample |= await _light(calls)
        for name, call in calls.items():
            sample |= await self._loop(name, call)
        sample["rest_elsewhere"] = self._processes.read().elsewhere_since(before) * 100
        await _settle(world)
        return sample

    async def _loop(self, name: str, call: Call) -> Sample:
        """So many calls of a route in flight, for `LOOP_S` seconds, after as many that warm it up."""
        await asyncio.gather(*(call() for _ in range(2 * IN_FLIGHT)))
        served = 0
        before, started = self._processes.read(), time.perf_counter()

        async def one() -> None:
            nonlocal served
            while time.perf_counter() < started + LOOP_S:
                await call()
                served += 1

        await asyncio.gather(*(one() for _ in range(IN_FLIGHT)))
        took = time.perf_counter() - started
        used = self._processes.read().by_kind_since(before)
        function = Kind("workers", ROUTES[name][1])
        return {f"rest_{name}_rate": served / took, f"rest_{name}_cpu_ms": used[function] * 1000 / served}

    async def _logins(self, person: Person) -> float:
        return percentile([await self._login(person) for _ in range(LOGINS)], 0.5)

    async def _login(self, person: Person) -> float:
        began = time.perf_counter()
        await self._people.sign_in(person)
        return (time.perf_counter() - began) * 1000

    async def _world(self) -> World:
        """The world, with people whose tokens hold, and a sync token after which nothing has changed for long."""
        person, other, third = await self._people.take(3)
        if self._made is None:
            place = await self._people.direct(person, other)
            self._made = await _fill(World(person, other, third, place))
        world = self._made
        world.person, world.other, world.third = person, other, third
        async with asyncio.timeout(SETTLE_DEADLINE_S):
            while (page := await _sync(world))["changes"] or not page["complete"]:
                if page["complete"]:
                    await asyncio.sleep(2)
        return world


async def _fill(world: World) -> World:
    slots = asyncio.Semaphore(IN_FLIGHT)

    async def send(number: int) -> None:
        async with slots:
            content = f"{CONTENT} {EVERY_TENTH}" if number % 10 == 0 else CONTENT
            await world.person.call("POST", "/api/chat/send", body=world.message(content))

    async def create(number: int) -> None:
        async with slots:
            await world.other.create_group(f"Group {number}", [world.person.user_id])

    await asyncio.gather(*(send(number) for number in range(MESSAGES)), *(create(number) for number in range(GROUPS)))
    await _settle(world)
    return world


async def _settle(world: World) -> None:
    """Waits until everything that was sent is stored.

    Raises:
        MeasurementError: that takes too long.
    """
    marker = await world.person.call("POST", "/api/chat/send", body=world.message("the last one"))
    deadline = time.monotonic() + SETTLE_DEADLINE_S
    path = f"/api/messages/{marker['messageId']}"
    while (await world.person.client.request("GET", path, token=world.person.access_token)).is_error:
        if time.monotonic() > deadline:
            raise MeasurementError(f"what was sent is not stored within {SETTLE_DEADLINE_S:.0f} s")
        await asyncio.sleep(0.1)


async def _sync(world: World) -> Json:
    page = await world.person.call("GET", "/api/sync", query={"token": world.token} if world.token else None)
    world.token = page["token"]
    return page


async def _light(calls: Mapping[str, Call]) -> Sample:
    """All routes in turn at a steady pace, whether or not those before have been answered."""
    times: dict[str, list[float]] = {name: [] for name in calls}

    async def timed(name: str) -> None:
        began = time.perf_counter()
        await calls[name]()
        times[name].append((time.perf_counter() - began) * 1000)

    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number, name in zip(range(LIGHT_EACH * len(calls)), itertools.cycle(calls), strict=False):
            await asyncio.sleep(max(0.0, started + number / PER_SECOND - time.perf_counter()))
            group.create_task(timed(name))
    return {
        f"rest_{name}_{key}": percentile(taken, share)
        for name, taken in times.items()
        for key, share in (("p50_ms", 0.5), ("p99_ms", 0.99))
    }
