"""Holds frames to the stack's AsyncAPI document: what came must be as it says, and what it refuses must be refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jsonschema import Draft7Validator, FormatChecker

from bench.client.rest import Json

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def _is_time(value: object) -> bool:
    """RFC 3339 as the contract narrows it: UTC, milliseconds, `Z`."""
    return not isinstance(value, str) or _TIME.fullmatch(value) is not None


_formats = FormatChecker(formats=())
_formats.checks("date-time")(_is_time)


class Contract:
    """An AsyncAPI document, ready to hold frames against it."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._components = document["components"]
        self._by_action: dict[str, Draft7Validator] = {}
        self._by_event: dict[str, Draft7Validator] = {}
        for message in self._components["messages"].values():
            name = message["payload"]["$ref"].rpartition("/")[2]
            fields = self._components["schemas"][name].get("properties", {})
            for action in fields.get("action", {}).get("enum", ()):
                self._by_action[action] = self._validator(name)
            if "const" in fields.get("event", {}):
                self._by_event[fields["event"]["const"]] = self._validator(name)
        self._gateways_own = self._validator("GatewayErrorFrame")

    def _validator(self, name: str) -> Draft7Validator:
        schema = {"allOf": [{"$ref": f"#/components/schemas/{name}"}], "components": self._components}
        return Draft7Validator(schema, format_checker=_formats)

    def check_sent(self, frame: Any) -> str | None:
        """Why the document refuses a client's frame; None for one that it has."""
        action = frame.get("action") if isinstance(frame, dict) else None
        validator = self._by_action.get(action) if isinstance(action, str) else None
        return "there is no such action" if validator is None else _first_error(validator, frame)

    def check_received(self, frame: Any) -> Iterator[tuple[str, Json]]:
        """What is wrong with the events of a server's frame, each with the event."""
        for event in frame if isinstance(frame, list) and frame else [frame]:
            problem = self._check_event(event)
            if problem is not None:
                yield problem, event

    def _check_event(self, event: Any) -> str | None:
        if not isinstance(event, dict):
            return "an event must be an object"
        if "event" not in event:
            return _first_error(self._gateways_own, event)
        validator = self._by_event.get(event["event"])
        return "there is no such event" if validator is None else _first_error(validator, event)


def _first_error(validator: Draft7Validator, value: Any) -> str | None:
    error = next(validator.iter_errors(value), None)
    return None if error is None else f"{error.json_path}: {error.message[:200]}"


class ContractWatch:
    """Watches one socket; `report` is told of each frame that is against the contract.

    A frame that the document refuses may be sent, as tests do: then its answer must be an error.
    """

    def __init__(self, contract: Contract, report: Callable[[str], None]) -> None:
        self._contract = contract
        self._report = report
        self._sent: dict[str, str | None] = {}

    def on_sent(self, payload: bytes) -> None:
        """Takes note of a client's frame."""
        try:
            frame = json.loads(payload)
        except (ValueError, RecursionError):
            return
        request_id = frame.get("requestId") if isinstance(frame, dict) else None
        if isinstance(request_id, str):
            self._sent[request_id] = self._contract.check_sent(frame)

    def on_received(self, payload: bytes) -> None:
        """Checks a server's frame."""
        try:
            frame = json.loads(payload)
        except ValueError:
            self._report(f"a frame is not JSON: {payload[:100]!r}")
            return
        for problem, event in self._contract.check_received(frame):
            self._report(f"{problem}, in {json.dumps(event)[:300]}")
        for event in frame if isinstance(frame, list) else [frame]:
            if isinstance(event, dict) and isinstance(event.get("event"), str) and "requestId" in event:
                self._check_answer(event)

    def _check_answer(self, event: Json) -> None:
        if event["requestId"] not in self._sent:
            self._report(f"an answer to a frame that was never sent: {event['event']} {event['requestId']}")
            return
        refusal = self._sent[event["requestId"]]
        if refusal is not None and event["event"] != "error":
            self._report(f"a frame that the document refuses was answered with {event['event']}: {refusal}")
