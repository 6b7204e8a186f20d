"""The control port: `/_local/faults` and what else is under /_local."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson

from local.control.guard import refuse
from local.control.page import Page
from local.control.state import State
from local.failures import FaultError
from local.faults.acting import Acting
from local.faults.faults import Faults, Placed, UnknownFaultError
from local.faults.models import read_fault
from local.gateway.http_message import HttpRequest, HttpResponse, json_response, message_response

CONTROL_PATH = "/_local"
FAULTS_PATH = f"{CONTROL_PATH}/faults"
WITH_NAMES = (FAULTS_PATH, f"{CONTROL_PATH}/logs", f"{CONTROL_PATH}/page")
NOT_KEPT = (("cache-control", "no-store"),)
Answer = Callable[[HttpRequest, str], HttpResponse]


class ControlSite:
    """The `ControlPages` of the gateway.

    - `GET /_local`: the status page.
    - `GET /_local/state`: what it shows, as JSON.
    - `GET /_local/logs/{function}?after=N&request=ID`: the last lines that a function printed.
    - `GET /_local/faults`: the seed and the faults that are set.
    - `POST /_local/faults`: sets one (201).
    - `PUT /_local/faults` with `{"seed": …}`: takes all back and starts anew from a seed.
    - `DELETE /_local/faults`, `DELETE /_local/faults/{number}`: takes all, or one, back.
    """

    def __init__(self, faults: Faults, acting: Acting, state: State | None = None) -> None:
        self._faults = faults
        self._acting = acting
        self._state = state
        self._page = Page()
        self._answers: dict[tuple[str, str], Answer] = {
            ("GET", CONTROL_PATH): lambda _, __: self._page.document(),
            ("GET", f"{CONTROL_PATH}/page/"): lambda _, name: self._page.file(name),
            ("GET", f"{CONTROL_PATH}/state"): lambda _, __: self._show(),
            ("GET", f"{CONTROL_PATH}/logs/"): self._logs,
            ("GET", FAULTS_PATH): lambda _, __: self._list(),
            ("POST", FAULTS_PATH): self._add,
            ("PUT", FAULTS_PATH): self._reseed,
            ("DELETE", FAULTS_PATH): lambda _, __: self._clear(),
            ("DELETE", f"{FAULTS_PATH}/"): self._remove,
        }

    def serves(self, path: str) -> bool:
        """See `ControlPages`."""
        return path == CONTROL_PATH or path.startswith(f"{CONTROL_PATH}/")

    def handle(self, request: HttpRequest) -> HttpResponse:
        """See `ControlPages`."""
        refusal = refuse(request)
        if refusal is not None:
            return refusal
        path, rest = _split(request.path)
        method = "GET" if request.method == "HEAD" else request.method
        answer = self._answers.get((method, path))
        if answer is not None:
            return answer(request, rest)
        allowed = sorted({allowed for allowed, known in self._answers if known == path})
        if not allowed:
            return message_response(404, "Not Found")
        return message_response(405, "Method Not Allowed", ("allow", ", ".join(allowed)))

    def _show(self) -> HttpResponse:
        if self._state is None:
            return message_response(404, "Not Found")
        placed = [describe(placed) for placed in self._faults.all()]
        return json_response(200, self._state.snapshot() | {"seed": self._faults.seed, "faults": placed}, *NOT_KEPT)

    def _logs(self, request: HttpRequest, function: str) -> HttpResponse:
        asked = dict(parse_qsl(request.query))
        after = asked.get("after", "0")
        if self._state is None or not after.isdecimal():
            return message_response(404, "Not Found")
        try:
            lines = self._state.logs(function, after=int(after), request_id=asked.get("request", ""))
        except KeyError:
            return message_response(404, f"There is no function {function}.")
        return json_response(200, {"lines": lines}, *NOT_KEPT)

    def _list(self) -> HttpResponse:
        placed = [describe(placed) for placed in self._faults.all()]
        return json_response(200, {"seed": self._faults.seed, "faults": placed})

    def _add(self, request: HttpRequest, _: str) -> HttpResponse:
        try:
            placed = self._acting.add(read_fault(_object(request)))
        except FaultError as error:
            return message_response(400, str(error))
        return json_response(201, {"seed": self._faults.seed, **describe(placed)})

    def _reseed(self, request: HttpRequest, _: str) -> HttpResponse:
        try:
            seed = _object(request).get("seed")
        except FaultError as error:
            return message_response(400, str(error))
        if type(seed) is not int or seed < 0:
            return message_response(400, "seed: a whole number from 0")
        self._faults.reseed(seed)
        return self._list()

    def _clear(self) -> HttpResponse:
        self._faults.clear()
        return self._list()

    def _remove(self, _: HttpRequest, number: str) -> HttpResponse:
        try:
            self._faults.remove(int(number))
        except (UnknownFaultError, ValueError):
            return message_response(404, f"There is no fault {number}.")
        return self._list()


def describe(placed: Placed) -> dict[str, Any]:
    """A fault that is set, as JSON tells it."""
    return {
        "number": placed.number,
        "words": placed.fault.words(),
        "struck": placed.struck,
        "spent": placed.spent,
        "fault": placed.fault.model_dump(exclude_defaults=True) | {"kind": placed.fault.kind},
    }


def _split(path: str) -> tuple[str, str]:
    """A path as it is routed, and the name at its end where it has one."""
    clean = path.rstrip("/") or path
    head, _, tail = clean.rpartition("/")
    return (f"{head}/", unquote(tail)) if head in WITH_NAMES else (clean, "")


def _object(request: HttpRequest) -> dict[str, Any]:
    try:
        values = orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        raise FaultError(f"the body is not JSON: {error}") from error
    if not isinstance(values, dict):
        raise FaultError("the body must be an object")
    return values
