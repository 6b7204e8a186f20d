"""Decodes Kafka's record batches (magic 2). Source: Apache Kafka documentation, "Record Batch" and "Record"."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Any

from kafka.record import MemoryRecords

from local.event_sources.record import Record

_HEAD = struct.Struct(">qiibIhiqqqhii")
_LENGTH_END = 12
"""Bytes of a batch up to the end of its length field, which counts what follows."""

COMPRESSED, LOG_APPEND_TIME, CONTROL = 0x07, 0x08, 0x20


def decode_batches(topic: str, partition: int, data: memoryview, start: int) -> tuple[list[Record], int]:
    """Decodes whole batches; one that the broker cut off at the end is left for the next fetch.

    Args:
        topic, partition: where the records are.
        data: batches, one after another.
        start: the first offset wanted; a batch may begin before it.

    Returns:
        the records from `start` on, and the offset to go on with.
    """
    records: list[Record] = []
    following = start
    at = 0
    while at + _HEAD.size <= len(data):
        base, length, _, _, _, attributes, last, first_time, last_time, *_, count = _HEAD.unpack_from(data, at)
        end = at + _LENGTH_END + length
        if end > len(data):
            break
        if not attributes & CONTROL:
            found: Iterable[Record]
            if attributes & COMPRESSED:
                found = _decompressed(topic, partition, data[at:end])
            else:
                body = bytes(data[at + _HEAD.size : end])
                times = (first_time, last_time if attributes & LOG_APPEND_TIME else None)
                found = _plain(topic, partition, body, base=base, times=times, count=count)
            records += [record for record in found if record.offset >= start]
        following = max(following, base + last + 1)
        at = end
    return records, following


def _plain(
    topic: str, partition: int, body: bytes, *, base: int, times: tuple[int, int | None], count: int
) -> Iterator[Record]:
    first_time, append_time = times
    at = 0
    for _ in range(count):
        size, at = _varint(body, at)
        end = at + size
        delta, at = _varint(body, at + 1)  # after a byte of attributes without a meaning
        offset, at = _varint(body, at)
        key, at = _bytes(body, at)
        value, at = _bytes(body, at)
        headers = _headers(body, at)
        time, kind = (first_time + delta, 0) if append_time is None else (append_time, 1)
        yield Record(topic, partition, base + offset, time, kind, key, value, headers)
        at = end


def _headers(body: bytes, at: int) -> tuple[tuple[str, bytes | None], ...]:
    count, at = _varint(body, at)
    headers = []
    for _ in range(count):
        name, at = _bytes(body, at)
        value, at = _bytes(body, at)
        headers.append(((name or b"").decode("utf-8", "replace"), value))
    return tuple(headers)


def _bytes(body: bytes, at: int) -> tuple[bytes | None, int]:
    size, at = _varint(body, at)
    return (None, at) if size < 0 else (body[at : at + size], at + size)


def _varint(body: bytes, at: int) -> tuple[int, int]:
    """A zigzag number of variable length, and where it ends."""
    byte = body[at]
    at += 1
    value = byte & 0x7F
    shift = 7
    while byte > 127:
        byte = body[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
    return (value >> 1) ^ -(value & 1), at


def _decompressed(topic: str, partition: int, batch: memoryview) -> list[Record]:
    """By the library, which knows the compressions."""
    found: list[Any] = []
    batches = MemoryRecords(bytes(batch))
    while batches.has_next():
        found += list(batches.next_batch())
    return [
        Record(
            topic,
            partition,
            item.offset,
            item.timestamp,
            item.timestamp_type,
            item.key,
            item.value,
            tuple(item.headers),
        )
        for item in found
    ]
