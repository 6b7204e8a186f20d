"""Everything that happens is one line: JSON for programs, readable for people; and a stuck reader holds nobody up."""

from __future__ import annotations

import io
import json
import os
import threading
import time

import pytest

from local.console import MAX_WAITING_LINES, JsonConsole, LineWriter, TerminalConsole
from local.observer import Observer
from local.runtime.invocation import Invocation

FAILURE = json.dumps(
    {"errorType": "KeyError", "errorMessage": "'x'", "stackTrace": ['  File "handler.py", line 1\n', "    x\n"]}
).encode()
SUCCESS = Invocation("r1", "success", b"{}", 1.26, cold=True)
FAILED = Invocation("r2", "error", FAILURE, 1500.0, cold=False)


def tell_everything(observer: Observer) -> None:
    observer.request("POST", "/api/chat/send", 202, 12.34, 154)
    observer.request("GET", "/missing", 404, 1.0, 20_000)
    observer.frame("c1=", "send", 80, 3.0)
    observer.connection("c1=", "opened", 101, "")
    observer.connection("c1=", "closed", 1001, "Going away")
    observer.post("c1=", 410, 90)
    observer.invocation("ws_send", SUCCESS)
    observer.invocation("ws_send", FAILED)
    observer.environment("ws_send", 77, "ended", "timeout")
    observer.batch("store", "chat.send", partitions=2, records=1, ms=9.0, outcome="partial")
    observer.lag("store", "chat.send", {0: 5})
    observer.log("ws_send", '{"level":"INFO"}')
    observer.log("ws_send", "Traceback (most recent call last):")
    observer.engine("kafka", "failed", "ended with status 1")


def test_a_program_reads_one_json_object_a_line() -> None:
    lines: list[str] = []
    tell_everything(JsonConsole(lines.append))
    told = [json.loads(line) for line in lines]
    kinds = [line.get("kind") for line in told]
    assert kinds == [
        *["request"] * 2, "frame", *["connection"] * 2, "post", *["invocation"] * 2, "environment", "batch",
        None, "log", "engine",
    ]  # fmt: skip
    assert {**told[0], "time": 0} == {
        "time": 0, "kind": "request", "method": "POST", "path": "/api/chat/send", "status": 202, "ms": 12.34,
        "bytes": 154,
    }  # fmt: skip
    assert told[6]["cold"] is True
    assert told[7]["error"] == "KeyError: 'x'"
    assert lines[10] == '{"level":"INFO"}'
    assert told[11]["line"] == "Traceback (most recent call last):"


def test_a_person_reads_one_line_each_and_a_functions_own_as_they_are() -> None:
    lines: list[str] = []
    tell_everything(TerminalConsole(lines.append, colours=False))
    assert not any("\x1b" in line for line in lines)
    assert lines[0].endswith("request  POST /api/chat/send 202 12.3 ms 154 B")
    assert lines[1].endswith("request  GET /missing 404 1.0 ms 20 KiB")
    assert lines[2].endswith("frame    c1= send 3.0 ms 80 B")
    assert lines[4].endswith("socket   c1= closed 1001 Going away")
    assert lines[6].endswith("function ws_send success 1.3 ms cold")
    assert lines[7].endswith("function ws_send error 1500.0 ms KeyError: 'x'")
    assert lines[9].endswith("batch    store partial 9.0 ms 1 record of chat.send, 2 partitions")
    assert lines[10:12] == ['{"level":"INFO"}', "Traceback (most recent call last):"]


def test_colours_tell_good_from_bad() -> None:
    lines: list[str] = []
    console = TerminalConsole(lines.append, colours=True)
    console.request("GET", "/", 200, 1.0, 1)
    console.request("GET", "/", 503, 1.0, 1)
    assert "\x1b[32m200" in lines[0]
    assert "\x1b[31m503" in lines[1]


def test_lines_come_out_in_order_and_whole() -> None:
    stream = io.StringIO()
    writer = LineWriter(stream)
    for number in range(1000):
        writer.write(f"line {number}")
    writer.close()
    assert stream.getvalue().splitlines() == [f"line {number}" for number in range(1000)]


def test_a_reader_that_has_stopped_costs_lines_and_no_time() -> None:
    reading, writing = os.pipe()
    with open(writing, "w") as stream:  # noqa: PTH123 - a file descriptor
        writer = LineWriter(stream)
        began = time.monotonic()
        for _ in range(MAX_WAITING_LINES * 2):
            writer.write("x" * 100)
        assert time.monotonic() - began < 5
        got: list[bytes] = []
        drained = threading.Thread(target=_drain, args=(reading, got))
        drained.start()
        writer.close(deadline_s=20)
    drained.join(20)
    text = b"".join(got).decode()
    assert text.count("\n") < MAX_WAITING_LINES * 2
    assert "lines were left out: their reader is too slow)" in text


def _drain(reading: int, got: list[bytes]) -> None:
    with open(reading, "rb") as pipe:
        got.extend(pipe)


def test_a_reader_that_has_gone_is_no_error(recwarn: pytest.WarningsRecorder) -> None:
    stream = io.StringIO()
    stream.close()
    writer = LineWriter(stream)
    writer.write("into the void")
    writer.close()
    assert not recwarn.list
