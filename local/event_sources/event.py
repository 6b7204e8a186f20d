"""The event that Lambda's Kafka event source hands to a function.

Source: AWS Lambda developer guide, "Using Lambda with Amazon MSK", example event; that header bytes are signed is seen
in practice and handled by AWS's own Powertools.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Iterable
from typing import Any

import orjson

from local.event_sources.record import Record

TIMESTAMP_TYPES = {0: "CREATE_TIME", 1: "LOG_APPEND_TIME"}


def kafka_event(records: Iterable[Record], source_arn: str, bootstrap_servers: str) -> bytes:
    """Encodes records, grouped by partition in the order in which partitions first come, as a Lambda event."""
    return orjson.dumps(event_document(records, source_arn, bootstrap_servers))


def event_document(records: Iterable[Record], source_arn: str, bootstrap_servers: str) -> dict[str, Any]:
    """The event of `kafka_event`, before it is encoded."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        groups.setdefault(partition_name(record), []).append(
            {
                "topic": record.topic,
                "partition": record.partition,
                "offset": record.offset,
                "timestamp": record.timestamp,
                "timestampType": TIMESTAMP_TYPES.get(record.timestamp_type, "NO_TIMESTAMP_TYPE"),
                "key": _base64(record.key),
                "value": _base64(record.value),
                "headers": [{name: _signed(value)} for name, value in record.headers],
            }
        )
    return {
        "eventSource": "aws:kafka",
        "eventSourceArn": source_arn,
        "bootstrapServers": bootstrap_servers,
        "records": groups,
    }


def partition_name(record: Record) -> str:
    """How events and failure reports name a record's partition."""
    return f"{record.topic}-{record.partition}"


def _base64(value: bytes | None) -> str | None:
    return None if value is None else b2a_base64(value, newline=False).decode("ascii")


def _signed(value: bytes | None) -> list[int] | None:
    return None if value is None else [byte - 256 if byte > 127 else byte for byte in value]
