"""Every route of the OpenAPI document against who may not call it and against what nobody should send.

The routes, their path parameters and bodies are read from the document, so that a new one cannot escape.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from parley.domain.models import Identity, Session
from tests.unit.entry.stack import Answer, Stack, own_loop
from tests.unit.services.world import draft

Json = dict[str, Any]

_DEEP = "[" * 5_000 + "]" * 5_000
_SURROGATE = '"\\ud800"'
# Texts, as most of them are no values that Python would write.
BAD_VALUES = [
    "null",
    "true",
    "0",
    "-1",
    "1.5",
    "1e999",
    "NaN",
    "Infinity",
    "-Infinity",
    str(2**63),
    str(-(2**63)),
    str(2**53),
    '""',
    '" "',
    '"\\u0000"',
    '"a\\u0000b"',
    _SURROGATE,
    '"$ne"',
    '"\u202e\u200b"',
    '"' + "x" * 9_000 + '"',
    '"../../etc/passwd"',
    "[]",
    "{}",
    "[null]",
    '["$where"]',
    f"[{_SURROGATE}]",
    '{"$gt": ""}',
    '{"$ne": null}',
    '[{"$ne": 1}]',
    '["' + '","'.join("x" * 8 for _ in range(6_000)) + '"]',
    _DEEP,
    '{"a":' * 17 + "1" + "}" * 17,
]
BAD_BODIES = [
    b"",
    b"null",
    b"[]",
    b"0",
    b'"text"',
    b"{",
    b"{]",
    b"\xff\xfe",
    b'{"a":1,"a":2}',
    b"{'a':1}",
    b"\xef\xbb\xbf{}",
    _DEEP.encode(),
    b'{"x":"' + b"y" * 300_000 + b'"}',
]

_WORDS: Json = {
    "username": "dora",
    "email": "dora@example.com",
    "password": "a long enough passphrase",
    "newPassword": "another long passphrase",
    "kind": "group",
    "photoUrl": "https://example.org/a.png",
    "photo": "https://example.org/a.png",
    "avatarUrl": "https://example.org/a.png",
    "role": "admin",
    "status": "read",
    "type": "text",
    "clientMessageId": "one",
}


@dataclass(frozen=True)
class Operation:
    """One method of one path; `sample` is a body with every field that it must have."""

    method: str
    path: str
    is_open: bool
    sample: Json | None
    fields: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def read_operations() -> list[Operation]:
    with own_loop():
        document = Stack().request("GET", "/api/openapi.json").json
    schemas = document["components"]["schemas"]
    return [
        _read_operation(method.upper(), path, about, schemas)
        for path, methods in document["paths"].items()
        for method, about in methods.items()
    ]


def _read_operation(method: str, path: str, about: Json, schemas: Json) -> Operation:
    sample: Json | None = None
    fields: tuple[str, ...] = ()
    if "requestBody" in about:
        schema = _resolve(about["requestBody"]["content"]["application/json"]["schema"], schemas)
        options = [_resolve(one, schemas) for one in schema.get("oneOf", [schema])]
        chosen = options[-1]
        sample = {name: _sample(name, chosen["properties"][name], schemas) for name in chosen.get("required", [])}
        fields = tuple(chosen["properties"])
    return Operation(method, path, not about.get("security"), sample, fields)


def _resolve(schema: Json, schemas: Json) -> Json:
    return schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _sample(name: str, schema: Json, schemas: Json) -> Any:
    if name in _WORDS:
        return _WORDS[name]
    kind = _resolve(schema, schemas).get("type")
    return {"array": [], "boolean": True, "integer": 1}.get(str(kind), "x")


OPERATIONS = read_operations()
SIGNED_IN = [operation for operation in OPERATIONS if not operation.is_open]
WITH_BODY = [operation for operation in OPERATIONS if operation.sample is not None]
_OWNED = ("{conversationId}", "{messageId}", "{sessionId}")
GUARDED = [one for one in SIGNED_IN if any(part in one.path for part in _OWNED)]
CODES = {"invalid_request", "too_large", "not_found", "unauthorized", "bad_credentials", "forbidden", "conflict"}
JSON = {"content-type": "application/json"}
QUERIES = ["limit=0", "limit=101", "limit=x", "limit=1&limit=2", "cursor=%00", "unknown=1", "$ne=1", "%ED%A0%80=1"]


@dataclass
class Place:
    """Ann's and Ben's conversation, group and message, and Zed, who has nothing to do with them."""

    stack: Stack
    ann: Identity
    ben: Identity
    zed: Identity
    ids: dict[str, str]

    def path_of(self, operation: Operation, **other: str) -> str:
        path = operation.path
        for name, value in {**self.ids, **other}.items():
            path = path.replace(f"{{{name}}}", value)
        assert "{" not in path, f"{operation} has a parameter that this test does not know"
        return path


@pytest.fixture
def place() -> Place:
    stack = Stack()
    ann, ben, zed = (stack.add_user(name) for name in ("ann", "ben", "zed"))
    group = stack.make_group(ann, ben).conversation.conversation_id
    (message,) = stack.store(ann, draft(group))
    ids = {
        "conversationId": group,
        "messageId": message.message_id,
        "sessionId": ann.session_id,
        "userId": ben.user_id,
        "emoji": "👍",
    }
    return Place(stack, ann, ben, zed, ids)


def unsigned(answer: Answer) -> tuple[int, Json]:
    body = answer.json
    body.pop("requestId", None)
    return answer.status, body


@pytest.mark.parametrize("operation", SIGNED_IN, ids=str)
def test_only_who_is_signed_in_is_let_in(place: Place, operation: Operation) -> None:
    stack = place.stack
    path = place.path_of(operation)
    gone, erased = stack.add_user("gone"), stack.add_user("erased")
    late = stack.token_of(gone)
    stack.session_store.end_session(gone.session_id)
    stack.user_store.begin_erasure(erased.user_id, stack.clock.now())
    stack.session_store.end_sessions(erased.user_id)
    expired = stack.token_of(place.ann)
    fresh: list[str | None] = [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer nonsense", "Bearer a.b.c"]
    fresh += [f"Bearer {late}", f"Bearer {stack.token_of(erased)}"]
    told = set()
    for header in fresh:
        headers = {} if header is None else {"authorization": header}
        answer = stack.request(operation.method, path, operation.sample, headers=headers)
        assert answer.status == 401, header
        assert answer.headers["www-authenticate"] == "Bearer"
        told.add(answer.json["code"])
    stack.clock.advance(601)
    answer = stack.request(operation.method, path, operation.sample, headers={"authorization": f"Bearer {expired}"})
    assert answer.status == 401
    assert told == {"unauthorized"}


@pytest.mark.parametrize("operation", GUARDED, ids=str)
def test_what_is_not_yours_looks_like_what_is_not(place: Place, operation: Operation) -> None:
    ex_member = place.ben
    place.stack.groups.change_members(place.ann, place.ids["conversationId"], remove=[ex_member.user_id])
    nothing = {name: f"{value[:2]}nothing" for name, value in place.ids.items() if name not in ("userId", "emoji")}
    for caller in (place.zed, ex_member):
        theirs = place.stack.request(operation.method, place.path_of(operation), operation.sample, caller=caller)
        nobodys = place.stack.request(
            operation.method, place.path_of(operation, **nothing), operation.sample, caller=caller
        )
        assert theirs.status == 404
        assert unsigned(theirs) == unsigned(nobodys)


def bad_payloads(operation: Operation) -> Iterator[bytes]:
    yield from BAD_BODIES
    sample = operation.sample or {}
    yield json.dumps({**sample, "unknown": 1}).encode()
    yield json.dumps({**sample, "__proto__": {}}).encode()
    for field in operation.fields:
        others = {name: value for name, value in sample.items() if name != field}
        yield json.dumps(others).encode()
        start = json.dumps(others)[:-1] + (", " if others else "")
        for value in BAD_VALUES:
            yield f'{start}"{field}": {value}}}'.encode()


@pytest.mark.parametrize("operation", WITH_BODY, ids=str)
def test_nothing_that_is_sent_gets_a_500(place: Place, operation: Operation) -> None:
    stack = place.stack
    caller = None if operation.is_open else place.ann
    path = place.path_of(operation)
    for raw in bad_payloads(operation):
        answer = stack.request(operation.method, path, caller=caller, raw=raw, headers=JSON)
        assert answer.status < 500, raw[:200]
        if answer.status >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json["code"] in CODES, raw[:200]
        if answer.status in (204, 401):
            # It did what it was asked for, such as ending the session that the next one is sent in.
            place.stack.session_store.insert_session(_session_of(stack, place.ann))


def _session_of(stack: Stack, identity: Identity) -> Session:
    now = stack.clock.now()
    return Session(identity.session_id, identity.user_id, None, "no hash", now, now, now + timedelta(hours=1))


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
@pytest.mark.parametrize("query", QUERIES)
def test_no_query_gets_a_500(place: Place, operation: Operation, query: str) -> None:
    if operation.path == "/api/health":
        return
    caller = None if operation.is_open else place.ann
    answer = place.stack.request(
        operation.method, place.path_of(operation), operation.sample, caller=caller, query=query
    )
    assert 400 <= answer.status < 500


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if "{" in one.path], ids=str)
@pytest.mark.parametrize("value", ["$ne", "a b", "😀", "x" * 200, "..", "%00", "a:b", "' or 1=1"])
def test_no_id_gets_a_500(place: Place, operation: Operation, value: str) -> None:
    bad = dict.fromkeys(place.ids, value)
    answer = place.stack.request(operation.method, place.path_of(operation, **bad), operation.sample, caller=place.ann)
    assert answer.status in (204, 404, 405, 422)
