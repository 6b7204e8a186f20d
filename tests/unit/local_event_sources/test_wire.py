"""Kafka's bytes: record batches as Kafka's own library writes them, and connections that break."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.record.default_records import DefaultRecordBatchBuilder

from local.event_sources.connection import Connection, connect
from local.event_sources.record import Record
from local.event_sources.record_batches import CONTROL, decode_batches
from local.event_sources.wire import FETCH, Broker, KafkaError, fetch_answer

Written = tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]

GZIP = 1


def batch(records: list[Written], *, base: int = 0, compression: int = 0, attributes: int = 0) -> bytes:
    """A batch as a producer writes it; its first offset is set as a broker does."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=compression,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1 << 20,
    )
    for offset, (key, value, headers) in enumerate(records):
        assert builder.append(offset, 1_000 + offset, key, value, headers) is not None
    written = bytearray(builder.build())
    written[0:8] = base.to_bytes(8, "big")
    written[22] |= attributes
    return bytes(written)


def decoded(data: bytes, start: int = 0) -> tuple[list[Record], int]:
    return decode_batches("orders", 3, memoryview(data), start)


NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
WRITTEN = st.tuples(
    st.none() | st.binary(max_size=100),
    st.none() | st.binary(max_size=300),
    st.lists(st.tuples(NAMES, st.none() | st.binary(max_size=80)), max_size=3),
)


@given(
    records=st.lists(WRITTEN, min_size=1, max_size=20), base=st.integers(0, 2**40), compression=st.sampled_from([0, 1])
)
def test_what_a_producer_wrote_is_read(records: list[Written], base: int, compression: int) -> None:
    found, following = decoded(batch(records, base=base, compression=compression), base)
    assert found == [
        Record("orders", 3, base + index, 1_000 + index, 0, key, value, tuple(headers))
        for index, (key, value, headers) in enumerate(records)
    ]
    assert following == base + len(records)


def test_several_batches_are_read_up_to_one_that_was_cut_off() -> None:
    three: list[Written] = [(b"k", b"v", [])] * 3
    data = batch(three) + batch(three, base=3, compression=GZIP) + batch(three, base=6)
    for cut in (1, 40, 70):
        found, following = decoded(data[:-cut])
        assert ([record.offset for record in found], following) == (list(range(6)), 6)
    assert decoded(data)[1] == 9


def test_a_batch_that_begins_before_what_was_asked_for_is_read_from_there() -> None:
    found, following = decoded(batch([(None, b"v", [])] * 5, base=10), 13)
    assert ([record.offset for record in found], following) == ([13, 14], 15)


def test_control_batches_are_passed_over() -> None:
    data = batch([(b"\0\0\0\1", b"", [])], attributes=CONTROL) + batch([(None, b"v", [])], base=1)
    found, following = decoded(data)
    assert ([record.offset for record in found], following) == ([1], 2)


def test_a_log_append_time_counts_for_the_whole_batch() -> None:
    (first, second), _ = decoded(batch([(None, b"a", []), (None, b"b", [])], attributes=0x08))
    assert [(item.timestamp, item.timestamp_type) for item in (first, second)] == [(1_001, 1)] * 2


def test_a_fetch_answer_is_cut_into_partitions() -> None:
    records = batch([(None, b"v", [])])

    def partition(index: int, error: int, aborted: bytes, data: bytes) -> bytes:
        head = index.to_bytes(4, "big") + error.to_bytes(2, "big") + (7).to_bytes(8, "big") * 2
        return head + aborted + len(data).to_bytes(4, "big") + data

    nobody, one = b"\xff\xff\xff\xff", (1).to_bytes(4, "big") + b"\0" * 16
    body = partition(0, 0, nobody, records) + partition(4, 1, one, b"") + partition(5, 0, one, records)
    answer = b"\0\0\0\0" + (1).to_bytes(4, "big") + b"\0\6orders" + (3).to_bytes(4, "big") + body
    found = [(item.partition, item.error, item.end, bytes(item.records)) for item in fetch_answer(answer)]
    assert found == [(0, 0, 7, records), (4, 1, 7, b""), (5, 0, 7, records)]


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def talking_to(talk: Talk) -> AsyncIterator[Connection]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await talk(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    connection = await connect(Broker(*server.sockets[0].getsockname()[:2]), "me")
    try:
        yield connection
    finally:
        connection.close()
        server.close()


async def _frame(reader: asyncio.StreamReader) -> bytes:
    return await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big"))


def _answer(correlation: bytes, body: bytes) -> bytes:
    return (len(body) + 4).to_bytes(4, "big") + correlation + body


@pytest.mark.anyio
async def test_answers_find_their_requests_however_they_are_cut() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames = [await _frame(reader) for _ in range(2)]
        assert frames[0][:4] == FETCH.to_bytes(2, "big") + (4).to_bytes(2, "big")
        for byte in b"".join(_answer(frame[4:8], b"to " + frame[-1:]) for frame in frames):
            writer.write(bytes([byte]))
            await writer.drain()

    async with talking_to(talk) as connection:
        answers = [connection.send(FETCH, 4, name) for name in (b"a", b"b")]
        async with asyncio.timeout(5):
            assert [await answer for answer in answers] == [b"to a", b"to b"]


@pytest.mark.anyio
async def test_a_lost_connection_fails_what_waits_and_what_comes_after() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _frame(reader)

    async with talking_to(talk) as connection:
        answer = connection.send(FETCH, 4, b"a")
        async with asyncio.timeout(5):
            with pytest.raises(KafkaError):
                await answer
        with pytest.raises(KafkaError):
            connection.send(FETCH, 4, b"b")


@pytest.mark.anyio
async def test_an_answer_to_nothing_ends_the_connection() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _frame(reader)
        writer.write(_answer(b"\0\0\0\x63", b"?"))
        await reader.read()

    async with talking_to(talk) as connection:
        answer = connection.send(FETCH, 4, b"a")
        async with asyncio.timeout(5):
            with pytest.raises((KafkaError, asyncio.CancelledError)):
                await answer
        assert connection.closed
