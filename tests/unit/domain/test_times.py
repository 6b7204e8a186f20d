"""Times as they are written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.domain import times

MOMENTS = st.datetimes(timezones=st.just(UTC)).map(times.truncate_to_ms)


@given(MOMENTS)
def test_a_time_is_read_as_it_was_written(moment: datetime) -> None:
    assert times.parse_time(times.format_time(moment)) == moment
    assert times.from_epoch_ms(times.to_epoch_ms(moment)) == moment


@given(MOMENTS, MOMENTS)
def test_written_times_sort_as_the_times_do(one: datetime, other: datetime) -> None:
    assert (times.format_time(one) < times.format_time(other)) == (one < other)


def test_a_time_is_written_in_utc_with_milliseconds() -> None:
    moment = datetime(2026, 1, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    assert times.format_time(moment) == "2026-01-31T23:59:59.999Z"
    east = timezone(timedelta(hours=5, minutes=30))
    assert times.format_time(datetime(2026, 2, 1, 5, 29, 59, tzinfo=east)) == "2026-01-31T23:59:59.000Z"


def test_a_time_without_a_zone_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="zone"):
        times.format_time(datetime(2026, 1, 31))  # noqa: DTZ001 - the very mistake


@pytest.mark.parametrize(
    ("written", "ms"),
    [("2026-01-31T23:59:59Z", 0), ("2026-01-31T23:59:59.1Z", 100), ("2026-01-31T23:59:59.1239Z", 123)],
)
def test_other_precisions_are_read(written: str, ms: int) -> None:
    assert times.parse_time(written) == datetime(2026, 1, 31, 23, 59, 59, ms * 1000, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        *("", "now", "2026-01-31", "2026-01-31T23:59:59", "2026-01-31T23:59:59+00:00", "2026-02-30T00:00:00Z"),
        *("2026-01-31 23:59:59Z", "2026-01-31T23:59:59Z\n", "٢٠٢٦-01-31T23:59:59Z", "2026-01-31T25:00:00Z"),
    ],
)
def test_what_is_no_time(written: str) -> None:
    with pytest.raises(ValueError, match=r"time|day|hour|range"):
        times.parse_time(written)


def test_epoch_milliseconds() -> None:
    assert times.to_epoch_ms(datetime(1970, 1, 1, 0, 0, 1, 5_999, tzinfo=UTC)) == 1005
