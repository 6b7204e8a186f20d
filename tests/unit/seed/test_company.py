"""The story that `make seed` tells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from parley.domain.text import check_content
from tools.seed.company import CHANNELS, DAYS, PEOPLE, tell

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


def test_it_is_the_same_for_each_monday() -> None:
    one, other = tell(MONDAY), tell(MONDAY + timedelta(weeks=7))
    assert one == tell(MONDAY)
    assert [(line.channel, line.number, line.sender, line.content) for line in one] == [
        (line.channel, line.number, line.sender, line.content) for line in other
    ]


def test_it_holds_together() -> None:
    lines = tell(MONDAY)
    members = {channel.key: channel.members for channel in CHANNELS}
    assert 300 < len(lines) < 1_500
    assert {line.sender for line in lines} == set(PEOPLE)
    assert all(MONDAY - timedelta(days=DAYS) <= line.at < MONDAY for line in lines)
    for line in lines:
        assert check_content(line.content) is None
        assert {line.sender, *line.mentions, *(name for _, name in line.reactions)} <= set(members[line.channel])
        assert line.reply_to is None or 0 < line.reply_to < line.number
    assert len({(line.channel, line.number) for line in lines}) == len(lines)
