"""Record batches, format 2: https://kafka.apache.org/documentation/#recordbatch."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Final

from parley.streams.kafka.crc32c import crc32c

_ENVELOPE: Final = Struct(">qiibI")  # base offset, length, leader epoch, format, checksum
_HEAD: Final = Struct(
    ">hiqqqhii"
)  # attributes, last offset, first and last time, producer id and epoch, sequence, count
_LENGTH_FROM: Final = 12  # the length counts what follows it
_FORMAT: Final = 2
_NO_LEADER_EPOCH: Final = -1
_CREATE_TIME_UNCOMPRESSED: Final = 0


@dataclass(frozen=True, slots=True)
class ProducerId:
    """Who writes, so that a broker can tell a repeat from a new batch."""

    number: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Records for one partition, written all or none."""

    records: bytes
    count: int
    made_at_ms: int

    def encode(self, producer: ProducerId, sequence: int) -> bytes:
        """The batch as it goes out; a repeat with the same producer and sequence is written once."""
        head = _HEAD.pack(
            _CREATE_TIME_UNCOMPRESSED,
            self.count - 1,
            self.made_at_ms,
            self.made_at_ms,
            producer.number,
            producer.epoch,
            sequence,
            self.count,
        )
        body = head + self.records
        length = _ENVELOPE.size - _LENGTH_FROM + len(body)
        return _ENVELOPE.pack(0, length, _NO_LEADER_EPOCH, _FORMAT, crc32c(body)) + body


def make_batch(records: Sequence[tuple[bytes, bytes]]) -> Batch:
    """A batch of these keys and values, in this order."""
    parts: list[bytes] = []
    for number, (key, value) in enumerate(records):
        record = b"".join(
            (b"\0\0", varint(number), varint(len(key)), key, varint(len(value)), value, b"\0")
        )  # attributes, time since the first; … ; headers
        parts += (varint(len(record)), record)
    return Batch(b"".join(parts), len(records), int(time.time() * 1000))


def varint(value: int) -> bytes:
    """A signed number, zigzag, seven bits a byte, the low ones first."""
    value = (value << 1) ^ (value >> 63)
    if value < 0x80:
        return bytes((value,))
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
