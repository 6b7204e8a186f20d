"""Reads from a function's answer which records of a batch it has processed.

Source: AWS Lambda developer guide, "Reporting batch item failures": an empty answer or list is success; an unknown,
empty or malformed item identifier fails the whole batch. What an answer of another shape does is not documented: here
it fails the whole batch, so that it is noticed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from local.runtime.invocation import Invocation

WHOLE_BATCH = None
"""The verdict that nothing of the batch counts as processed."""

Verdict = Mapping[str, int] | None
"""The first failed offset of each partition (`topic-0`) that has one, or `WHOLE_BATCH`."""


def verdict_of(invocation: Invocation, offsets: Mapping[str, range], *, report_failures: bool) -> Verdict:
    """Judges an invocation.

    Args:
        invocation: what came back.
        offsets: for each partition's name the offsets that were handed over; a range, as offsets may have holes.
        report_failures: whether the mapping has ReportBatchItemFailures.
    """
    if invocation.outcome != "success":
        return WHOLE_BATCH
    if not report_failures:
        return {}
    try:
        items = _items(invocation.payload)
        failed: dict[str, int] = {}
        for item in items:
            name, offset = _identifier(item)
            if offset not in offsets[name]:
                return WHOLE_BATCH
            failed[name] = min(offset, failed.get(name, offset))
    except (ValueError, KeyError, TypeError):
        return WHOLE_BATCH
    return failed


def _items(payload: bytes) -> list[Any]:
    answer = orjson.loads(payload) if payload else None
    if answer is None:
        return []
    if not isinstance(answer, dict):
        raise TypeError("the answer is no object")
    items = answer.get("batchItemFailures")
    if items is None:
        return []
    if not isinstance(items, list):
        raise TypeError("batchItemFailures is no list")
    return items


def _identifier(item: Any) -> tuple[str, int]:
    identifier = item["itemIdentifier"]
    name, offset = identifier["partition"], identifier["offset"]
    if not isinstance(name, str) or not isinstance(offset, int) or isinstance(offset, bool):
        raise TypeError("an item identifier is {partition: text, offset: number}")
    return name, offset
