"""Structured logs: one JSON object a line, with the ids that a request can be found by.

Code logs through `logging.getLogger(__name__)`; what stands under `parley` is written by Powertools' formatter.
Bodies, tokens, passwords and tickets are never logged, and neither is the text of an unexpected exception, which may
quote them.
"""

from __future__ import annotations

import logging
import traceback
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

SERVICE = "parley"


@cache
def start_logging() -> Logger:
    """Sets the JSON log up, once for a process."""
    from aws_lambda_powertools.logging import Logger  # noqa: PLC0415  # only a function's process pays for it

    return Logger(service=SERVICE)


def begin_invocation(context: Any, **keys: str | None) -> None:
    """Puts the invocation's request id, its function's name and `keys` into each log line until the next invocation.

    Args:
        context: Lambda's context object.
        keys: ids of the request, such as the connection's; what is None is left out.
    """
    if start_logging.cache_info().currsize:
        start_logging().append_keys(
            function_name=getattr(context, "function_name", None),
            function_request_id=getattr(context, "aws_request_id", None),
            **keys,
        )


def log_unexpected(logger: logging.Logger, what: str, error: BaseException, **keys: Any) -> None:
    """Logs an exception that nobody foresaw, with its types and stack.

    Its text may quote what must not be logged, and is left out, unless its class says `is_safe_to_log`.
    """
    if getattr(error, "is_safe_to_log", False):
        keys["error_message"] = str(error)
    logger.error(what, extra={"error_type": type(error).__qualname__, "stack": describe_stack(error), **keys})


def describe_stack(error: BaseException) -> str:
    """The exception and those that caused it, innermost last: types and the places they came through, no texts."""
    parts: list[str] = []
    current: BaseException | None = error
    while current is not None and len(parts) < 10:
        frames = traceback.extract_tb(current.__traceback__)
        places = "\n".join(f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}' for frame in frames)
        parts.append(f"{type(current).__module__}.{type(current).__qualname__}\n{places}")
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\ncaused by ".join(parts)
