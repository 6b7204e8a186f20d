"""The AsyncAPI document, and that it tells of exactly the frames that there are."""

from __future__ import annotations

import copy
import fcntl
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast, get_args

import pytest
from jsonschema import Draft7Validator
from pydantic import BaseModel

from bench.client import Contract, ContractWatch
from parley.domain import limits
from parley.entry.actions import Actions, FrameServices
from parley.protocol import events, live
from parley.protocol.asyncapi import make_asyncapi
from parley.protocol.asyncapi.client_frames import CLIENT_FRAMES
from parley.protocol.asyncapi.server_frames import ANSWERS, EVENTS, SERVER_FRAMES
from parley.protocol.asyncapi.words import ERROR_CODES
from parley.protocol.errors import SocketCode
from parley.protocol.frames import AnswerData

ROOT = Path(__file__).parents[3]
SPECIFICATIONS = ROOT / "tests" / "specifications"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return make_asyncapi(["ws://localhost:8000/ws", "wss://two.test/prod"])


@pytest.fixture(scope="module")
def specification() -> Mapping[str, Any]:
    """AsyncAPI's own schema of its version 3, out of the locked package."""
    folder = ROOT / ".cache" / "specifications"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        locked = (SPECIFICATIONS / "package-lock.json").read_bytes()
        stamp = folder / "installed.json"
        if not stamp.exists() or stamp.read_bytes() != locked:
            for name in ("package.json", "package-lock.json"):
                (folder / name).write_bytes((SPECIFICATIONS / name).read_bytes())
            npm = [str(Path(sys.executable).with_name("npm")), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            subprocess.run(npm, cwd=folder, check=True, capture_output=True, timeout=100)
            stamp.write_bytes(locked)
    schema: Mapping[str, Any] = json.loads(
        (folder / "node_modules/@asyncapi/specs/schemas/3.0.0.json").read_text(encoding="utf-8")
    )
    return schema


def test_the_document_is_valid_asyncapi_3(document: dict[str, Any], specification: Mapping[str, Any]) -> None:
    validator = Draft7Validator(specification)
    assert not [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]
    broken = copy.deepcopy(document)
    broken["operations"]["send"]["action"] = "subscribe"
    assert list(validator.iter_errors(broken))


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(part: Any) -> Iterator[str]:
        if isinstance(part, dict):
            if isinstance(part.get("$ref"), str):
                yield part["$ref"]
            for inner in part.values():
                yield from references(inner)
        elif isinstance(part, list):
            for inner in part:
                yield from references(inner)

    found = set(references(document))
    assert len(found) > 50
    for reference in found:
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_every_message_has_examples_that_are_as_its_schema_says(document: dict[str, Any]) -> None:
    contract = Contract(document)
    assert len(document["components"]["messages"]) == len(CLIENT_FRAMES) + len(SERVER_FRAMES) + 2
    for name, message in document["components"]["messages"].items():
        assert message["examples"], name
        for example in message["examples"]:
            payload = example["payload"]
            if isinstance(payload, dict) and "action" in payload:
                assert contract.check_sent(payload) is None
            else:
                assert list(contract.check_received(payload)) == []


def test_every_action_is_told_of_and_its_examples_are_read(document: dict[str, Any]) -> None:
    known = Actions(cast("FrameServices", None)).names
    assert {action for frame in CLIENT_FRAMES for action in frame.actions} == set(known)
    for frame in CLIENT_FRAMES:
        for example in frame.examples:
            if example is not None:
                assert any(_takes(model, example) for model in frame.data), frame.actions


def _takes(model: type[BaseModel], data: Mapping[str, Any]) -> bool:
    try:
        model.model_validate(data)
    except ValueError:
        return False
    return True


def test_every_event_that_is_written_is_told_of() -> None:
    written: dict[str, set[Any]] = {}
    for module in (events, live):
        for model in vars(module).values():
            if isinstance(model, type) and issubclass(model, BaseModel) and "event" in model.model_fields:
                kind = model.model_fields["data"].annotation
                for event in get_args(model.model_fields["event"].annotation):
                    written.setdefault(event, set()).update(get_args(kind) or {kind})
    assert set(written) == {frame.event for frame in EVENTS}
    for frame in EVENTS:
        assert set(frame.data) <= written[frame.event]
    told = {model for frame in SERVER_FRAMES if frame.is_answer for model in frame.data}
    assert told == set(get_args(AnswerData))
    assert {frame.answer for frame in CLIENT_FRAMES} == {frame.event for frame in ANSWERS}


def test_servers_security_limits_and_codes_are_told(document: dict[str, Any]) -> None:
    one, two = document["servers"].values()
    assert (one["protocol"], one["host"], one["pathname"]) == ("ws", "localhost:8000", "/ws")
    assert (two["protocol"], two["host"], two["pathname"]) == ("wss", "two.test", "/prod")
    assert [scheme["$ref"].rpartition("/")[2] for scheme in one["security"]] == ["ticket", "accessToken"]
    assert set(ERROR_CODES) == set(get_args(SocketCode))
    assert document["x-limits"]["frameBytes"] == limits.FRAME_MAX_BYTES
    assert {"1001", "1003", "1009"} <= set(document["x-close-codes"])


@pytest.mark.parametrize(
    ("received", "problem"),
    [
        (b"no JSON", "not JSON"),
        (b'{"event":"chat:recieve","data":{}}', "no such event"),
        (b'[{"event":"pong","requestId":"r9","data":{"serverTime":"2026-01-31T23:59:59.123Z"}}]', "never sent"),
        (b'{"event":"pong","requestId":"r1","data":{"serverTime":"2026-01-31 23:59"}}', "date-time"),
        (b'{"event":"pong","data":{"serverTime":"2026-01-31T23:59:59.123Z"}}', "'requestId' is a required"),
        (b'{"event":"group:delete","data":{"conversationId":"c_1","rev":1,"why":""}}', "Additional properties"),
        (b'{"event":"chat:typing:ack","requestId":"bad","data":{"conversationId":"c_1"}}', "document refuses"),
    ],
)
def test_a_frame_that_is_not_as_the_document_says_is_seen(
    document: dict[str, Any], received: bytes, problem: str
) -> None:
    problems: list[str] = []
    watch = ContractWatch(Contract(document), problems.append)
    watch.on_sent(b'{"action":"ping","requestId":"r1"}')
    watch.on_sent(b'{"action":"typing","requestId":"bad","data":{"conversationId":"c_1","state":"on"}}')
    watch.on_received(b'{"event":"pong","requestId":"r1","data":{"serverTime":"2026-01-31T23:59:59.123Z"}}')
    assert not problems
    watch.on_received(received)
    assert len(problems) == 1
    assert problem in problems[0]
