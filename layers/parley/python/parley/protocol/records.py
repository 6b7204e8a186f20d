"""Kafka records as JSON: `{"kind", "record"}`, the record with the fields of its domain type in camelCase.

What one deployed version writes, the next one reads, and the other way round while both run: fields are added with a
default in two steps (read it everywhere, then write it), and never renamed. tests/unit/protocol keeps bytes of old.
"""

from __future__ import annotations

from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from parley.domain.errors import InvalidRequestError
from parley.domain.records import (
    ChangeRequested,
    ConversationCreated,
    DeadLetter,
    FanOutChunk,
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
)
_envelopes: TypeAdapter[_AnyEnvelope] = TypeAdapter(Annotated[_AnyEnvelope, Field(discriminator="kind")])


def encode_record(record: Record) -> bytes:
    """UTF-8 JSON that `decode_record` reads; the same record gives the same bytes."""
    envelope: _AnyEnvelope
    match record:
        case SendRequested():
            envelope = _SendRequested.model_construct(kind="SendRequested", record=record)
        case MessageStored():
            envelope = _MessageStored.model_construct(kind="MessageStored", record=record)
        case ConversationCreated():
            envelope = _ConversationCreated.model_construct(kind="ConversationCreated", record=record)
        case ChangeRequested():
            envelope = _ChangeRequested.model_construct(kind="ChangeRequested", record=record)
        case MessageChanged():
            envelope = _MessageChanged.model_construct(kind="MessageChanged", record=record)
        case ReceiptRequested():
            envelope = _ReceiptRequested.model_construct(kind="ReceiptRequested", record=record)
        case ReceiptMoved():
            envelope = _ReceiptMoved.model_construct(kind="ReceiptMoved", record=record)
        case FanOutChunk():
            envelope = _FanOutChunk.model_construct(kind="FanOutChunk", record=record)
        case DeadLetter():
            envelope = _DeadLetter.model_construct(kind="DeadLetter", record=record)
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
