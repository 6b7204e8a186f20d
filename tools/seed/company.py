"""The company: who works there, what they talk about, and when. The same each time."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

DAYS: Final = 28
_SEED: Final = 20_260_105

PEOPLE: Final = {
    "alice": "Alice Adler",
    "bob": "Bob Brandt",
    "carol": "Carol Castro",
    "dmitri": "Dmitri Doroshenko",
    "elif": "Elif Erdem",
    "farid": "Farid Fahimi",
    "grace": "Grace Green",
    "hiro": "Hiro Hayashi",
    "ines": "Inês Ibarra",
    "jonas": "Jonas Jansen",
}
"""Display names by username; the first three are those whom every local stack has."""

ABOUT: Final = {
    "alice": "Runs the place, waters the plants",
    "bob": "Backend, bicycles, bread",
    "carol": "Design. Away on Fridays",
    "hiro": "東京 → Lisbon",
    "ines": "Ask me about invoices",
}


@dataclass(frozen=True)
class Channel:
    """A conversation: a group where it has a name, else the direct one of two. The first member owns it."""

    key: str
    name: str | None
    members: tuple[str, ...]
    lines: tuple[str, ...]
    a_day: int


EVERYBODY: Final = tuple(PEOPLE)

CHANNELS: Final = (
    Channel(
        "everyone",
        "Everyone",
        EVERYBODY,
        (
            "Good morning! Stand-up in ten minutes.",
            "The heating is being repaired today, bring a jumper.",
            "There is cake in the kitchen 🎂",
            "The office closes at four on Friday.",
            "Welcome to the team! Say hello when you see each other at lunch.",
            "Minutes of yesterday's meeting are in the folder.",
            "Who took the big meeting room at eleven?",
            "Thank you all for the release. That went smoothly.",
        ),
        3,
    ),
    Channel(
        "engineering",
        "Engineering",
        ("bob", "dmitri", "elif", "farid", "hiro", "alice"),
        (
            "The build is green again, it was a stale cache.",
            "Could somebody look at my change to the importer?",
            "I see timeouts in staging since this morning, looking into it.",
            "Found it: the index was missing. Fixed and measured, 40 ms instead of 4 s.",
            "Let us not deploy on a Friday afternoon, please.",
            "Reviewed, two small remarks, otherwise good to go.",
            "The flaky test is gone: it waited for time and not for a condition.",
            "New dashboard for the queue's lag: p99 is at 120 ms.",
            "Does anybody remember why we cap that at 200?",
            "Rolled back. Users saw errors for about three minutes.",
            "Pairing on the migration at two?",
        ),
        7,
    ),
    Channel(
        "design",
        "Design & Product",
        ("carol", "alice", "grace", "elif"),
        (
            "New mock-ups are up, comments welcome.",
            "The empty state needs words. Ideas?",
            "Five interviews done, four people missed the search button.",
            "Dark mode contrast passes now.",
            "Can we drop the third step of sign-up? Nobody finishes it.",
            "I like the second version better, it breathes.",
        ),
        4,
    ),
    Channel(
        "support",
        "Customer Support",
        ("grace", "ines", "jonas", "bob"),
        (
            "A customer asks for an export as CSV, do we have a date?",
            "Three tickets about the login mail, all from the same provider.",
            "Solved: their firewall blocked us.",
            "That refund is through.",
            "Can engineering check account 4711? The invoice shows twice.",
            "Median answer time this week: 42 minutes 👏",
        ),
        4,
    ),
    Channel(
        "lunch",
        "Lunch",
        ("farid", "alice", "bob", "hiro", "jonas", "ines"),
        (
            "Noodles or falafel?",
            "Falafel!",
            "ラーメン 🍜",
            "I brought too much soup, help yourselves.",
            "The place on the corner has a new menu.",
            "Twelve thirty at the door?",
        ),
        3,
    ),
    Channel(
        "alice-bob",
        None,
        ("alice", "bob"),
        (
            "Do you have five minutes for the budget?",
            "Sure, after the stand-up.",
            "I have sent you the numbers.",
            "Looks good. Let us keep the second option open.",
            "Are you in on Thursday?",
            "Yes, from ten.",
        ),
        3,
    ),
    Channel(
        "alice-carol",
        None,
        ("alice", "carol"),
        (
            "The logo on the invoice is the old one.",
            "Fixed, thanks!",
            "Coffee?",
            "In ten minutes.",
            "Great talk today.",
        ),
        2,
    ),
    Channel(
        "bob-hiro",
        None,
        ("bob", "hiro"),
        (
            "Did the bread rise?",
            "Too much, it left the tin 😄",
            "Photos please.",
            "Tomorrow. Is the branch ready?",
            "Yes.",
        ),
        2,
    ),
    Channel(
        "grace-ines",
        None,
        ("grace", "ines"),
        ("Can you resend invoice 2041?", "Done.", "They paid twice, by the way.", "I will send it back today."),
        1,
    ),
)

EMOJI: Final = ("👍", "❤️", "😂", "🎉", "👀", "🙏")
FILES: Final = (
    ("engineering", "lag.csv", "text/csv", "time,ms\n09:00,118\n10:00,121\n11:00,97\n"),
    ("design", "notes.txt", "text/plain", "Five interviews\n\n1. Search is hidden.\n2. Names are too long.\n"),
    ("everyone", "minutes.txt", "text/plain", "Minutes\n\nPresent: everybody. Cake: yes.\n"),
)
"""Channel, name, media type and content of the files that are sent, each by its channel's owner."""


@dataclass(frozen=True)
class Line:
    """Somebody says something. `reactions` are emoji with who chose them."""

    at: datetime
    channel: str
    number: int
    sender: str
    content: str
    mentions: tuple[str, ...]
    reply_to: int | None
    reactions: tuple[tuple[str, str], ...]


def tell(last_day: datetime) -> Sequence[Line]:
    """All lines by time; the same for each Monday.

    Args:
        last_day: midnight after the last day, a Monday.
    """
    chance = random.Random(_SEED)  # noqa: S311 - a story, not a secret
    lines = [line for channel in CHANNELS for line in _tell_channel(channel, last_day, chance)]
    return sorted(lines, key=lambda line: (line.at, line.channel))


def _tell_channel(channel: Channel, last_day: datetime, chance: random.Random) -> Iterator[Line]:
    number = 0
    for day in range(DAYS, 0, -1):
        midnight = last_day - timedelta(days=day)
        count = chance.randint(1, channel.a_day * 2)
        minutes = sorted(chance.sample(range(8 * 60, 18 * 60), count))
        for minute in minutes if midnight.weekday() < 5 else minutes[:1]:
            number += 1
            sender = chance.choice(channel.members)
            others = [name for name in channel.members if name != sender]
            mentions = (chance.choice(others),) if channel.name and chance.random() < 0.1 else ()
            text = chance.choice(channel.lines)
            yield Line(
                midnight + timedelta(minutes=minute, seconds=chance.randrange(60)),
                channel.key,
                number,
                sender,
                " ".join([*(f"@{name}" for name in mentions), text]),
                mentions,
                number - 1 if number > 1 and chance.random() < 0.12 else None,
                tuple((chance.choice(EMOJI), name) for name in others if chance.random() < 0.12),
            )
