"""The documents that functions and on-failure topics get."""

from __future__ import annotations

import base64
import json

from local.event_sources.event import kafka_event
from local.event_sources.failure_record import Failure, Names, failure_record
from local.event_sources.record import Record

ARN = "arn:aws:kafka:eu-central-1:000000000000:cluster/local/0"


def test_the_event_is_lambdas() -> None:
    records = [
        Record("orders", 0, 15, 1545084650987, 0, b"key", b'{"n":1}', (("trace", b"ab"), ("odd", "ë".encode()))),
        Record("orders", 2, 7, 1545084650988, 1, None, None, ()),
        Record("orders", 0, 16, 1545084650989, 0, b"", b"", ()),
    ]
    event = json.loads(kafka_event(records, ARN, "127.0.0.1:9092,127.0.0.1:9093"))
    assert event == {
        "eventSource": "aws:kafka",
        "eventSourceArn": ARN,
        "bootstrapServers": "127.0.0.1:9092,127.0.0.1:9093",
        "records": {
            "orders-0": [
                {
                    "topic": "orders",
                    "partition": 0,
                    "offset": 15,
                    "timestamp": 1545084650987,
                    "timestampType": "CREATE_TIME",
                    "key": "a2V5",
                    "value": base64.b64encode(b'{"n":1}').decode(),
                    "headers": [{"trace": [97, 98]}, {"odd": [-61, -85]}],
                },
                {
                    "topic": "orders",
                    "partition": 0,
                    "offset": 16,
                    "timestamp": 1545084650989,
                    "timestampType": "CREATE_TIME",
                    "key": "",
                    "value": "",
                    "headers": [],
                },
            ],
            "orders-2": [
                {
                    "topic": "orders",
                    "partition": 2,
                    "offset": 7,
                    "timestamp": 1545084650988,
                    "timestampType": "LOG_APPEND_TIME",
                    "key": None,
                    "value": None,
                    "headers": [],
                }
            ],
        },
    }


def test_a_records_weight_is_never_below_its_size_in_an_event() -> None:
    headers = tuple((f"header-{number}", bytes(range(128, 192))) for number in range(5))
    for record in (
        Record("orders", 11, 2**40, 1545084650987, 1, b"k" * 77, b"v" * 1001, headers),
        Record("t", 0, 0, 0, 0, None, None, ()),
        Record("o" * 249, 10_000, 2**62, 2**41, 0, b"", b"\xff", (("ü" * 10, b""),)),
    ):
        empty = len(kafka_event([], ARN, ""))
        assert record.weight >= len(kafka_event([record], ARN, "")) - empty - len(record.topic) - 10


def test_a_failure_record_carries_the_record_and_why_it_was_given_up() -> None:
    record = Record("orders", 0, 15, 1573755444835, 0, b"key", b"value", ())
    names = Names("arn:aws:lambda:eu-central-1:000000000000:function:store", ARN, "127.0.0.1:9092")
    document = json.loads(failure_record(record, Failure("RetriesExhausted", "r-1", 3), names))
    assert document["requestContext"] == {
        "requestId": "r-1",
        "functionArn": "arn:aws:lambda:eu-central-1:000000000000:function:store:$LATEST",
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 3,
    }
    assert document["responseContext"]["functionError"] == "Unhandled"
    assert document["KafkaBatchInfo"]["recordInfo"] == {"offset": "15", "timestamp": "2019-11-14T18:17:24.835Z"}
    assert document["payload"] == json.loads(kafka_event([record], ARN, "127.0.0.1:9092"))
    expired = json.loads(failure_record(record, Failure("MaximumRecordAgeExceeded", "", 0), names))
    assert expired["responseContext"] is None
