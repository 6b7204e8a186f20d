"""Kafka records as JSON: `{"kind", "record"}`, the record with the fields of its domain type in camelCase.

What one deployed version writes, the next one reads, and the other way round while both run: fields are added with a
default in two steps (read it everywhere, then write it), and never renamed. tests/unit/protocol keeps bytes of old.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from parley.domain.errors import InvalidRequestError
from parley.domain.records import (
    ChangeRequested,
    ConversationCreated,
    DeadLetter,
    FanOutChunk,
    GroupDeleted,
    GroupShown,
    MembersChanged,
    MessageChanged,
    MessageStored,
    ReceiptMoved,
    ReceiptRequested,
    Record,
    SendRequested,
)
from parley.protocol.errors import field_problems

KindT = TypeVar("KindT")
RecordT = TypeVar("RecordT")


class _Envelope(BaseModel, Generic[KindT, RecordT]):
    """One record under its kind. The configuration holds for the domain types inside too, which have none."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        strict=True,
        frozen=True,
        serialize_by_alias=True,
        ser_json_bytes="base64",
        val_json_bytes="base64",
    )

    kind: KindT
    record: RecordT


class _SendRequested(_Envelope[Literal["SendRequested"], SendRequested]):
    pass


class _MessageStored(_Envelope[Literal["MessageStored"], MessageStored]):
    pass


class _ConversationCreated(_Envelope[Literal["ConversationCreated"], ConversationCreated]):
    pass


class _DeadLetter(_Envelope[Literal["DeadLetter"], DeadLetter]):
    pass


class _ChangeRequested(_Envelope[Literal["ChangeRequested"], ChangeRequested]):
    pass


class _MessageChanged(_Envelope[Literal["MessageChanged"], MessageChanged]):
    pass


class _ReceiptRequested(_Envelope[Literal["ReceiptRequested"], ReceiptRequested]):
    pass


class _ReceiptMoved(_Envelope[Literal["ReceiptMoved"], ReceiptMoved]):
    pass


class _FanOutChunk(_Envelope[Literal["FanOutChunk"], FanOutChunk]):
    pass


class _GroupShown(_Envelope[Literal["GroupShown"], GroupShown]):
    pass


class _MembersChanged(_Envelope[Literal["MembersChanged"], MembersChanged]):
    pass


class _GroupDeleted(_Envelope[Literal["GroupDeleted"], GroupDeleted]):
    pass


_AnyEnvelope = (
    _SendRequested
    | _MessageStored
    | _ConversationCreated
    | _DeadLetter
    | _ChangeRequested
    | _MessageChanged
    | _ReceiptRequested
    | _ReceiptMoved
    | _FanOutChunk
    | _GroupShown
    | _MembersChanged
    | _GroupDeleted
)
_envelopes: TypeAdapter[_AnyEnvelope] = TypeAdapter(Annotated[_AnyEnvelope, Field(discriminator="kind")])


_BY_KIND: Mapping[type[Record], type[_Envelope[Any, Any]]] = {
    SendRequested: _SendRequested,
    MessageStored: _MessageStored,
    ConversationCreated: _ConversationCreated,
    DeadLetter: _DeadLetter,
    ChangeRequested: _ChangeRequested,
    MessageChanged: _MessageChanged,
    ReceiptRequested: _ReceiptRequested,
    ReceiptMoved: _ReceiptMoved,
    FanOutChunk: _FanOutChunk,
    GroupShown: _GroupShown,
    MembersChanged: _MembersChanged,
    GroupDeleted: _GroupDeleted,
}


def encode_record(record: Record) -> bytes:
    """UTF-8 JSON that `decode_record` reads; the same record gives the same bytes."""
    kind = type(record)
    envelope = _BY_KIND[kind].model_construct(kind=kind.__name__, record=record)
    return envelope.__pydantic_serializer__.to_json(envelope, by_alias=True)


def decode_record(value: bytes) -> Record:
    """The record that `encode_record` wrote.

    Raises:
        InvalidRequestError: the bytes are none, with the fields that are wrong and nothing that stands in them.
    """
    try:
        return _envelopes.validate_json(value).record
    except ValidationError as error:
        raise InvalidRequestError("This is no record.", field_problems(error.errors(include_input=False))) from None
