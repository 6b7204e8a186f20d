"""A client that keeps itself whole, as the protocol asks: it syncs, comes back, waits its turn, and hands over."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Coroutine
from typing import Any

import httpx

from bench.client.device import Answer, Device, FrameError, Received
from bench.client.replica import Json, Replica
from bench.client.rest import ApiError, Person
from bench.client.socket import UpgradeRefusedError

GAP_S = 2.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})


class LiveClient:
    """One device of a person that is to stay up to date until it is stopped.

    Args:
        password: to sign in with when the access token has run out.
        chance: what jitter is drawn from.
        on_event: gets each event after `replica` has taken it in, on the event loop, and must not raise.
        sync_timeout_s: how long an answer to a sync is waited for, before another socket is tried.
    """

    def __init__(
        self,
        person: Person,
        password: str,
        *,
        chance: random.Random | None = None,
        on_event: Callable[[LiveClient, Received], None] | None = None,
        sync_timeout_s: float = 10.0,
    ) -> None:
        self.person = person
        self.replica = Replica(person.user_id)
        self.token: str | None = None
        self.connections = self.syncs = self.refusals = self.handovers = 0
        self.ended: str | None = None
        self._password = password
        self._chance = chance or random.Random()
        self._on_event = on_event
        self._sync_timeout_s = sync_timeout_s
        self._device: Device | None = None
        self._is_open = asyncio.Event()
        self._syncing = asyncio.Lock()
        self._gap_timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False

    async def start(self) -> None:
        """Connects and syncs; the client is whole when this returns."""
        await self._connect()

    async def stop(self) -> None:
        """Ends it and its socket."""
        self._stopped = True
        if self._gap_timer is not None:
            self._gap_timer.cancel()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._device is not None:
            await self._device.close()

    def cut(self) -> None:
        """Loses the network: the socket is gone without a word."""
        if self._device is not None:
            self._device.socket.abort()

    @property
    def device(self) -> Device:
        """The socket that frames go over now."""
        if self._device is None:
            raise ConnectionError("it was never connected")
        return self._device

    async def request(self, action: str, data: Json, *, timeout_s: float = 15) -> Answer:
        """Sends a frame over the socket that is open, or the next one; raises as `Device.request` does."""
        async with asyncio.timeout(timeout_s):
            await self._is_open.wait()
        return await self.device.request(action, data, timeout_s=timeout_s)

    async def make_whole(self, *, timeout_s: float = 60) -> None:
        """Syncs, over the next socket where this one ends meanwhile; TimeoutError where that takes too long."""
        async with asyncio.timeout(timeout_s):
            while not await self.sync():
                await asyncio.sleep(0.1)
                await self._is_open.wait()

    async def sync(self) -> bool:
        """Asks for what it does not have; whether it has all then. It ends with the socket: the next one syncs anew."""
        async with self._syncing:
            self.syncs += 1
            self.replica.begin_pass()
            while True:
                try:
                    known = {"token": self.token} if self.token else {}
                    page = (await self.device.request("sync", known, timeout_s=self._sync_timeout_s)).data
                except FrameError as error:
                    if error.code == "sync_token_invalid":
                        self.token = None
                    elif not error.retryable:
                        raise
                    else:
                        await asyncio.sleep(self._jitter(error.retry_after or FIRST_PAUSE_S))
                    continue
                except (ConnectionError, TimeoutError):
                    self.cut()
                    return False
                self.replica.apply_sync(page)
                self.token = page["token"]
                if page["complete"]:
                    break
        self._watch_gaps()
        return True

    async def _connect(self) -> None:
        device = await self._open()
        self._adopt(device)
        await self.sync()

    async def _open(self) -> Device:
        """An open socket, tried for until there is one; a server that says when to come again is obeyed."""
        tries = 0
        while True:
            try:
                device = Device(self.person, f"{self.person.username}/{self.connections}", on_event=self._take)
                await device.open(await self.person.ws_ticket())
            except ApiError as error:
                if error.status == 401 and tries < 5:
                    await self._sign_in()
                    pause_s = 0.0
                elif error.status in RETRIED_STATUSES:
                    pause_s = self._pause_s(error.headers.get("retry-after"), tries)
                else:
                    raise
            except (UpgradeRefusedError, OSError, TimeoutError, httpx.TransportError):
                pause_s = self._pause_s(None, tries)
            else:
                self.connections += 1
                return device
            tries += 1
            self.refusals += 1
            await asyncio.sleep(pause_s)

    async def _sign_in(self) -> None:
        again = await self.person.client.login(self.person.username, self._password)
        self.person.access_token = again.access_token

    def _pause_s(self, retry_after: str | None, tries: int) -> float:
        """As long as was asked for, and a little more, so that not all come at the same moment; else longer each time.

        Full jitter: AWS Architecture Blog, "Exponential Backoff And Jitter".
        """
        if retry_after is not None and retry_after.isdecimal():
            return int(retry_after) - self._chance.random()
        return self._chance.uniform(0.05, min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(tries, 10)))

    def _jitter(self, pause_s: float) -> float:
        return pause_s * self._chance.uniform(0.8, 1.2)

    def _adopt(self, device: Device) -> None:
        self._device = device
        self._is_open.set()
        device.socket.closed.add_done_callback(lambda _: self._on_closed(device))

    def _on_closed(self, device: Device) -> None:
        if device is not self._device or self._stopped:
            return  # another one has taken over
        self._is_open.clear()
        if self.ended is None:
            self._spawn(self._connect())

    def _take(self, received: Received) -> None:
        if received.request_id is None:
            self.replica.apply_event(received.event, received.data)
            if received.event == "session:expiring":
                self._spawn(self.hand_over(float(received.data.get("retryAfter") or 0)))
            elif received.event == "session:ended":
                self.ended = str(received.data["reason"])
            self._watch_gaps()
        if self._on_event is not None:
            self._on_event(self, received)

    async def hand_over(self, pause_s: float = 0.0) -> None:
        """Opens the next socket, and only when it is served closes the old one: make before break.

        Args:
            pause_s: to wait before, as the server said, so that not all come at once.
        """
        old = self.device
        await asyncio.sleep(pause_s)
        if old is not self._device:
            return
        fresh = await self._open()
        if old is not self._device:  # it ended meanwhile, and another one was opened
            await fresh.close()
            return
        await fresh.request("ping", {})
        self._adopt(fresh)
        await self.sync()
        self.handovers += 1
        await old.close()

    def _watch_gaps(self) -> None:
        if self._gap_timer is None and not self._stopped and self.replica.has_gap():
            self._gap_timer = asyncio.get_running_loop().call_later(GAP_S, self._on_gap)

    def _on_gap(self) -> None:
        self._gap_timer = None
        if self.replica.has_gap() and self._is_open.is_set() and not self._syncing.locked():
            self._spawn(self.sync())
        else:
            self._watch_gaps()

    def _spawn(self, work: Coroutine[Any, Any, object]) -> None:
        if self._stopped:
            work.close()
            return
        task = asyncio.get_running_loop().create_task(_quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _quietly(work: Coroutine[Any, Any, object]) -> None:
    """A socket that ends in the middle of it is no failure: whoever watches the socket begins anew."""
    with contextlib.suppress(ConnectionError, TimeoutError):
        await work
