"""Ids: derived ones are the same for a retry and for nothing else."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.domain import ids

# Few letters and short parts, so that parts which run into the same text come up often.
PART = st.text(alphabet="ab_1", max_size=4)


@pytest.mark.parametrize(
    ("make", "prefix"), [(ids.new_user_id, "u"), (ids.new_session_id, "s"), (ids.new_group_id, "c")]
)
def test_new_ids_have_their_kind_and_twenty_random_characters(make: Callable[[], str], prefix: str) -> None:
    made = {make() for _ in range(500)}
    assert len(made) == 500
    assert all(re.fullmatch(rf"{prefix}_[a-z2-7]{{20}}", one) for one in made)


@given(PART, PART)
def test_a_direct_id_belongs_to_the_pair_and_not_to_its_order(one: str, other: str) -> None:
    assert ids.derive_direct_id(one, other) == ids.derive_direct_id(other, one)


@given(st.tuples(PART, PART), st.tuples(PART, PART))
def test_other_pairs_have_other_direct_ids(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert (ids.derive_direct_id(*one) == ids.derive_direct_id(*other)) == (sorted(one) == sorted(other))


@given(st.tuples(PART, PART, PART), st.tuples(PART, PART, PART))
def test_other_parts_have_other_message_ids(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    assert (ids.derive_message_id(*one) == ids.derive_message_id(*other)) == (one == other)


def test_parts_that_run_into_the_same_text_have_other_ids() -> None:
    assert ids.derive_message_id("c_1", "u_2", "x") != ids.derive_message_id("c_1u", "_2", "x")
    assert ids.derive_message_id("c", "u", "m") != ids.derive_direct_id("c", "u")


def test_a_message_id_never_changes_its_recipe() -> None:
    """Stored messages are found by it for ever, so the bytes that go into the hash are written out here once more."""
    parts = b"\0\0\0\x01m" + b"\0\0\0\x03c_1" + b"\0\0\0\x03u_2" + b"\0\0\0\x05hello"
    digest = hashlib.sha256(parts).digest()
    alphabet = "abcdefghijklmnopqrstuvwxyz234567"
    bits = int.from_bytes(digest[:20])
    expected = "".join(alphabet[bits >> 5 * place & 31] for place in reversed(range(32)))
    assert ids.derive_message_id("c_1", "u_2", "hello") == f"m_{expected}"


@given(st.text(max_size=4), st.text(max_size=4), st.text(alphabet="ab", max_size=4))
def test_derived_ids_are_ids(conversation_id: str, sender_id: str, client_message_id: str) -> None:
    assert re.fullmatch(r"m_[a-z2-7]{32}", ids.derive_message_id(conversation_id, sender_id, client_message_id))
    assert ids.is_id(ids.derive_direct_id(conversation_id, sender_id))


@pytest.mark.parametrize("text", ["", " ", "a b", "a\n", "a\0", "\ud800", "ä", "٣", "$ne", "a.b", "x" * 65])
def test_what_cannot_be_an_id_is_told(text: str) -> None:
    assert not ids.is_id(text)


@pytest.mark.parametrize("text", ["a", "m_abc", "A-Z_09", "x" * 64])
def test_what_can_be_an_id_is_told(text: str) -> None:
    assert ids.is_id(text)
