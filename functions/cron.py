"""EventBridge's cron expressions: six fields, in UTC. Standard library only.

Minutes, hours, day of month, month, day of week (1 is Sunday), year, with `, - * ? /`, `L`, `W` and `#`; one of the two
days is `?`. Source: Amazon EventBridge user guide, "Cron-based schedules". What it does not say is decided the stricter
way: a number that a field does not have, a range that runs backwards and a step of 0 are mistakes.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
FIRST_YEAR, LAST_YEAR = 1970, 2199
SEARCHED_DAYS = 366 * 41
"""The 29th of February may be eight years away; on one day of the week, forty."""

DayRule = Callable[[date], bool]


class CronError(ValueError):
    """No cron expression; the text says which field is wrong."""


@dataclass(frozen=True, slots=True)
class Cron:
    """A schedule in UTC."""

    minutes: Sequence[int]
    hours: Sequence[int]
    months: frozenset[int]
    years: frozenset[int]
    day: DayRule

    @classmethod
    def parse(cls, text: str) -> Cron:
        """Reads an expression, without the `cron(…)` around it.

        Raises:
            CronError: it is none.
        """
        fields = text.upper().split()
        if len(fields) != 6:
            raise CronError(f"{text!r} must have six fields: minutes, hours, day of month, month, day of week, year")
        minutes, hours, of_month, months, of_week, years = fields
        if (of_month == "?") == (of_week == "?"):
            raise CronError(f"{text!r}: one of day of month and day of week must be ?, and the other not")
        return cls(
            sorted(_numbers(minutes, "minutes", 0, 59)),
            sorted(_numbers(hours, "hours", 0, 23)),
            frozenset(_numbers(months, "month", 1, 12, MONTHS)),
            frozenset(_numbers(years, "year", FIRST_YEAR, LAST_YEAR)),
            _of_month(of_month) if of_week == "?" else _of_week(of_week),
        )

    def next_after(self, moment: datetime) -> datetime | None:
        """The first time after an aware moment; None if there is none in the next forty years."""
        moment = moment.astimezone(UTC)
        for ahead in range(SEARCHED_DAYS):
            day = moment.date() + timedelta(days=ahead)
            if day.year > LAST_YEAR:
                return None
            if day.month not in self.months or day.year not in self.years or not self.day(day):
                continue
            for hour in self.hours:
                for minute in self.minutes:
                    found = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
                    if found > moment:
                        return found
        return None


def _numbers(field: str, what: str, low: int, high: int, names: Sequence[str] = ()) -> set[int]:
    return {number for part in field.split(",") for number in _part(part, what, low, high, names)}


def _part(part: str, what: str, low: int, high: int, names: Sequence[str]) -> Iterator[int]:
    span, slash, step = part.partition("/")
    first, dash, last = span.partition("-")
    if span == "*":
        start, end = low, high
    else:
        start = _number(first, what, low, high, names)
        end = _number(last, what, low, high, names) if dash else (high if slash else start)
    size = _number(step, what, 1, high, ()) if slash else 1
    if end < start:
        raise CronError(f"{what}: {part!r} runs backwards")
    return iter(range(start, end + 1, size))


def _number(text: str, what: str, low: int, high: int, names: Sequence[str]) -> int:
    if text in names:
        return names.index(text) + low
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise CronError(f"{what}: {text!r} is not from {low} to {high}")
    return int(text)


def _of_month(field: str) -> DayRule:
    if field == "L":
        return lambda day: day.day == _length(day)
    if field == "LW":
        return lambda day: day == _nearest_weekday(day.replace(day=_length(day)))
    if field.endswith("W"):
        wanted = _number(field[:-1], "day of month", 1, 31, ())
        return lambda day: wanted <= _length(day) and day == _nearest_weekday(day.replace(day=wanted))
    days = _numbers(field, "day of month", 1, 31)
    return lambda day: day.day in days


def _of_week(field: str) -> DayRule:
    if field == "L":
        return lambda day: _week_day(day) == 7
    if field.endswith("L"):
        last = _number(field[:-1], "day of week", 1, 7, DAYS)
        return lambda day: _week_day(day) == last and day.day > _length(day) - 7
    name, sharp, count = field.partition("#")
    if sharp:
        wanted, nth = _number(name, "day of week", 1, 7, DAYS), _number(count, "day of week", 1, 5, ())
        return lambda day: _week_day(day) == wanted and (day.day - 1) // 7 + 1 == nth
    days = _numbers(field, "day of week", 1, 7, DAYS)
    return lambda day: _week_day(day) in days


def _week_day(day: date) -> int:
    """1 is Sunday."""
    return day.isoweekday() % 7 + 1


def _length(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _nearest_weekday(day: date) -> date:
    """The weekday nearest to a day, in the same month."""
    if day.isoweekday() == 6:
        return day - timedelta(days=1) if day.day > 1 else day + timedelta(days=2)
    if day.isoweekday() == 7:
        return day + timedelta(days=1) if day.day < _length(day) else day - timedelta(days=2)
    return day
