"""Frames to sockets."""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from parley.domain.models import Connection
from parley.ports import Push, PushOutcome
from parley.push.connections import ConnectionLostError, GatewayConnections
from parley.push.http1 import ProtocolError
from parley.push.patience import Call, Patience, Progress, Suspects
from parley.push.sigv4 import AwsCredentials, RequestSigner

_MAX_IN_FLIGHT: Final = 128
_ATTEMPT_TIMEOUT_S: Final = 1.5
_RETRY_BUDGET_S: Final = 2.5
_FIRST_PAUSE_S: Final = 0.05
_CALL_BUDGET_S: Final = 5.0
_CALL_BUDGET_S_PER_FRAME: Final = 0.002
_LOOK_EVERY_S: Final = 0.05
_PATIENCE: Final = Patience()


class HttpPushClient:
    """The port PushClient.

    It owns an event loop that only runs during a call, so nothing is left undone while Lambda keeps the process frozen.
    Each socket's frames go one after another; different sockets' side by side, over at most 128 connections a gateway.
    A socket that fails is a suspect for two minutes: its frames go after the others', and are waited for only shortly.
    To be used from one thread at a time.

    Args:
        credentials: asked for at every post.
        region: where the gateways are.
        tls: how gateways prove themselves, by the public authorities if not given.
        attempt_timeout_s: for the response to one post, connecting included.
        retry_budget_s: for all tries of a request.
        patience: for those that are later than the others.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        credentials: Callable[[], AwsCredentials],
        *,
        region: str,
        tls: ssl.SSLContext | None = None,
        attempt_timeout_s: float = _ATTEMPT_TIMEOUT_S,
        retry_budget_s: float = _RETRY_BUDGET_S,
        patience: Patience = _PATIENCE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._signer = RequestSigner(credentials, region=region, service="execute-api")
        self._tls = tls
        self._attempt_timeout_s = attempt_timeout_s
        self._retry_budget_s = retry_budget_s
        self._patience = patience
        self._suspects = Suspects(clock)
        self._gateways: dict[str, GatewayConnections] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def post(self, pushes: Sequence[Push]) -> list[PushOutcome]:
        """See PushClient. Ends within 5 s and 2 ms a frame; what is not posted by then has failed.

        Once a socket has taken its frames it ends soon after the last that is in no trouble; see Patience.
        """
        if not pushes:
            return []
        return self._run(self._post_all(pushes, _budget_s(sum(len(push.frames) for push in pushes))))

    def disconnect(self, connections: Sequence[Connection]) -> list[PushOutcome]:
        """See PushClient. Ends within 5 s and 2 ms a socket."""
        if not connections:
            return []
        jobs = [self._disconnect(connection) for connection in connections]
        return self._run(self._run_all(jobs, _budget_s(len(jobs))))

    def probe(self, connections: Sequence[Connection]) -> list[PushOutcome]:
        """See PushClient. Ends within 5 s and 2 ms a socket; one that is not answered by then has failed."""
        if not connections:
            return []
        jobs = [self._probe(connection) for connection in connections]
        return self._run(self._run_all(jobs, _budget_s(len(jobs))))

    def close(self) -> None:
        """Ends the connections."""
        if self._loop is None:
            return
        for gateway in self._gateways.values():
            self._loop.run_until_complete(gateway.close())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()
        self._loop = None
        self._gateways.clear()

    async def _probe(self, connection: Connection) -> PushOutcome:
        try:
            gateway = self._gateway_of(connection)
        except ValueError:
            return "failed"
        path = gateway.path_of(connection.connection_id)
        return await self._try(gateway, "GET", path, b"", timeout_s=self._attempt_timeout_s) or "failed"

    def _run(self, work: Coroutine[Any, Any, list[PushOutcome]]) -> list[PushOutcome]:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        if asyncio._get_running_loop() is None:
            return self._loop.run_until_complete(work)
        # The caller's thread runs a loop of its own, which waits for us: a REST endpoint.
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="push") as pool:
            return pool.submit(self._loop.run_until_complete, work).result()

    async def _run_all(self, jobs: Sequence[Coroutine[Any, Any, PushOutcome]], budget_s: float) -> list[PushOutcome]:
        # One turn of the loop, so that it notices which connections ended since the last call.
        await asyncio.sleep(0)
        tasks = [asyncio.create_task(job) for job in jobs]
        _, late = await asyncio.wait(tasks, timeout=budget_s)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)
        return ["failed" if task.cancelled() else task.result() for task in tasks]

    async def _post_all(self, pushes: Sequence[Push], budget_s: float) -> list[PushOutcome]:
        await asyncio.sleep(0)  # as in _run_all
        loop = asyncio.get_running_loop()
        call = Call(self._patience, loop.time)
        outcomes: list[PushOutcome] = ["failed"] * len(pushes)
        standings = [self._suspects.standing_of(push.connection) for push in pushes]
        # Who comes first gets the free connections first.
        places = [place for wanted in ("good", "suspect") for place, known in enumerate(standings) if known == wanted]
        ways = [call.add(is_suspect=standings[place] == "suspect") for place in places]
        tasks = [
            asyncio.create_task(self._post_one(pushes[place], call, progress))
            for place, progress in zip(places, ways, strict=True)
        ]
        everyone = asyncio.gather(*tasks, return_exceptions=True)
        end = loop.time() + budget_s
        while not everyone.done() and loop.time() < end and not call.waits_for_late_ones_only():
            await asyncio.wait((everyone,), timeout=min(_LOOK_EVERY_S, end - loop.time()))
        for task in tasks:
            task.cancel()
        await everyone
        for place, task in zip(places, tasks, strict=True):
            outcomes[place] = "failed" if task.cancelled() else task.result()
        return outcomes

    async def _post_one(self, push: Push, call: Call, progress: Progress) -> PushOutcome:
        outcome: PushOutcome = "failed"
        try:
            outcome = await self._post_frames(push, progress)
        except asyncio.CancelledError:
            progress.was_troubled = progress.has_begun
            raise
        finally:
            call.finish(progress, served=outcome == "pushed")
            if progress.was_troubled and outcome == "failed":
                self._suspects.strike(push.connection)
            else:
                self._suspects.clear(push.connection)
        return outcome

    async def _post_frames(self, push: Push, progress: Progress) -> PushOutcome:
        try:
            gateway = self._gateway_of(push.connection)
        except ValueError:
            return "failed"
        path = gateway.path_of(push.connection.connection_id)
        for frame in push.frames:
            outcome = await self._request(gateway, "POST", path, frame, progress)
            progress.end()
            if outcome != "pushed":
                return outcome
        return "pushed"

    async def _disconnect(self, connection: Connection) -> PushOutcome:
        try:
            gateway = self._gateway_of(connection)
        except ValueError:
            return "failed"
        return await self._request(gateway, "DELETE", gateway.path_of(connection.connection_id), b"")

    async def _request(
        self, gateway: GatewayConnections, method: str, path: str, body: bytes, progress: Progress | None = None
    ) -> PushOutcome:
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + self._retry_budget_s
        pause_s, timeout_s = _FIRST_PAUSE_S, self._attempt_timeout_s
        while True:
            outcome = await self._try(gateway, method, path, body, timeout_s=timeout_s, progress=progress)
            if outcome is not None:
                return outcome
            wait_s = pause_s * random.uniform(0.5, 1.5)  # noqa: S311 - spreads retries
            timeout_s = min(self._attempt_timeout_s, give_up_at - loop.time() - wait_s)
            if timeout_s <= 0:
                if progress is not None:
                    progress.was_troubled = True
                return "failed"
            await asyncio.sleep(wait_s)
            pause_s *= 2

    async def _try(
        self,
        gateway: GatewayConnections,
        method: str,
        path: str,
        body: bytes,
        *,
        timeout_s: float,
        progress: Progress | None = None,
    ) -> PushOutcome | None:
        """Makes a request once; None says that another try may do better."""
        signature = self._signer.sign(method, gateway.host, path, body)
        head = f"{method} {path} HTTP/1.1\r\n{signature}Content-Length: {len(body)}\r\n\r\n"
        try:
            response = await gateway.request(head.encode() + body, timeout_s, progress.begin if progress else None)
        except (OSError, ConnectionLostError, ProtocolError):
            return None
        if 200 <= response.status < 300:
            return "pushed"
        if response.status == 410:
            return "gone"
        return None if response.status == 429 or response.status >= 500 else "failed"

    def _gateway_of(self, connection: Connection) -> GatewayConnections:
        gateway = self._gateways.get(connection.endpoint)
        if gateway is None:
            if self._tls is None and connection.endpoint.startswith("https:"):
                self._tls = ssl.create_default_context()
            gateway = GatewayConnections(connection.endpoint, limit=_MAX_IN_FLIGHT, tls=self._tls)
            self._gateways[connection.endpoint] = gateway
        return gateway


def _budget_s(request_count: int) -> float:
    return _CALL_BUDGET_S + _CALL_BUDGET_S_PER_FRAME * request_count
