"""Times as the contract writes them: RFC 3339, UTC, milliseconds, `Z`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_WRITTEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def format_time(moment: datetime) -> str:
    """Writes a time as `2026-01-31T23:59:59.123Z`; what is finer than a millisecond is cut off.

    Raises:
        ValueError: the time carries no zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def parse_time(text: str) -> datetime:
    """Reads what `format_time` writes, with any number of fractional digits up to nine, to whole milliseconds.

    Raises:
        ValueError: it is not such a time.
    """
    if not _WRITTEN.fullmatch(text):
        raise ValueError("not an RFC 3339 time in UTC")
    return truncate_to_ms(datetime.fromisoformat(text))


def truncate_to_ms(moment: datetime) -> datetime:
    """The same time without what is finer than a millisecond: what the database keeps, so that reads equal writes."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def to_epoch_ms(moment: datetime) -> int:
    """Whole milliseconds since 1970-01-01 UTC."""
    return (moment - _EPOCH) // _MILLISECOND


def from_epoch_ms(epoch_ms: int) -> datetime:
    """The UTC time that many milliseconds after 1970-01-01."""
    return _EPOCH + epoch_ms * _MILLISECOND
