"""What the JSON decoder takes and refuses, and what pydantic's own parser does, on which it builds."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json

from parley.domain.errors import InvalidRequestError
from parley.protocol.decoding import decode_json

WHOLE = st.integers(min_value=-(2**53) + 1, max_value=2**53 - 1)
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | WHOLE | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


REFUSED: dict[str, bytes | str] = {
    "nothing": "",
    "white space": " ",
    "words": "hello",
    "cut off": '{"a":1',
    "more than one": "{} {}",
    "single quotes": "{'a':1}",
    "trailing comma": '{"a":1,}',
    "comment": '{"a":1}//',
    "nan": "NaN",
    "infinity": '{"a":Infinity}',
    "minus infinity": "[-Infinity]",
    "float beyond all bounds": "[1e999]",
    "minus that": "[-1e999]",
    "2^53": str(2**53),
    "-2^53": str(-(2**53)),
    "2^63": str(2**63),
    "5,000 digits": "9" * 5_000,
    "17 deep": nested(17),
    "17 deep with a text": '{"a":' * 16 + '["x"]' + "}" * 16,
    "5,000 deep": nested(5_000),
    "1,000,000 deep": "[" * 1_000_000,
    "name twice": '{"a":1,"a":1}',
    "name twice, inside": '{"a":[{"b":1,"c":2,"b":3}]}',
    "name twice, escaped": '{"a":1,"\\u0061":2}',
    "name twice, spaced": '{"a" : 1, "a"\n:\t1}',
    "name twice, colons in texts": '{"a":":","a":"::"}',
    "lone high surrogate": '"\\ud800"',
    "lone low surrogate": '"\\udc00"',
    "high surrogate and a letter": '"\\ud83dx"',
    "surrogates the wrong way round": '"\\ude00\\ud83d"',
    "surrogate in a name": '{"\\ud800":1}',
    "surrogate as it is": '"\ud800"',
    "surrogate in utf-8": b'"\xed\xa0\x80"',
    "broken utf-8": b'"\xff"',
    "overlong utf-8": b'"\xc0\xaf"',
    "utf-16": '{"a":1}'.encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf{}",
    "control character": '"\x01"',
}


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED.keys())
def test_refused(raw: bytes | str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        decode_json(raw)
    assert len(caught.value.detail) < 120


@pytest.mark.parametrize(
    "raw",
    [
        "{}",
        "null",
        " \n[1, 2] ",
        nested(16),
        '{"a":' * 15 + '["x"]' + "}" * 15,
        str(2**53 - 1),
        str(-(2**53) + 1),
        "-0",
        "1.5e300",
        '"\\u0000"',
        '"\\ud83d\\ude00"',
        '{"a":"b:c","d":{"a":":"}}',
        '[{"a":1},{"a":1}]',
    ],
)
def test_taken(raw: str) -> None:
    assert decode_json(raw) == decode_json(raw.encode()) == json.loads(raw)


@given(VALUES)
def test_every_plain_value_comes_back(value: Any) -> None:
    for ascii_only in (True, False):
        assert decode_json(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        decode_json(raw)
    except InvalidRequestError:
        return
    json.loads(raw)


def test_what_the_parser_below_does_by_itself() -> None:
    """The reasons for each check of our own: if one of these changes, a check may go."""
    assert from_json(b'{"a":1,"a":2}') == {"a": 2}
    assert math.isinf(from_json(b"1e999", allow_inf_nan=False))
    assert math.isnan(from_json(b"NaN"))
    assert from_json(str(2**64).encode()) == 2**64
    from_json(nested(150).encode())
    for refused in (b'"\\ud800"', b'"\xff"', nested(5_000).encode(), b"9" * 5_000):
        with pytest.raises(ValueError, match="at line 1 column"):
            from_json(refused)
