"""What a function's answer says about a batch."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.event_sources.verdict import WHOLE_BATCH, verdict_of
from local.runtime import Invocation, Outcome

OFFSETS = {"orders-0": range(10, 20), "orders-3": range(5, 6)}


def invocation(payload: bytes, outcome: Outcome = "success") -> Invocation:
    return Invocation("id", outcome, payload, 1.0, cold=False)


def failures(*items: Any) -> bytes:
    return json.dumps({"batchItemFailures": list(items)}).encode()


def item(partition: Any, offset: Any) -> dict[str, Any]:
    return {"itemIdentifier": {"partition": partition, "offset": offset}}


@pytest.mark.parametrize(
    "payload", [b"", b"null", b"{}", b'{"batchItemFailures": null}', b'{"batchItemFailures": []}', b'{"other": 1}']
)
def test_nothing_reported_is_success(payload: bytes) -> None:
    assert verdict_of(invocation(payload), OFFSETS, report_failures=True) == {}


def test_the_lowest_offset_of_each_partition_counts() -> None:
    payload = failures(item("orders-0", 15), item("orders-0", 12), item("orders-3", 5))
    assert verdict_of(invocation(payload), OFFSETS, report_failures=True) == {"orders-0": 12, "orders-3": 5}


@pytest.mark.parametrize(
    "payload",
    [
        failures(item("orders-1", 12)),
        failures(item("orders-0", 9)),
        failures(item("orders-0", 20)),
        failures(item("orders-0", 12), item("orders-0", 99)),
        failures(item("orders-0", "12")),
        failures(item("orders-0", True)),
        failures(item("orders-0", 12.0)),
        failures(item(None, 12)),
        failures({"itemIdentifier": ""}),
        failures({"itemIdentifier": None}),
        failures({"itemIdentifer": {"partition": "orders-0", "offset": 12}}),
        failures("orders-0"),
        b'{"batchItemFailures": "orders-0"}',
        b'"done"',
        b"[]",
        b"not JSON",
    ],
)
def test_an_answer_that_names_no_item_of_the_batch_fails_it_whole(payload: bytes) -> None:
    assert verdict_of(invocation(payload), OFFSETS, report_failures=True) is WHOLE_BATCH


@pytest.mark.parametrize("outcome", ["error", "timeout", "exited", "throttled"])
def test_a_failed_invocation_fails_the_batch_whole(outcome: Outcome) -> None:
    assert verdict_of(invocation(b"{}", outcome), OFFSETS, report_failures=True) is WHOLE_BATCH


def test_without_the_setting_reports_are_not_read() -> None:
    assert verdict_of(invocation(failures(item("orders-0", 12))), OFFSETS, report_failures=False) == {}
