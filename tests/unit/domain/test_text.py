"""What people may write, and what not."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.domain import text

ANY_CHARACTER = st.one_of(st.characters(exclude_categories=()), st.sampled_from("\0\ud800\udfff \n\u2003x"))


@given(st.text(ANY_CHARACTER, max_size=50))
def test_content_is_fine_exactly_when_it_can_be_seen_stored_and_sent(content: str) -> None:
    storable = "\0" not in content
    sendable = all(unicodedata.category(character) != "Cs" for character in content)
    seen = content.strip() != ""
    assert (text.check_content(content) is None) == (storable and sendable and seen)


@given(st.text(ANY_CHARACTER, max_size=30))
def test_whatever_is_fine_can_be_written_as_utf_8(anything: str) -> None:
    if text.check_plain(anything) is None:
        assert anything.encode().decode() == anything


@pytest.mark.parametrize("character", ["x", "ä", "\U0001f600", "\u0001"])
def test_content_is_measured_in_code_points(character: str) -> None:
    assert text.check_content(character * 8_000) is None
    assert text.check_content(character * 8_001) == "It is over 8,000 characters long."


@pytest.mark.parametrize("content", ["", " ", "\n\t ", "\u00a0\u2003", "a\0b", "\0", "a\ud83d", "\udc00"])
def test_content_that_cannot_be(content: str) -> None:
    assert text.check_content(content)


def test_problems_never_quote_what_was_written() -> None:
    canary = "canary\0"
    checks = [text.check_content, text.check_group_name, text.check_password, text.check_username, text.check_email]
    problems = [check(canary) for check in checks]
    assert all(problem and "canary" not in problem for problem in problems)


@pytest.mark.parametrize("check", [text.check_group_name, text.check_display_name, text.check_device_name])
def test_names_have_1_to_100_characters_that_can_be_seen(check: Callable[[str], str | None]) -> None:
    assert check("x") is None
    assert check("ä" * 100) is None
    assert check("x" * 101)
    assert check("")
    assert check("   ")
    assert check("a\0")
    assert check("a\ud800")


def test_about_may_be_empty_and_has_500_characters_at_most() -> None:
    assert text.check_about("") is None
    assert text.check_about("x" * 500) is None
    assert text.check_about("x" * 501)
    assert text.check_about("\0")


@pytest.mark.parametrize("username", ["abc", "a.b_9", "...", "x" * 32])
def test_usernames(username: str) -> None:
    assert text.check_username(username) is None


@pytest.mark.parametrize("username", ["", "ab", "x" * 33, "Abc", "a b", "abc\n", "äbc", "a-b", "١٢٣", "a$b"])
def test_what_is_no_username(username: str) -> None:
    assert text.check_username(username)


@pytest.mark.parametrize("email", ["a@b.de", "First.Last+tag@sub.example.museum", "o'hara@ex-ample.io", "a@b.xn--p1ai"])
def test_emails(email: str) -> None:
    assert text.check_email(email) is None


@pytest.mark.parametrize(
    "email",
    [
        *("", "a", "@b.de", "a@", "a@b", "a@b.", "a@.de", "a@-b.de", "a@@b.de", "a b@c.de", "a@b.de\n", "ä@b.de"),
        *("a@ä.de", "x" * 65 + "@b.de", "a@" + "b." * 130 + "de", "a@b.d\0", "a@b..de"),
    ],
)
def test_what_is_no_email(email: str) -> None:
    assert text.check_email(email)


def test_passwords_have_15_to_128_characters() -> None:
    assert text.check_password("ä" * 15) is None
    assert text.check_password(" " * 15) is None
    assert text.check_password("x" * 128) is None
    assert text.check_password("x" * 14) == "It needs at least 15 characters."
    assert text.check_password("x" * 129)
    assert text.check_password("x" * 15 + "\0")
    assert text.check_password("x" * 15 + "\ud800")


def test_one_password_typed_on_two_keyboards_is_one() -> None:
    composed, decomposed = "caf\u00e9 au lait, please", "cafe\u0301 au lait, please"
    assert composed != decomposed
    assert text.normalize_password(composed) == text.normalize_password(decomposed)


@pytest.mark.parametrize("client_message_id", ["a", "A-Z_0-9", "x" * 64])
def test_client_message_ids(client_message_id: str) -> None:
    assert text.check_client_message_id(client_message_id) is None


@pytest.mark.parametrize("client_message_id", ["", "x" * 65, "a b", "a\n", "ä", "a:b", "\0"])
def test_what_is_no_client_message_id(client_message_id: str) -> None:
    assert text.check_client_message_id(client_message_id)


def test_mentions_are_50_distinct_ids_at_most() -> None:
    fifty = [f"u_{number}" for number in range(50)]
    assert text.check_mentions([]) is None
    assert text.check_mentions(fifty) is None
    assert text.check_mentions([*fifty, "u_0"]) is None
    assert text.check_mentions([*fifty, "u_50"])
    assert text.check_mentions(["u_1", "not an id"])


def test_attachments_are_10_distinct_ids_at_most() -> None:
    ten = [f"a_{number}" for number in range(10)]
    assert text.check_attachment_ids(ten) is None
    assert text.check_attachment_ids([*ten, "a_10"])


@pytest.mark.parametrize(
    "emoji",
    [
        "👍",
        "👍🏽",
        "❤️",
        "❤",
        "🇩🇪",
        "1️⃣",
        "#⃣",
        "👩‍🚀",
        "👨‍👩‍👧‍👦",
        "🏳️‍🌈",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "🫠",
        "™️",
        "㊗️",
    ],
)
def test_emoji(emoji: str) -> None:
    assert text.check_emoji(emoji) is None


@pytest.mark.parametrize(
    "emoji",
    ["", "a", "1", "👍👍", "👍 ", " 👍", "👍\n", "🇩", "🇩🇪🇫🇷", "\ufe0f", "\u200d", "👍\u200d", "👍\0", "\ud83d", "$"],
)
def test_what_is_not_one_emoji(emoji: str) -> None:
    assert text.check_emoji(emoji)


def test_an_emoji_has_32_bytes_at_most() -> None:
    assert text.check_emoji("\u200d".join(["👩🏽"] * 4))


@pytest.mark.parametrize("url", ["http://a", "https://example.org/a.png?b=c#d", "https://" + "x" * 2_040])
def test_urls(url: str) -> None:
    assert text.check_url(url) is None


@pytest.mark.parametrize(
    "url",
    ["", "http://", "ftp://a", "javascript:alert(1)", "//a", "https://a b", "https://ä", "https://" + "x" * 2_041],
)
def test_what_is_no_url(url: str) -> None:
    assert text.check_url(url)
