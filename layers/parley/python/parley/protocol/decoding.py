"""Reads JSON from outside, and refuses what readers are known to disagree about."""

from __future__ import annotations

import json
import math
from typing import Any, Final

from pydantic_core import from_json

from parley.domain.errors import InvalidRequestError
from parley.domain.limits import JSON_MAX_DEPTH

_INTEGER_MAX: Final = 2**53 - 1


def decode_json(raw: bytes | str) -> Any:
    """The value of one JSON text.

    RFC 8259 as narrowed by I-JSON (RFC 7493): UTF-8 without lone surrogates, no name twice in an object, integers
    within ±(2⁵³ - 1), no NaN and no infinities; and nested at most 16 deep.

    Raises:
        InvalidRequestError: it is none. The detail gives a place in the text, never a part of it.
    """
    try:
        encoded = raw.encode() if isinstance(raw, str) else raw
        value = from_json(encoded, allow_inf_nan=False)
    except UnicodeEncodeError as error:
        raise InvalidRequestError("The JSON holds a lone surrogate.") from error
    except ValueError as error:
        # The parser's texts name a fault and a line and column; they quote nothing.
        raise InvalidRequestError(f"This is not JSON: {error}.") from error
    names = _check_values(value)
    # Each member of an object has one colon of its own. As many colons as members that were kept: none was dropped,
    # and no text needs a second reading. More of them may stand in texts or show a name that came twice.
    if encoded.count(b":") != names:
        _check_names(encoded)
    return value


def _check_values(value: Any) -> int:
    """Checks depth and numbers level by level; how many members all objects have together."""
    names = 0
    level = [value]
    for depth in range(JSON_MAX_DEPTH + 1):
        inner: list[Any] = []
        for item in level:
            kind = type(item)
            if kind is dict:
                names += len(item)
                inner += item.values()
            elif kind is list:
                inner += item
            elif kind is int:
                if not -_INTEGER_MAX <= item <= _INTEGER_MAX:
                    raise InvalidRequestError("The JSON holds an integer beyond 2^53 - 1.")
            elif kind is float and not math.isfinite(item):
                raise InvalidRequestError("The JSON holds a number that is not finite.")
        if not any(type(item) is dict or type(item) is list for item in level):
            return names
        if depth == JSON_MAX_DEPTH:
            break
        level = inner
    raise InvalidRequestError(f"The JSON is nested more than {JSON_MAX_DEPTH} deep.")


def _check_names(encoded: bytes) -> None:
    json.loads(encoded, object_pairs_hook=_refuse_repeats)


def _refuse_repeats(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) != len(pairs):
        raise InvalidRequestError("The JSON has one name twice in an object.")
