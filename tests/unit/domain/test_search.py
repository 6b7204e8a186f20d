"""What people are found by."""

from __future__ import annotations

from parley.domain.limits import SEARCH_KEYS_MAX_COUNT
from parley.domain.search import fold_text, make_search_keys, make_search_prefixes


def test_case_accents_and_spaces_make_no_difference() -> None:
    assert fold_text("  Ása   LÖVE\tStraße ") == "asa love strasse"


def test_a_display_name_is_found_from_each_of_its_words_on() -> None:
    assert make_search_keys("ada_l", "Ada King Lovelace") == ("ada_l", "ada king lovelace", "king lovelace", "lovelace")


def test_keys_are_few_and_each_once() -> None:
    assert make_search_keys("ada", "Ada") == ("ada",)
    assert len(make_search_keys("ada", "a " * 50)) == SEARCH_KEYS_MAX_COUNT


def test_beginnings_are_looked_up_by_from_two_characters_to_twelve() -> None:
    assert make_search_prefixes(("ada", "ad", "a")) == ("ad", "ada")
    assert make_search_prefixes(("bartholomew king",))[-1] == "bartholomew "
    most = make_search_prefixes(make_search_keys("u" * 32, " ".join(f"{letter * 9}" for letter in "abcdefghij")))
    assert len(most) <= 11 * SEARCH_KEYS_MAX_COUNT
