"""How errors are told: field problems out of validation, RFC 9457 problem documents, `error` events on a socket."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from pydantic import Field

from parley.domain.errors import FieldProblem, InvalidRequestError, ParleyError
from parley.protocol.base import Outbound

PROBLEM_MEDIA_TYPE: Final = "application/problem+json"
_PROBLEMS_MAX_COUNT: Final = 20
_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")

# Texts for what pydantic would tell in Python's words, or with a piece of what was sent.
_MESSAGES: Final[Mapping[str, str]] = {
    "missing": "It is missing.",
    "extra_forbidden": "It is not known here.",
    "unexpected_keyword_argument": "It is not known here.",
    "string_type": "It must be a text.",
    "int_type": "It must be an integer.",
    "int_from_float": "It must be an integer.",
    "int_parsing": "It must be an integer.",
    "bool_type": "It must be true or false.",
    "list_type": "It must be a list.",
    "tuple_type": "It must be a list.",
    "dict_type": "It must be an object.",
    "model_type": "It must be an object.",
    "model_attributes_type": "It must be an object.",
    "dataclass_type": "It must be an object.",
    "union_tag_invalid": "It names no kind that there is.",
    "union_tag_not_found": "It must say its kind.",
    "json_invalid": "It is not JSON.",
}
_SAFE_MESSAGES: Final = frozenset(
    {"literal_error", "too_long", "too_short", "greater_than_equal", "less_than_equal", "string_too_long"}
)

SocketCode = Literal[
    "invalid_request",
    "unauthorized",
    "forbidden",
    "blocked",
    "not_found",
    "conflict",
    "rate_limited",
    "too_large",
    "unavailable",
    "sync_token_invalid",
    "internal",
]


class FieldError(Outbound):
    """One field that is wrong."""

    field: str = Field(description="Its path, such as `messages.0.content`; empty for the whole body.")
    message: str


class Problem(Outbound):
    """RFC 9457. `code` is stable, `detail` is for a person and never quotes the request."""

    type: str = Field(examples=["urn:parley:error:invalid_request"])
    title: str
    status: int
    detail: str
    code: str
    request_id: str = Field(description="The same as the X-Request-Id header: name it when you report a fault.")
    errors: list[FieldError] | None = Field(default=None, exclude_if=lambda errors: errors is None)


class ErrorData(Outbound):
    """What an `error` event says."""

    code: SocketCode
    message: str
    retryable: bool = Field(description="Whether the same frame may succeed later.")
    retry_after: float | None = Field(
        default=None, description="In seconds.", exclude_if=lambda seconds: seconds is None
    )
    errors: list[FieldError] | None = Field(default=None, exclude_if=lambda errors: errors is None)


class InternalError(ParleyError):
    """Something went wrong that is nobody's but ours. Told without any detail; the log has the stack."""

    def __init__(self) -> None:
        super().__init__("Something went wrong here. It has been noted under the request id.")


def field_problems(errors: Iterable[Mapping[str, Any]], *, skip: int = 0) -> list[FieldProblem]:
    """Pydantic's errors as field problems, at most 20, in words that hold nothing of what was sent.

    Args:
        errors: as `ValidationError.errors()` gives them.
        skip: how many parts at the front of each place are not the client's, such as `body`.
    """
    problems: list[FieldProblem] = []
    for error in errors:
        if len(problems) == _PROBLEMS_MAX_COUNT:
            break
        place = ".".join(_name_of(part) for part in error["loc"][skip:])
        kind = error["type"]
        message = _MESSAGES.get(kind) or (f"{error['msg']}." if kind in _SAFE_MESSAGES else "It is not valid.")
        problems.append(FieldProblem(place, message))
    return problems


def make_problem(error: ParleyError, request_id: str, *, status: int | None = None, code: str | None = None) -> Problem:
    """The problem document for an error; `status` and `code` stand in for those of its class."""
    status = error.status if status is None else status
    code = error.code if code is None else code
    return Problem(
        type=f"urn:parley:error:{code}",
        title=code.replace("_", " ").capitalize(),
        status=status,
        detail=error.detail,
        code=code,
        request_id=request_id,
        errors=_field_errors(error),
    )


def make_error_data(error: ParleyError) -> ErrorData:
    """The data of an `error` event."""
    return ErrorData(
        code=socket_code(error),
        message=error.detail,
        retryable=error.retryable,
        retry_after=retry_after_s(error) if error.retryable else None,
        errors=_field_errors(error),
    )


def socket_code(error: ParleyError) -> SocketCode:
    """The code of an error as sockets tell it."""
    return "unauthorized" if error.code == "bad_credentials" else error.code  # type: ignore[return-value]  # the tree's codes are the contract's; a test walks them


def retry_after_s(error: ParleyError) -> int:
    """After how many whole seconds a retryable request is worth trying again: at least 1."""
    return max(1, math.ceil(error.retry_after_s or 1))


def _field_errors(error: ParleyError) -> list[FieldError] | None:
    if not isinstance(error, InvalidRequestError) or not error.problems:
        return None
    return [FieldError(field=problem.field, message=problem.message) for problem in error.problems]


def _name_of(part: str | int) -> str:
    """A part of a place. An unknown field's name is the client's own text: it is told only where it is a mere name."""
    return part if isinstance(part, str) and _NAME.fullmatch(part) else str(part) if isinstance(part, int) else "?"
