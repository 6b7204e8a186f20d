"""What the wire models have in common: camelCase names, times as the contract writes them, nothing unknown let in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer, PlainValidator, WithJsonSchema
from pydantic.alias_generators import to_camel

from parley.domain.times import format_time, parse_time


class Inbound(BaseModel):
    """What a client sends. Strict: no unknown field, no text for a number, and the camelCase names only.

    The models check shape and type. Lengths and alphabets are the domain's rules, which the services apply once for
    both transports; the models carry them for the documents alone.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        strict=True,
        frozen=True,
        validate_by_alias=True,
        validate_by_name=False,
    )


class Outbound(BaseModel):
    """What a client gets; written with camelCase names, made in code with Python's."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        validate_by_alias=True,
        validate_by_name=True,
        serialize_by_alias=True,
        defer_build=True,
    )

    def to_json(self) -> bytes:
        """UTF-8 JSON without white space; the same values give the same bytes."""
        return self.__pydantic_serializer__.to_json(self, by_alias=True)


def _read_time(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        return parse_time(value)
    raise ValueError("not an RFC 3339 time in UTC")


Time = Annotated[
    datetime,
    PlainValidator(_read_time),
    PlainSerializer(format_time, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-01-31T23:59:59.123Z"]}),
]
"""RFC 3339, UTC, milliseconds, `Z`."""
