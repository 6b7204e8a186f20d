"""A gateway on a free port with a runtime that answers by rule, and clients for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from functions.manifest import (
    AuthorizerTrigger,
    Function,
    HttpApi,
    Manifest,
    Permissions,
    Trigger,
    WebSocketApi,
    WebSocketTrigger,
)
from local.gateway import Gateway, GatewaySettings
from local.interference import Interference
from local.observer import NullObserver
from local.runtime import Invocation, Outcome

KEY_ID, SECRET = "AKIDEXAMPLE", "a-made-up-secret"
SETTINGS = GatewaySettings(access_key_id=KEY_ID, secret_access_key=SECRET, region="eu-west-1", close_timeout_s=0.5)
DEADLINE_S = 10.0

Event = dict[str, Any]
Rule = Callable[[Event], object]


class Failed(Exception):  # noqa: N818 - says what the function did, not what the test met
    """Raised by a rule: the invocation fails like this."""

    def __init__(self, outcome: Outcome = "error", message: str = "boom") -> None:
        super().__init__(message)
        self.outcome = outcome
        self.message = message


class FakeRuntime:
    """Answers each function by a rule from its event: a value, or an awaitable of one, or Failed is raised."""

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        self.rules = dict(rules)
        self.events: list[tuple[str, Event]] = []

    async def invoke(self, function: str, event: bytes) -> Invocation:
        parsed = json.loads(event)
        self.events.append((function, parsed))
        try:
            answer = self.rules[function](parsed)
            if isinstance(answer, Awaitable):
                answer = await answer
        except Failed as failure:
            error = {"errorType": "Exception", "errorMessage": failure.message, "stackTrace": []}
            return Invocation("r", failure.outcome, json.dumps(error).encode(), 1.0, cold=False)
        payload = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        return Invocation("r", "success", payload, 1.0, cold=False)

    def of(self, function: str) -> list[Event]:
        """The events that a function got."""
        return [event for name, event in self.events if name == function]


@dataclass
class Recorder(NullObserver):
    """Remembers what an observer is told, but for frames' times."""

    told: list[tuple[object, ...]] = field(default_factory=list)

    def request(self, method: str, path: str, status: int, ms: float, size: int) -> None:
        self.told.append(("request", method, path, status, size))

    def frame(self, connection_id: str, route: str, size: int, ms: float) -> None:
        self.told.append(("frame", connection_id, route, size))

    def connection(self, connection_id: str, change: str, code: int, reason: str) -> None:
        self.told.append(("connection", connection_id, change, code, reason))

    def post(self, connection_id: str, status: int, size: int) -> None:
        self.told.append(("post", connection_id, status, size))

    def log(self, function: str, line: str) -> None:
        self.told.append(("log", function, line))


def function(name: str, *triggers: Trigger) -> Function:
    """A function of a manifest with defaults for what the gateway does not look at."""
    return Function(name, Path(), "handler.handler", "", "core", 128, 3, None, {}, triggers, Permissions())


def manifest(
    *functions: Function, http: HttpApi | None = None, stage: str = "ws", idle_timeout_s: int = 600
) -> Manifest:
    """A manifest of these functions."""
    websocket = WebSocketApi(stage=stage, idle_timeout_s=idle_timeout_s)
    by_name = {each.name: each for each in functions}
    return Manifest(Path(), "sample", None, http or HttpApi(), websocket, {}, by_name)


SOCKET_FUNCTIONS = (
    function("connect", WebSocketTrigger(("$connect",))),
    function("disconnect", WebSocketTrigger(("$disconnect",))),
    function("echo", WebSocketTrigger(("echo",), response=True)),
    function("quiet", WebSocketTrigger(("quiet",))),
    function("default", WebSocketTrigger(("$default",), response=True)),
)
AUTHORIZER = function("authorizer", AuthorizerTrigger())
SOCKET_RULES: Mapping[str, Rule] = {
    "connect": lambda _: {"statusCode": 200},
    "disconnect": lambda _: {"statusCode": 200},
    "echo": lambda event: {"statusCode": 200, "body": event["body"]},
    "quiet": lambda _: {"statusCode": 200, "body": "never sent"},
    "default": lambda event: {"statusCode": 200, "body": "default:" + event["body"][:20]},
    "authorizer": lambda event: policy("Allow", event["methodArn"]),
}


def policy(effect: str, resource: object, **context: object) -> Event:
    """An authorizer's answer."""
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
    return {
        "principalId": "someone",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": context,
    }


@dataclass
class Stage:
    """A running gateway and what it talks to."""

    gateway: Gateway
    runtime: FakeRuntime
    recorder: Recorder
    port: int

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/ws"


@asynccontextmanager
async def running(
    project: Manifest,
    rules: Mapping[str, Rule] = SOCKET_RULES,
    *,
    extra: Mapping[str, Any] | None = None,
    interference: Interference | None = None,
    **changes: Any,
) -> AsyncIterator[Stage]:
    """Runs a gateway; `changes` go into the settings, `extra` are its extra routes."""
    runtime, recorder = FakeRuntime(rules), Recorder()
    settings = replace(SETTINGS, **changes)
    gateway = Gateway(
        project, runtime, settings=settings, observer=recorder, extra_routes=extra, interference=interference
    )
    port = await gateway.start("127.0.0.1", 0)
    try:
        yield Stage(gateway, runtime, recorder, port)
    finally:
        await gateway.stop(2.0)


async def eventually(condition: Callable[[], bool]) -> None:
    """Waits until a condition holds.

    Raises:
        TimeoutError: it does not in time.
    """
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.002)


@dataclass
class Answer:
    """An HTTP answer as a raw client reads it; header names in lower case, of several the last."""

    status: int
    headers: dict[str, str]
    body: bytes
    cookies: list[str]

    def json(self) -> Any:
        return json.loads(self.body)


class RawClient:
    """An HTTP client that sends what it is told to, right or wrong."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def ask(self, data: bytes) -> Answer:
        await self.send(data)
        return await self.answer(head_only=data.startswith(b"HEAD"))

    async def answer(self, *, head_only: bool = False) -> Answer:
        async with asyncio.timeout(DEADLINE_S):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            pairs = [line.partition(": ") for line in head[1:] if line]
            headers = {name.lower(): value for name, _, value in pairs}
            cookies = [value for name, _, value in pairs if name.lower() == "set-cookie"]
            size = 0 if head_only else int(headers.get("content-length", "0"))
            body = await self.reader.readexactly(size)
        return Answer(int(head[0].split(" ")[1]), headers, body, cookies)

    async def ended(self) -> bool:
        """Whether the server closed the connection, without anything more."""
        async with asyncio.timeout(DEADLINE_S):
            try:
                return await self.reader.read(1) == b""
            except ConnectionResetError:
                return True


@asynccontextmanager
async def raw_client(port: int) -> AsyncIterator[RawClient]:
    """A connection of one's own to a gateway."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield RawClient(reader, writer)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


def get(path: str, *headers: str, method: str = "GET") -> bytes:
    """A request without a body."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *headers, "", ""]).encode("latin-1")


def post(path: str, body: bytes, *headers: str, method: str = "POST") -> bytes:
    """A request with a body."""
    return get(path, f"Content-Length: {len(body)}", *headers, method=method) + body
