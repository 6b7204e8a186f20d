"""Frames to sockets."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from parley.domain.models import Connection
from parley.ports import Push, PushOutcome
from parley.push.connections import ConnectionLostError, GatewayConnections
from parley.push.http1 import ProtocolError
from parley.push.sigv4 import AwsCredentials, RequestSigner

_MAX_IN_FLIGHT: Final = 128
_ATTEMPT_TIMEOUT_S: Final = 1.5
_RETRY_BUDGET_S: Final = 2.5
_FIRST_PAUSE_S: Final = 0.05
_CALL_BUDGET_S: Final = 5.0
_CALL_BUDGET_S_PER_FRAME: Final = 0.002


class HttpPushClient:
    """The port PushClient.

    It owns an event loop that only runs during a call, so nothing is left undone while Lambda keeps the process frozen.
    Each socket's frames go one after another; different sockets' side by side, over at most 128 connections a gateway.
    To be used from one thread at a time.

    Args:
        credentials: asked for at every post.
        region: where the gateways are.
        tls: how gateways prove themselves, by the public authorities if not given.
        attempt_timeout_s: for the response to one post, connecting included.
        retry_budget_s: from a request's first try to its last.
    """

    def __init__(
        self,
        credentials: Callable[[], AwsCredentials],
        *,
        region: str,
        tls: ssl.SSLContext | None = None,
        attempt_timeout_s: float = _ATTEMPT_TIMEOUT_S,
        retry_budget_s: float = _RETRY_BUDGET_S,
    ) -> None:
        self._signer = RequestSigner(credentials, region=region, service="execute-api")
        self._tls = tls
        self._attempt_timeout_s = attempt_timeout_s
        self._retry_budget_s = retry_budget_s
        self._gateways: dict[str, GatewayConnections] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def post(self, pushes: Sequence[Push]) -> list[PushOutcome]:
        """See PushClient. Ends within 5 s and 2 ms a frame; what is not posted by then has failed."""
        if not pushes:
            return []
        return self._run([self._post_frames(push) for push in pushes], sum(len(push.frames) for push in pushes))

    def disconnect(self, connections: Sequence[Connection]) -> list[PushOutcome]:
        """See PushClient. Ends within 5 s and 2 ms a socket."""
        if not connections:
            return []
        return self._run([self._disconnect(connection) for connection in connections], len(connections))

    def probe(self, connections: Sequence[Connection]) -> list[PushOutcome]:
        """See PushClient. Ends within 5 s and 2 ms a socket; one that is not answered by then has failed."""
        if not connections:
            return []
        return self._run([self._probe(connection) for connection in connections], len(connections))

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
        return await self._try(gateway, "GET", gateway.path_of(connection.connection_id), b"") or "failed"

    def _run(self, jobs: Sequence[Coroutine[Any, Any, PushOutcome]], request_count: int) -> list[PushOutcome]:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        work = self._run_all(jobs, _CALL_BUDGET_S + _CALL_BUDGET_S_PER_FRAME * request_count)
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

    async def _post_frames(self, push: Push) -> PushOutcome:
        try:
            gateway = self._gateway_of(push.connection)
        except ValueError:
            return "failed"
        path = gateway.path_of(push.connection.connection_id)
        for frame in push.frames:
            outcome = await self._request(gateway, "POST", path, frame)
            if outcome != "pushed":
                return outcome
        return "pushed"

    async def _disconnect(self, connection: Connection) -> PushOutcome:
        try:
            gateway = self._gateway_of(connection)
        except ValueError:
            return "failed"
        return await self._request(gateway, "DELETE", gateway.path_of(connection.connection_id), b"")

    async def _request(self, gateway: GatewayConnections, method: str, path: str, body: bytes) -> PushOutcome:
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + self._retry_budget_s
        pause_s = _FIRST_PAUSE_S
        while True:
            outcome = await self._try(gateway, method, path, body)
            if outcome is not None:
                return outcome
            wait_s = pause_s * random.uniform(0.5, 1.5)  # noqa: S311 - spreads retries
            if loop.time() + wait_s >= give_up_at:
                return "failed"
            await asyncio.sleep(wait_s)
            pause_s *= 2

    async def _try(self, gateway: GatewayConnections, method: str, path: str, body: bytes) -> PushOutcome | None:
        """Makes a request once; None says that another try may do better."""
        signature = self._signer.sign(method, gateway.host, path, body)
        head = f"{method} {path} HTTP/1.1\r\n{signature}Content-Length: {len(body)}\r\n\r\n"
        try:
            response = await gateway.request(head.encode() + body, self._attempt_timeout_s)
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
