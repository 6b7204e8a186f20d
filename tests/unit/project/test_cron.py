"""EventBridge's cron expressions; the first of them are the examples of its user guide."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from functions.cron import Cron, CronError

START = datetime(2026, 11, 25, 12, 30, 15, tzinfo=UTC)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 10 * * ? *", ["2026-11-26 10:00", "2026-11-27 10:00"]),
        ("15 12 * * ? *", ["2026-11-26 12:15", "2026-11-27 12:15"]),
        ("0 18 ? * MON-FRI *", ["2026-11-25 18:00", "2026-11-26 18:00", "2026-11-27 18:00", "2026-11-30 18:00"]),
        ("0 8 1 * ? *", ["2026-12-01 08:00", "2027-01-01 08:00"]),
        ("0/15 * * * ? *", ["2026-11-25 12:45", "2026-11-25 13:00"]),
        ("0/10 * ? * MON-FRI *", ["2026-11-25 12:40", "2026-11-25 12:50"]),
        ("0/5 8-17 ? * MON-FRI *", ["2026-11-25 12:35"]),
        ("0 9 ? * 2#1 *", ["2026-12-07 09:00", "2027-01-04 09:00"]),
        ("0 0 L * ? *", ["2026-11-30 00:00", "2026-12-31 00:00", "2027-01-31 00:00", "2027-02-28 00:00"]),
        ("0 0 LW * ? *", ["2026-11-30 00:00", "2026-12-31 00:00", "2027-01-29 00:00"]),
        ("0 0 1W * ? *", ["2026-12-01 00:00", "2027-01-01 00:00", "2027-02-01 00:00", "2027-03-01 00:00"]),
        ("0 0 15W 8 ? *", ["2027-08-16 00:00", "2028-08-15 00:00"]),
        ("0 0 ? * 6L *", ["2026-11-27 00:00", "2026-12-25 00:00"]),
        ("0 0 ? * L *", ["2026-11-28 00:00", "2026-12-05 00:00"]),
        ("0 0 29 FEB ? *", ["2028-02-29 00:00", "2032-02-29 00:00"]),
        ("30,45 1,23 ? jan,dec sun 2026-2027", ["2026-12-06 01:30", "2026-12-06 01:45", "2026-12-06 23:30"]),
    ],
)
def test_the_times_of_an_expression(text: str, expected: list[str]) -> None:
    cron, moment, found = Cron.parse(text), START, []
    for _ in expected:
        following = cron.next_after(moment)
        assert following is not None
        moment = following
        found.append(f"{moment:%Y-%m-%d %H:%M}")
    assert found == expected


def test_times_are_utc_wherever_one_asks_from() -> None:
    asked = datetime(2026, 11, 25, 23, 0, tzinfo=timezone(timedelta(hours=5)))
    assert Cron.parse("30 18 * * ? *").next_after(asked) == datetime(2026, 11, 25, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["0 0 1 1 ? 2020", "0 0 31 FEB ? *", "0 0 30 2 ? *"])
def test_an_expression_may_have_no_time_left(text: str) -> None:
    assert Cron.parse(text).next_after(START) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0 10 * * ?",
        "0 10 * * * *",
        "0 10 ? * ? *",
        "60 10 * * ? *",
        "0 24 * * ? *",
        "0 0 0 * ? *",
        "0 0 32 * ? *",
        "0 0 1 13 ? *",
        "0 0 ? * 8 *",
        "0 0 ? * MON#6 *",
        "0 0 ? * FUN *",
        "5-1 0 * * ? *",
        "0/0 0 * * ? *",
        "a 0 * * ? *",
        "0 0 * * ? 1969",
        "-1 0 * * ? *",
        "٣ 0 * * ? *",
    ],
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(CronError):
        Cron.parse(text)
