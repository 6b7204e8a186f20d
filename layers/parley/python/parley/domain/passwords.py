"""Which passwords are too easy to guess, though they are long enough (NIST SP 800-63B, 3.1.1.2: the blocklist).

Three kinds are refused: what stands in the list of common ones, what is a walk along a keyboard row or an alphabet or
a short piece over and over, and what holds little else than the service's name or the person's own names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Final

_LIST: Final = "common_passwords.txt"
_SERVICE_NAME: Final = "parley"
_PERIOD_MAX_CHARS: Final = 10
_NAME_MIN_CHARS: Final = 3
_OWN_MIN_CHARS: Final = 6
_NOT_WORD: Final = re.compile(r"[\W_]+")

_ROWS: Final = ("qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm", "azertyuiopqsdfghjklmwxcvbn")
_WALKS: Final = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz0123456789",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "1q2w3e4r5t6y7u8i9o0p",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1234567890qwertyuiopasdfghjklzxcvbnm",
    *_ROWS,
)


def check_guessable(password: str, names: Iterable[str] = ()) -> str | None:
    """One sentence on what makes the password easy to guess, never quoting it, or None.

    Args:
        password: case, white space and punctuation make no difference here.
        names: the person's own: username, email address, display name.
    """
    plain = _simplify(password)
    if plain in _read_list():
        return "It is among the most common passwords."
    if _is_repeated(plain) or _is_walk(plain):
        return "It is a mere pattern."
    for name in sorted({_SERVICE_NAME, *_words_of(names)}, key=len, reverse=True):
        plain = plain.replace(name, "")
    return None if len(plain) >= _OWN_MIN_CHARS else "It is little else than a name."


def _words_of(names: Iterable[str]) -> set[str]:
    """Each name, and each name before an @."""
    words = {_simplify(part) for name in names for part in (name, name.partition("@")[0])}
    return {word for word in words if len(word) >= _NAME_MIN_CHARS}


def _is_repeated(plain: str) -> bool:
    """Whether it is a piece of at most ten characters over and over, the last time perhaps cut short."""
    return any(plain == (plain[:period] * len(plain))[: len(plain)] for period in range(1, _PERIOD_MAX_CHARS + 1))


def _is_walk(plain: str) -> bool:
    """Whether it is a stretch of a row, an alphabet or a zigzag over the keys, either way and round the end."""
    return any(plain in walk * 4 or plain in walk[::-1] * 4 for walk in _WALKS)


def _simplify(text: str) -> str:
    # What has no letters or digits at all is left as it is, or it would be nothing.
    return _NOT_WORD.sub("", text.casefold()) or text


@cache
def _read_list() -> frozenset[str]:
    text = resources.files(__package__).joinpath(_LIST).read_text(encoding="utf-8")
    return frozenset(_simplify(line) for line in text.splitlines() if line and not line.startswith("#"))
