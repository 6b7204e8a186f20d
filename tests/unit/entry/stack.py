"""The entries over services and fakes: events in, answers and records out."""

from __future__ import annotations

import asyncio
import base64
import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from parley.domain.models import Identity
from parley.domain.records import Record
from parley.entry import rest
from parley.protocol.errors import PROBLEM_MEDIA_TYPE
from parley.protocol.events import encode_event
from parley.protocol.records import encode_record
from parley.services.chunks import ChunkFanOut
from parley.services.fan_out import FanOut
from parley.services.health import Health
from parley.services.sockets import Sockets
from tests.unit.entry.documented import check_documented
from tests.unit.services.world import World

EVENTS = Path(__file__).parents[3] / "events"
JSON = {"content-type": "application/json"}


def load_event(name: str) -> dict[str, Any]:
    """A sample event, to be changed at will."""
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    return event


@dataclass(frozen=True)
class Context:
    """What of Lambda's context is read."""

    function_name: str = "tested"
    aws_request_id: str = "6bc28136-b2a3-4a4b-9f4c-0a1b2c3d4e5f"


@dataclass(frozen=True)
class Answer:
    """What came back over HTTP."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@contextmanager
def own_loop() -> Iterator[None]:
    """Closes the event loop that Mangum would leave open: it takes the thread's, and makes one where there is none."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()


class Stack(World):
    """A world whose services are called through the entries."""

    ws_url = "wss://socket.test/ws"
    push_endpoint = "https://{domainName}/{stage}"
    edge_key = "what only the distribution knows, in tests"
    is_local = True

    def __init__(self, *, rate_limits: str = "off") -> None:
        super().__init__(rate_limits=rate_limits)
        self.sockets = Sockets(registry=self.registry, sessions=self.session_store)
        self.fan_out = FanOut(
            conversations=self.conversation_store,
            registry=self.registry,
            gone=self.gone,
            push=self.push,
            publisher=self.publisher,
            encode=partial(encode_event, url_of=self.attachment_url),
            note_pushes=self.tracing.note_pushes,
        )
        self.chunk_fan_out = ChunkFanOut(
            conversations=self.conversation_store,
            registry=self.registry,
            gone=self.gone,
            push=self.push,
            note_pushes=self.tracing.note_pushes,
        )
        self.health = Health(probes={"kafka": self._probe, "mongo": self._probe, "redis": self._probe})
        self.indexes_made = 0
        self.topics_asked: list[tuple[list[str], int]] = []

    @cached_property
    def auth(self) -> Any:
        """The handler of rest_auth."""
        return rest.auth_handler(self)

    @cached_property
    def chat_app(self) -> Any:
        """The handler of rest_chat."""
        return rest.chat_handler(self)

    def create_indexes(self) -> None:
        self.indexes_made += 1

    def create_topics(self, topics: Sequence[Mapping[str, Any]], replication_factor: int) -> list[str]:
        self.topics_asked.append(([str(topic["Name"]) for topic in topics], replication_factor))
        return self.topics_asked[-1][0]

    def token_of(self, identity: Identity) -> str:
        """An access token of theirs."""
        return self.tokens.issue_access_token(identity, self.clock.now())[0]

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        caller: Identity | None = None,
        headers: Mapping[str, str] | None = None,
        query: str | Mapping[str, Any] = "",
        raw: bytes | None = None,
    ) -> Answer:
        """One HTTP request, to the function that the manifest's routes give it to."""
        event = copy.deepcopy(load_event("rest_chat.send"))
        event["requestContext"]["http"] |= {"method": method, "path": path}
        event["rawPath"] = path
        event["rawQueryString"] = query if isinstance(query, str) else urlencode(query)
        sent = dict(JSON if body is not None or raw is not None else {}) | dict(headers or {})
        if caller is not None:
            sent["authorization"] = f"Bearer {self.token_of(caller)}"
        event["headers"] = {**{k: v for k, v in event["headers"].items() if k not in ("authorization", "content-type")}}
        event["headers"] |= sent
        event["body"] = json.dumps(body) if body is not None else None
        if raw is not None:
            event["body"], event["isBase64Encoded"] = base64.b64encode(raw).decode(), True
        is_auth = path.startswith(("/api/auth/", "/api/users"))
        answer = self.handle_http(self.auth if is_auth else self.chat_app, event)
        if answer.headers.get("content-type") == PROBLEM_MEDIA_TYPE:
            check_documented(method, path, answer.status, answer.text)
        return answer

    def handle_http(self, handler: Any, event: dict[str, Any]) -> Answer:
        """One HTTP event through a handler; its answer must be one that API Gateway takes."""
        answer = handler(event, Context())
        assert answer["isBase64Encoded"] is False
        assert isinstance(answer["body"], str)
        return Answer(answer["statusCode"], answer["headers"], answer["body"])

    def _probe(self) -> None:
        self.user_store.find_users(())


def kafka_event(topic: str, values: Sequence[Record | bytes | None], *, partition: int = 0, start: int = 0) -> Any:
    """A batch of one partition, with offsets from `start` on."""
    name = f"{topic}-{partition}"
    records = []
    for offset, value in enumerate(values, start):
        raw = value if isinstance(value, bytes) or value is None else encode_record(value)
        records.append(
            {
                "topic": topic,
                "partition": partition,
                "offset": offset,
                "timestamp": 1769860802345,
                "timestampType": "CREATE_TIME",
                "key": base64.b64encode(b"key").decode(),
                "value": None if raw is None else base64.b64encode(raw).decode(),
                "headers": [],
            }
        )
    return {**load_event("store_messages"), "records": {name: records}}
