"""Holds refusals to the OpenAPI document: whatever a route answers with, it must be said to."""

from __future__ import annotations

import json
import re
from functools import cache

from parley.entry.rest.openapi import make_openapi
from parley.protocol.errors import PROBLEM_MEDIA_TYPE

NEVER_SAID = frozenset({"method_not_allowed", "internal"})
"""The one is of no operation, the other of none that is right."""


def check_documented(method: str, path: str, status: int, body: str) -> None:
    """A refusal must be among those of its operation, with its status and code and an example."""
    code = json.loads(body)["code"]
    said = _refusals_of(method, path)
    if said is not None and code not in NEVER_SAID:
        assert (status, code) in said, f"{method} {path} is not said to answer {status} {code}"


def _refusals_of(method: str, path: str) -> frozenset[tuple[int, str]] | None:
    """What an operation is said to refuse with; None where the path leads nowhere."""
    for pattern, known, said in _operations():
        if known == method and pattern.fullmatch(path):
            return said
    return None


@cache
def _operations() -> list[tuple[re.Pattern[str], str, frozenset[tuple[int, str]]]]:
    """Each operation's path, method and refusals, in the order in which paths are tried."""
    return [
        (re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))), method.upper(), _said(operation["responses"]))
        for path, methods in make_openapi()["paths"].items()
        for method, operation in methods.items()
    ]


def _said(responses: dict[str, dict[str, dict[str, dict[str, dict[str, object]]]]]) -> frozenset[tuple[int, str]]:
    return frozenset(
        (int(status), code)
        for status, response in responses.items()
        for code in response.get("content", {}).get(PROBLEM_MEDIA_TYPE, {}).get("examples", {})
    )
