"""The contract of searching messages by their words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from parley.domain.models import AcceptedChange, ChangeKind, Message, found_place
from parley.domain.search import split_words
from tests.contract.conftest import Stores
from tests.contract.samples import NOW, a_conversation, an_accepted_message, append_all


def a_place(stores: Stores) -> str:
    conversation, members = a_conversation("u_ada", "u_bob")
    stores.conversations.create_conversation(conversation, members)
    return conversation.conversation_id


def store(stores: Stores, place: str, *contents: str, at: datetime = NOW) -> list[Message]:
    accepted = [replace(an_accepted_message(place), content=content) for content in contents]
    return append_all(stores.messages, accepted, at)


def search(stores: Stores, places: Sequence[str], text: str, *, limit: int = 100) -> list[Message]:
    return stores.messages.search_messages(places, split_words(text), before=None, limit=limit)


def change(stores: Stores, message: Message, change_id: str, content: str | None) -> None:
    kind: ChangeKind = "delete" if content is None else "edit"
    made = AcceptedChange(change_id, kind, message.message_id, message.conversation_id, "u_ada", NOW, content=content)
    stores.messages.apply_changes([made], NOW)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("hello", ["Hello, wörld", "HELLO"]),
        ("World hello", ["Hello, wörld"]),
        ("hell", []),
        ("hello nobody", []),
        ("CAFÉ", ["Ｃafé don't"]),
        ("don't", ["Ｃafé don't"]),
        ("straße", ["STRASSE 42"]),
        ("42", ["STRASSE 42"]),
        ("東京", ["東京に行く"]),
        ("行く", ["東京に行く"]),
        ("$where", []),
    ],
)
def test_all_words_must_occur_whole_and_without_case(stores: Stores, text: str, found: list[str]) -> None:
    place = a_place(stores)
    store(stores, place, "HELLO", "Hello, wörld", "Ｃafé don't", "STRASSE 42", "東京に行く")
    assert [message.content for message in search(stores, [place], text)] == found


def test_only_the_named_conversations_are_searched(stores: Stores) -> None:
    one, other, third = (a_place(stores) for _ in range(3))
    mine = store(stores, one, "owl here") + store(stores, other, "owl there")
    store(stores, third, "owl elsewhere")
    assert {message.message_id for message in search(stores, [one, other], "owl")} == {one.message_id for one in mine}
    assert search(stores, [], "owl") == []


def test_edits_and_deletes_change_what_is_found(stores: Stores) -> None:
    place = a_place(stores)
    edited, deleted = store(stores, place, "a heron", "a heron too")
    change(stores, edited, f"x_{place}_1", "an egret")
    change(stores, deleted, f"x_{place}_2", None)
    assert search(stores, [place], "heron") == []
    assert [message.message_id for message in search(stores, [place], "egret")] == [edited.message_id]


@pytest.mark.parametrize("count", [1, 3])
def test_pages_hold_each_message_once_newest_first(stores: Stores, count: int) -> None:
    places = [a_place(stores) for _ in range(count)]
    stored: list[Message] = []
    for age in (timedelta(days=900), timedelta(days=100), timedelta(days=8), timedelta(0)):
        for place in places:
            # One time for several of one conversation, and for several conversations.
            stored += store(stores, place, "owl", "not this", "an owl", "owl again", at=NOW - age)
    expected = sorted(
        (message for message in stored if "owl" in (message.content or "")), key=found_place, reverse=True
    )
    found: list[Message] = []
    while True:
        before = found_place(found[-1]) if found else None
        page = stores.messages.search_messages(places, ["owl"], before=before, limit=4)
        found += page
        if len(page) < 4:
            break
    assert found == expected


def test_a_message_of_very_many_words_is_found_by_its_first_thousand(stores: Stores) -> None:
    place = a_place(stores)
    store(stores, place, " ".join(f"w{number}" for number in range(1_300)))
    assert len(search(stores, [place], "w0 w999")) == 1
    assert search(stores, [place], "w1000") == []
