"""Many clients in many conversations, who send and are sent to while things go wrong, and what came of it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import httpx

from bench.client import ApiError, FrameError, ParleyClient
from bench.client.device import Received as Event
from bench.client.device import draft
from bench.client.live import LiveClient
from bench.client.rest import Json, Person
from bench.faults.history import Acked, Kept, Member, Received, Record, Sent, Stored

SEND_DEADLINE_S = 180.0
SIDE_BY_SIDE = 6
BATCH_MAX = 10
SEEN_SHARE = 0.1
WAITING_PAUSE_S = 0.3


@dataclass(frozen=True)
class Size:
    """How large a run is. `messages` is how many are acknowledged in all."""

    messages: int
    conversations: int
    clients: int
    faults: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """A send that was not accepted: when it was answered, after how long, and with what.

    `code` is the answer's, or the kind of failure where no answer came; then `is_answer` is false.
    """

    at: float
    took_s: float
    code: str
    is_answer: bool


@dataclass
class Scene:
    """One run's people, conversations and history."""

    client: ParleyClient
    size: Size
    chance: random.Random
    password: str = field(default_factory=lambda: f"faults {secrets.token_hex(16)}")
    clients: list[LiveClient] = field(default_factory=list)
    places: dict[str, list[LiveClient]] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    acked: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    again: set[str] = field(default_factory=set)
    """The clientMessageIds that were sent more than once."""
    slowest_ack_s: float = 0.0
    spoiled: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when everything that was to go wrong has: until then everybody goes on sending, if more slowly."""
    pause_s: float = 0.0
    """Of each sender after each send; a run whose figures are to be those of the faults must not have a backlog."""
    _batches: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _started: int = 0

    async def set_up(self) -> None:
        """Registers everybody, makes the conversations, and connects."""
        slots = asyncio.Semaphore(SIDE_BY_SIDE)
        run = secrets.token_hex(4)

        async def register(number: int) -> LiveClient:
            async with slots:
                person = await self.client.register(f"f{run}.{number}", self.password)
            chance = random.Random(self.chance.random())
            return LiveClient(person, self.password, chance=chance, on_event=self._take)

        self.clients = list(await asyncio.gather(*(register(number) for number in range(self.size.clients))))

        async def make(number: int, members: Sequence[LiveClient]) -> None:
            first, *others = [member.person for member in members]
            async with slots:
                name = await first.create_group(f"Place {number}", [other.user_id for other in others])
            self.places[name] = list(members)

        groups = [
            self.chance.sample(self.clients, k=min(len(self.clients), self.chance.choice((2, 2, 3, 5, 8))))
            for _ in range(self.size.conversations)
        ]
        await asyncio.gather(*(make(number, members) for number, members in enumerate(groups)))
        for client in self.clients:
            await client.start()

    async def send_all(self) -> None:
        """Everybody sends, one message or batch after the other's ack, until all are acknowledged and `spoiled`."""
        own: dict[LiveClient, list[str]] = {client: [] for client in self.clients}
        for name, members in self.places.items():
            for member in members:
                own[member].append(name)
        await asyncio.gather(*(self._send_own(client, names) for client, names in own.items() if names))

    async def _send_own(self, client: LiveClient, names: Sequence[str]) -> None:
        while self._started < self.size.messages or not self.spoiled.is_set():
            way = self.chance.random()
            count = self.chance.randint(2, BATCH_MAX) if way < 0.3 else 1
            self._started += count
            places = [self.chance.choice(names) for _ in range(count)]
            drafts = [draft(place, "under fire", f"n{next(self._numbers)}") for place in places]
            for one in drafts:
                identity = one["conversationId"], client.person.user_id, one["clientMessageId"]
                self.records.append(Sent(time.monotonic(), *identity))
            await self._send_until_acked(client, drafts, by_rest=way > 0.85)
            if self.chance.random() < SEEN_SHARE:
                self._see(client, places[0])
            await asyncio.sleep(max(self.pause_s, WAITING_PAUSE_S if self._started >= self.size.messages else 0.0))

    def _see(self, client: LiveClient, place: str) -> None:
        """Marks a conversation as read, so that receipts move too; whether it is stored is not asked."""
        data = {"conversationId": place, "seq": self.chance.randint(1, 50), "status": "read"}
        with contextlib.suppress(ConnectionError):
            client.device.start("seen", data).add_done_callback(lambda answer: answer.cancelled() or answer.exception())

    def cut(self, count: int) -> None:
        """Some clients lose the network, and come back."""
        for client in self.chance.sample(self.clients, k=min(count, len(self.clients))):
            client.cut()

    def still_lacking(self, owed: Sequence[Acked]) -> list[Acked]:
        """Which of these messages some member's client does not have."""
        return [
            one
            for one in owed
            if not all(
                (held := member.replica.conversations.get(one.conversation_id)) and one.message_id in held.messages
                for member in self.places[one.conversation_id]
            )
        ]

    async def _send_until_acked(self, client: LiveClient, drafts: list[Json], *, by_rest: bool) -> None:
        """Sends again what was not acknowledged, as the same messages, and in the same order."""
        is_first = True
        async with asyncio.timeout(SEND_DEADLINE_S):
            while drafts:
                if not is_first:
                    self.again.update(one["clientMessageId"] for one in drafts)
                started = time.monotonic()
                try:
                    results = await self._send(client, drafts, by_rest=by_rest)
                except (FrameError, ApiError) as error:
                    self._note_refusal(started, error.code or str(error))
                    await self._wait_after(client.person, error)
                    is_first = False
                    continue
                except (ConnectionError, TimeoutError, httpx.TransportError) as error:
                    self._note_refusal(started, type(error).__name__, is_answer=False)
                    is_first = False
                    await asyncio.sleep(self.chance.uniform(0.1, 0.5))
                    continue
                self.slowest_ack_s = max(self.slowest_ack_s, time.monotonic() - started)
                batch = next(self._batches) if is_first and len(drafts) > 1 else 0
                accepted = self._note(client, drafts, results, batch, started)
                drafts = [one for one in drafts if one["clientMessageId"] not in accepted]
                is_first = False
                if drafts:
                    await asyncio.sleep(self.chance.uniform(0.1, 0.5))

    async def _send(self, client: LiveClient, drafts: list[Json], *, by_rest: bool) -> list[Json]:
        if by_rest:
            return [await client.person.call("POST", "/api/chat/send", body=drafts[0])]
        if len(drafts) == 1:
            return [(await client.request("send", drafts[0])).data]
        return list((await client.request("send", {"messages": drafts})).data["results"])

    def _note_refusal(self, started: float, code: str, *, is_answer: bool = True) -> None:
        now = time.monotonic()
        self.refusals.append(Refusal(now, now - started, code, is_answer))

    async def _wait_after(self, person: Person, error: FrameError | ApiError) -> None:
        if isinstance(error, ApiError):
            if error.status == 401:
                person.access_token = (await self.client.login(person.username, self.password)).access_token
                return
            if error.status not in (429, 502, 503, 504, 500):
                raise error
            pause_s = float(error.headers.get("retry-after", 1))
        else:
            if not error.retryable and error.code not in ("internal", "None"):
                raise error
            pause_s = error.retry_after or 0.5
        await asyncio.sleep(pause_s * self.chance.uniform(0.5, 1))

    def _note(
        self, client: LiveClient, drafts: list[Json], results: list[Json], batch: int, started: float
    ) -> set[str]:
        places = {one["clientMessageId"]: one["conversationId"] for one in drafts}
        accepted: set[str] = set()
        for result in results:
            name = result["clientMessageId"]
            if result["status"] != "accepted":
                self._note_refusal(started, result["code"])
                continue
            accepted.add(name)
            record = Acked(
                time.monotonic(), places[name], client.person.user_id, name, result["messageId"], batch=batch
            )
            self.records.append(record)
        self.acked += len(accepted)
        return accepted

    def _take(self, client: LiveClient, event: Event) -> None:
        if event.event == "chat:receive":
            message = event.data["message"]
            self.records.append(
                Received(
                    f"{client.person.user_id}/{client.connections}",
                    message["conversationId"],
                    message["messageId"],
                    message["seq"],
                )
            )

    async def settle(self, *, deadline_s: float = 180.0) -> float:
        """Waits until everything acknowledged is stored; in how many seconds that was."""
        acked = {record.message_id for record in self.records if isinstance(record, Acked)}
        started = time.monotonic()
        stored: list[Stored] = []
        while time.monotonic() - started < deadline_s:
            stored = await self._read_histories()
            if acked <= {one.message_id for one in stored}:
                break
            await asyncio.sleep(1)
        self.records += stored
        return time.monotonic() - started

    async def _read_histories(self) -> list[Stored]:
        slots = asyncio.Semaphore(SIDE_BY_SIDE)

        async def read(name: str, member: LiveClient) -> list[Stored]:
            async with slots:
                await self._sign_in(member)
                history = await retried(lambda: member.person.history(name))
            return [
                Stored(name, one["senderId"], one["clientMessageId"], one["messageId"], one["seq"]) for one in history
            ]

        found = await asyncio.gather(*(read(name, members[0]) for name, members in self.places.items()))
        return list(itertools.chain.from_iterable(found))

    async def _sign_in(self, client: LiveClient) -> None:
        answer = await self.client.request("GET", "/api/users/me", token=client.person.access_token)
        if answer.status_code == 401:
            again = await self.client.login(client.person.username, self.password)
            client.person.access_token = again.access_token

    async def sync_all(self) -> None:
        """Everybody syncs a last time; then what each has goes into the history."""
        for client in self.clients:
            await client.make_whole()
            self.records += [
                Kept(client.person.user_id, name, message["messageId"], message["seq"])
                for name, held in client.replica.conversations.items()
                for message in held.messages.values()
            ]
        self.records += [
            Member(member.person.user_id, name) for name, members in self.places.items() for member in members
        ]

    async def tear_down(self) -> None:
        """Ends everybody's sockets."""
        await asyncio.gather(*(client.stop() for client in self.clients))


async def retried(call: Callable[[], Awaitable[list[Json]]], *, deadline_s: float = 120.0) -> list[Json]:
    """A read that is tried until what it needs is there again."""
    deadline = time.monotonic() + deadline_s
    while True:
        try:
            return await call()
        except (ApiError, httpx.TransportError) as error:
            if time.monotonic() > deadline or (isinstance(error, ApiError) and error.status < 429):
                raise
            await asyncio.sleep(0.5)
