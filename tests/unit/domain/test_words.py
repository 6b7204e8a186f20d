"""The words that messages are found by."""

from __future__ import annotations

import pytest

from parley.domain.search import split_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, HELLO world!", ("hello", "world")),
        ("don't l’été", ("don", "t", "l", "ete")),
        ("snake_case foo@bar.example", ("snake", "case", "foo", "bar", "example")),
        ("Ｃａｆé ﬁne", ("cafe", "fine")),
        ("Straße STRASSE", ("strasse",)),
        ("ΟΔΟΣ οδος", ("οδοσ",)),
        ("東京タワー", ("東", "京", "タ", "ワ", "ー")),
        ("東京2026年", ("東", "京", "2026", "年")),
        ("한국어 말", ("한국어", "말")),
        ("हिन्दी भाषा", ("हिनदी", "भाषा")),
        ("a\u200db", ("a", "b")),
        ("", ()),
        ("🎉 !? \n", ()),
        ("x" * 50, ("x" * 40,)),
    ],
)
def test_words(text: str, words: tuple[str, ...]) -> None:
    import unicodedata

    assert tuple(unicodedata.normalize("NFC", word) for word in split_words(text)) == words


def test_no_text_has_more_than_a_thousand() -> None:
    assert len(split_words(" ".join(map(str, range(5_000))))) == 1_000
