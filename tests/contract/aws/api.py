"""The API under test, the twin's or a real one, as clients and functions reach it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

DEADLINE_S = 60.0
ONE_TRY = Config(retries={"total_max_attempts": 1})

Event = dict[str, Any]
Invoke = Callable[[str, Event], Awaitable["Told"]]


@dataclass(frozen=True)
class Told:
    """What an invocation gave: `error` is the Lambda API's FunctionError ("Unhandled"), or ""."""

    error: str
    payload: Any


@dataclass(frozen=True)
class Api:
    """Where the API is. `invoke` calls a function directly. `remote` says that it is a real one."""

    http_url: str
    ws_url: str
    region: str
    remote: bool
    invoke: Invoke
    credentials: dict[str, str] = field(default_factory=dict, repr=False)

    def url(self, **query: str) -> str:
        """The WebSocket's address for somebody whom the authorizer lets in, unless `as_` says otherwise."""
        return f"{self.ws_url}?{urlencode({'as': query.pop('as_', 'tester'), **query})}"

    def connect(self, **query: str) -> connect:
        """A WebSocket of the `websockets` package, to be entered."""
        return connect(self.url(**query), user_agent_header="conformance/1", max_size=1 << 20, ping_interval=None)

    async def refused(self, **query: str) -> tuple[int, dict[str, Any]]:
        """The status and body of a refused upgrade."""
        with pytest.raises(InvalidStatus) as caught:
            await self.connect(**query)
        response = caught.value.response
        return response.status_code, json.loads(response.body or b"{}")

    def web(self) -> httpx.AsyncClient:
        """A client for the HTTP API."""
        return httpx.AsyncClient(base_url=self.http_url, timeout=DEADLINE_S, trust_env=self.remote)

    @cached_property
    def callbacks(self) -> Any:
        """boto3's client of @connections."""
        return self.callbacks_of(self.credentials)

    def callbacks_of(self, credentials: Mapping[str, str]) -> Any:
        """The same with other credentials."""
        endpoint = self.ws_url.replace("ws", "http", 1)
        session = boto3.Session(
            region_name=self.region,
            aws_access_key_id=credentials.get("aws_access_key_id"),
            aws_secret_access_key=credentials.get("aws_secret_access_key"),
        )
        return session.client("apigatewaymanagementapi", endpoint_url=endpoint, config=ONE_TRY)

    async def post(self, connection_id: str, data: bytes, credentials: Mapping[str, str] | None = None) -> str:
        """Posts by @connections; the code of the error, or "" where it went well."""
        callbacks = self.callbacks_of(credentials) if credentials else self.callbacks
        return await self._call(callbacks.post_to_connection, ConnectionId=connection_id, Data=data)

    async def get(self, connection_id: str) -> Any:
        """What @connections tells of a connection; the code of the error where it is refused."""
        try:
            return await asyncio.to_thread(self.callbacks.get_connection, ConnectionId=connection_id)
        except ClientError as error:
            return _code(error)

    async def delete(self, connection_id: str) -> str:
        """Closes a connection by @connections; the code of the error, or ""."""
        return await self._call(self.callbacks.delete_connection, ConnectionId=connection_id)

    async def _call(self, operation: Callable[..., Any], **arguments: object) -> str:
        try:
            await asyncio.to_thread(operation, **arguments)
        except ClientError as error:
            return _code(error)
        return ""

    def here_only(self, why: str) -> None:
        """Skips the test on a real API, with the reason."""
        if self.remote:
            pytest.skip(f"not run against a real API: {why}")


def _code(error: ClientError) -> str:
    return f"{error.response['ResponseMetadata']['HTTPStatusCode']} {error.response['Error']['Code']}"


async def told(socket: ClientConnection) -> Any:
    """The next message, parsed."""
    async with asyncio.timeout(DEADLINE_S):
        return json.loads(await socket.recv())


async def said(socket: ClientConnection) -> str | bytes:
    """The next message as it came."""
    async with asyncio.timeout(DEADLINE_S):
        return await socket.recv()


async def event_of(socket: ClientConnection) -> Event:
    """The event that a message becomes."""
    await socket.send('{"action":"event"}')
    event: Event = await told(socket)
    return event


async def id_of(socket: ClientConnection) -> str:
    """The connection's id, as its events tell it."""
    found: str = (await event_of(socket))["requestContext"]["connectionId"]
    return found


async def closed(socket: ClientConnection) -> tuple[int, str]:
    """The code and reason that the server closed with, after whatever it still sends."""
    async with asyncio.timeout(DEADLINE_S):
        async for _ in _until_closed(socket):
            pass
    return socket.close_code or 1006, socket.close_reason or ""


async def _until_closed(socket: ClientConnection) -> AsyncIterator[str | bytes]:
    with suppress(ConnectionClosed):
        while True:
            yield await socket.recv()
