"""How people are found by the beginning of their names, and messages by their words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from parley.domain.limits import (
    DISPLAY_NAME_MAX_CHARS,
    SEARCH_KEYS_MAX_COUNT,
    SEARCH_PREFIX_MAX_CHARS,
    SEARCH_USERS_MIN_CHARS,
    WORD_MAX_CHARS,
    WORDS_MAX_COUNT,
)

_SPACE: Final = re.compile(r"\s+")
_ASCII_WORD: Final = re.compile(r"[0-9a-z]+")
# Scripts written without blanks between words: Thai, Lao, Myanmar, Khmer, kana, Bopomofo, and ideographs.
_UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u312f\u31a0-\u31bf\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


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


def make_search_prefixes(keys: Sequence[str]) -> tuple[str, ...]:
    """The different beginnings of search keys, from the shortest that may be sought to the longest looked up by."""
    lengths = range(SEARCH_USERS_MIN_CHARS, SEARCH_PREFIX_MAX_CHARS + 1)
    return tuple(dict.fromkeys(key[:length] for key in keys for length in lengths if length <= len(key)))


def split_words(text: str) -> tuple[str, ...]:
    """The different words of a text as search compares them, in their order, at most 1,000 of at most 40 characters.

    A word is a run of letters, marks and digits, without case and accents and in compatibility form: "Ｃafé" is `cafe`,
    "don't" is `don` and `t`. In scripts without blanks between words each character stands for itself, so that what is
    sought is found wherever all its characters occur.
    """
    folded = fold_text(text)
    if folded.isascii():
        found = _ASCII_WORD.findall(folded)
    else:
        spaced = _UNSPACED.sub(r" \g<0> ", folded)
        found = "".join(sign if _is_in_words(sign) else " " for sign in spaced).split()
    return tuple(dict.fromkeys(word[:WORD_MAX_CHARS] for word in found))[:WORDS_MAX_COUNT]


@lru_cache(maxsize=4096)
def _is_in_words(sign: str) -> bool:
    return unicodedata.category(sign)[0] in "LMN"
