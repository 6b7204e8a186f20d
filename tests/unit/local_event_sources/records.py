"""Records for tests."""

from __future__ import annotations

from functions.manifest import KafkaTrigger
from local.event_sources.record import Record


def record(offset: int, partition: int = 0, *, size: int = 1, timestamp: int = 1_700_000_000_000) -> Record:
    return Record("orders", partition, offset, timestamp, 0, b"key", b"v" * size, ())


def places(records: object) -> list[tuple[int, int]]:
    """Partition and offset of each record."""
    assert isinstance(records, list | tuple)
    return [(found.partition, found.offset) for found in records]


def trigger(
    *,
    batch_size: int = 100,
    batching_window_ms: int = 0,
    report_failures: bool = True,
    max_retry_attempts: int | None = None,
    max_record_age_s: int | None = None,
    bisect_on_error: bool = False,
    on_failure_topic: str | None = None,
) -> KafkaTrigger:
    return KafkaTrigger(
        "orders",
        batch_size=batch_size,
        batching_window_ms=batching_window_ms,
        report_failures=report_failures,
        max_retry_attempts=max_retry_attempts,
        max_record_age_s=max_record_age_s,
        bisect_on_error=bisect_on_error,
        on_failure_topic=on_failure_topic,
    )
