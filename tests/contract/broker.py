"""Brokers that a test can make lie, hang, forget and hang up: enough of Kafka's protocol for a producer."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import struct
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from parley.streams.kafka.wire import Reader, byte_string, int16, int32, string

METADATA, PRODUCE, INIT_PRODUCER_ID, SASL_HANDSHAKE, SASL_AUTHENTICATE = 3, 0, 22, 17, 36

OK = 0
HANG_UP_BEFORE, HANG_UP_AFTER, SILENCE, NONSENSE = "hang up before", "hang up after", "silence", "nonsense"

Mood = int | str
"""What becomes of a batch: an error code, or one of the words above."""


@dataclass(frozen=True)
class Written:
    """A batch in a partition's log."""

    producer_id: int
    sequence: int
    values: tuple[bytes, ...]


@dataclass
class FakeCluster:
    """Two brokers over one log.

    `moods` are used up by batches, one each; when none is left a batch is OK. `leader` leads every partition.
    """

    topics: dict[str, int]
    moods: list[Mood] = field(default_factory=list)
    mood_of: Callable[[str, int], Mood] | None = None
    leader: int = 0
    ports: list[int] = field(default_factory=list)
    log: dict[tuple[str, int], list[Written]] = field(default_factory=lambda: defaultdict(list))
    connections: list[socket.socket] = field(default_factory=list)
    producer_ids: int = 0
    requests: int = 0
    sign_ins: list[bytes] = field(default_factory=list)
    sign_in_code: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def addresses(self) -> list[str]:
        return [f"127.0.0.1:{port}" for port in self.ports]

    def values(self, topic: str) -> list[bytes]:
        """What is in a topic, partition by partition."""
        return [
            value
            for (name, _), log in sorted(self.log.items())
            if name == topic
            for each in log
            for value in each.values
        ]

    def hang_up(self) -> None:
        """Ends every connection."""
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def answer(self, broker: int, key: int, request: Reader) -> bytes | None:
        self.requests += 1
        if key == METADATA:
            return self._answer_metadata(request)
        if key == INIT_PRODUCER_ID:
            self.producer_ids += 1
            return int32(0) + int16(0) + struct.pack(">q", self.producer_ids) + int16(0)
        if key == SASL_HANDSHAKE:
            known = request.string() == "AWS_MSK_IAM"
            return int16(0 if known else 33) + int32(1) + string("AWS_MSK_IAM")
        if key == SASL_AUTHENTICATE:
            self.sign_ins.append(request.byte_string())
            return int16(self.sign_in_code) + string(None) + byte_string(b"{}") + bytes(8)
        assert key == PRODUCE
        return self._answer_produce(broker, request)

    def _answer_metadata(self, request: Reader) -> bytes:
        wanted = [request.string() or "" for _ in request.count()]
        brokers = b"".join(
            int32(number) + string("127.0.0.1") + int32(port) + string(None) for number, port in enumerate(self.ports)
        )
        topics = b""
        for name in wanted:
            count = self.topics.get(name, 0)
            topics += int16(0 if count else 3) + string(name) + b"\0" + int32(count)
            for partition in range(count):
                topics += int16(0) + int32(partition) + int32(self.leader) + 3 * (int32(1) + int32(self.leader))
        return int32(0) + int32(len(self.ports)) + brokers + string("cluster") + int32(0) + int32(len(wanted)) + topics

    def _answer_produce(self, broker: int, request: Reader) -> bytes | None:
        request.string()
        assert request.int16() == -1, "acks of all replicas"
        request.int32()
        answers: dict[str, bytes] = {}
        counts: dict[str, int] = {}
        fate: bytes | None = b""
        for _ in request.count():
            topic = request.string() or ""
            parts = [(request.int32(), request.byte_string()) for _ in request.count()]
            counts[topic], answers[topic] = len(parts), b""
            for partition, data in parts:
                mood = self._next_mood(topic, partition) if broker == self.leader else 6
                if mood in {OK, HANG_UP_AFTER}:
                    self._append(topic, partition, data)
                if isinstance(mood, str):
                    fate = {NONSENSE: b"\xff" * 40}.get(mood)
                    if mood == SILENCE:
                        threading.Event().wait(10)
                answers[topic] += int32(partition) + int16(mood if isinstance(mood, int) else 0) + bytes(24)
        if fate != b"":
            return fate
        return int32(len(answers)) + b"".join(string(t) + int32(counts[t]) + answers[t] for t in answers) + int32(0)

    def _next_mood(self, topic: str, partition: int) -> Mood:
        if self.mood_of is not None:
            return self.mood_of(topic, partition)
        return self.moods.pop(0) if self.moods else OK

    def _append(self, topic: str, partition: int, data: bytes) -> None:
        producer_id, _, sequence, count = struct.unpack_from(">qhii", data, 43)
        with self.lock:
            log = self.log[topic, partition]
            last = next((each for each in reversed(log) if each.producer_id == producer_id), None)
            if last is not None and sequence == last.sequence:
                return
            assert sequence == (0 if last is None else last.sequence + len(last.values)), "a gap in the numbering"
            log.append(Written(producer_id, sequence, tuple(_read_values(data[61:], count))))


def _read_values(data: bytes, count: int) -> Iterator[bytes]:
    at = 0

    def varint() -> int:
        nonlocal at
        result = shift = 0
        while True:
            byte = data[at]
            at += 1
            result |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return (result >> 1) ^ -(result & 1)

    for _ in range(count):
        varint()  # the record's length
        at += 1  # its attributes
        varint()  # its time
        varint()  # its number
        key_length = varint()
        at += key_length
        value_length = varint()
        yield data[at : at + value_length]
        at += value_length
        assert varint() == 0, "headers"


@contextmanager
def running_cluster(topics: dict[str, int], tls: ssl.SSLContext | None = None) -> Iterator[FakeCluster]:
    """Two brokers on free ports, each in a thread of its own."""
    cluster = FakeCluster(topics)
    with contextlib.ExitStack() as stack:
        for number in range(2):
            server = _Server(("127.0.0.1", 0), _make_handler(cluster, number))
            stack.callback(server.server_close)
            if tls is not None:
                server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
            cluster.ports.append(server.server_address[1])
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
            thread.start()
            stack.callback(thread.join, 10)
            stack.callback(server.shutdown)
        stack.callback(cluster.hang_up)
        yield cluster


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


def _make_handler(cluster: FakeCluster, number: int) -> type[socketserver.BaseRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            cluster.connections.append(self.request)
            with contextlib.suppress(OSError):
                while head := self.rfile.read(4):
                    request = Reader(self.rfile.read(struct.unpack(">i", head)[0]))
                    key = request.int16()
                    request.int16()
                    correlation_id = request.int32()
                    request.string()
                    answer = cluster.answer(number, key, request)
                    if answer is None:
                        return
                    self.wfile.write(byte_string(int32(correlation_id) + answer))

    return Handler
