"""What an on-failure topic gets: one message for each record that was given up, under the record's own key.

Source: AWS Lambda developer guide, "Using a Kafka topic as an on-failure destination", record format. The word for an
exceeded age is not documented.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import orjson

from local.event_sources.event import event_document, kafka_event
from local.event_sources.record import Record

GiveUp = Literal["RetriesExhausted", "MaximumRecordAgeExceeded"]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why records are given up; `invocations` is how often they were handed over, `request_id` the last time's."""

    why: GiveUp
    request_id: str
    invocations: int


@dataclass(frozen=True, slots=True)
class Names:
    """How the parties are called in failure records and events."""

    function_arn: str
    source_arn: str
    bootstrap_servers: str


def failure_record(record: Record, failure: Failure, names: Names) -> bytes:
    """Encodes a given-up record with the metadata of its failure."""
    payload = event_document([record], names.source_arn, names.bootstrap_servers)
    invoked = failure.why == "RetriesExhausted"
    return orjson.dumps(
        {
            "requestContext": {
                "requestId": failure.request_id,
                "functionArn": f"{names.function_arn}:$LATEST",
                "condition": failure.why,
                "approximateInvokeCount": failure.invocations,
            },
            "responseContext": (
                {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"} if invoked else None
            ),
            "version": "1.0",
            "timestamp": _time(datetime.now(UTC)),
            "KafkaBatchInfo": {
                "batchSize": 1,
                "eventSourceArn": names.source_arn,
                "bootstrapServers": names.bootstrap_servers,
                "payloadSize": len(kafka_event([record], names.source_arn, names.bootstrap_servers)),
                "recordInfo": {
                    "offset": str(record.offset),
                    "timestamp": _time(datetime.fromtimestamp(record.timestamp / 1000, UTC)),
                },
            },
            "payload": payload,
        }
    )


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
