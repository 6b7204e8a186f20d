"""A probe says yes to an engine that serves, and no, without raising, to anything else."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from local.engines import ports, probes
from local.engines.probes import Probe

pytestmark = pytest.mark.anyio

MONGO_OK = b"\x01ok\x00" + struct.pack("<d", 1.0)
MONGO_NOT_OK = b"\x01ok\x00" + struct.pack("<d", 0.0)


def mongo(document: bytes) -> bytes:
    return struct.pack("<iiii", 16 + len(document), 7, 1, 2013) + document


def kafka(*, brokers: int, correlation: int = 1) -> bytes:
    body = struct.pack(">ii", correlation, brokers)
    return struct.pack(">i", len(body)) + body


@asynccontextmanager
async def server(answer: bytes | None) -> AsyncIterator[int]:
    """Answers whatever it reads with `answer`; None leaves it without one."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        if answer is None:
            await reader.read()
        else:
            writer.write(answer)
            await writer.drain()
        writer.close()

    listening = await asyncio.start_server(serve, ports.HOST, 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]


ANSWERS: list[tuple[Callable[..., object], bytes, bool]] = [
    (probes.valkey_answers, b"+PONG\r\n", True),
    (probes.valkey_answers, b"-LOADING Valkey is loading the dataset in memory\r\n", False),
    (probes.mongo_answers, mongo(MONGO_OK), True),
    (probes.mongo_answers, mongo(MONGO_NOT_OK), False),
    (probes.mongo_answers, struct.pack("<i", 2_000_000_000), False),
    (probes.kafka_answers, kafka(brokers=1), True),
    (probes.kafka_answers, kafka(brokers=0), False),
    (probes.kafka_answers, kafka(brokers=1, correlation=9), False),
    (probes.kafka_answers, struct.pack(">i", -1), False),
    (probes.http_answers, b"HTTP/1.1 200 OK\r\n\r\n", True),
    (probes.http_answers, b"HTTP/1.1 503 Service Unavailable\r\n\r\n", False),
]


@pytest.mark.parametrize(("probe", "answer", "serves"), ANSWERS)
async def test_an_engine_is_ready_when_it_answers_as_one_that_serves(probe: Probe, answer: bytes, serves: bool) -> None:
    async with server(answer) as port:
        assert await probe(ports.HOST, port) is serves


PROBES = [probes.valkey_answers, probes.mongo_answers, probes.kafka_answers, probes.http_answers]


@pytest.mark.parametrize("probe", PROBES)
@pytest.mark.parametrize("answer", [b"", b"\x00", b"HTTP/1.1 400 Bad Request\r\n\r\n" * 9])
async def test_a_server_of_another_kind_is_not_ready(probe: Probe, answer: bytes) -> None:
    async with server(answer) as port:
        assert await probe(ports.HOST, port) is False


@pytest.mark.parametrize("probe", PROBES)
async def test_an_open_port_proves_nothing(probe: Probe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "PROBE_TIMEOUT_S", 0.05)
    async with server(None) as port:
        assert await probe(ports.HOST, port) is False


@pytest.mark.parametrize("probe", PROBES)
async def test_a_closed_port_is_not_ready(probe: Probe) -> None:
    assert await probe(ports.HOST, ports.free_port()) is False
