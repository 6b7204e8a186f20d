"""How people are found by the beginning of their names."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from parley.domain.limits import DISPLAY_NAME_MAX_CHARS, SEARCH_KEYS_MAX_COUNT

_SPACE: Final = re.compile(r"\s+")


def fold_text(text: str) -> str:
    """The text without case, accents and doubled spaces: what two spellings of one name have in common."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    return _SPACE.sub(" ", plain.casefold()).strip()


def make_search_keys(username: str, display_name: str) -> tuple[str, ...]:
    """What a search may be the beginning of: the username, and the display name from each of its words on."""
    words = fold_text(display_name).split(" ")
    endings = [" ".join(words[start:])[:DISPLAY_NAME_MAX_CHARS] for start in range(len(words))]
    return tuple(dict.fromkeys(key for key in [fold_text(username), *endings] if key))[:SEARCH_KEYS_MAX_COUNT]
