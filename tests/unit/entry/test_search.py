"""Searching messages over HTTP."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.entry.stack import Stack
from tests.unit.services.world import draft


@pytest.fixture
def stack() -> Stack:
    return Stack()


def test_only_what_the_caller_may_see_is_found_page_by_page(stack: Stack) -> None:
    ann, ben, zed = (stack.add_user(name) for name in ("ann", "ben", "zed"))
    shared = stack.make_group(ann, ben).conversation.conversation_id
    other = stack.make_group(ann, zed).conversation.conversation_id
    for number in range(3):
        stack.store(ann, draft(shared, number, f"An owl, number {number}"))
        stack.clock.advance(1)
    stack.store(ann, draft(other, 1, "An owl for Zed"), draft(other, 2, "a cat"))
    found: list[str] = []
    cursor = None
    while True:
        query = {"q": "OWL an", "limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = stack.request("GET", "/api/messages/search", caller=ben, query=query).json
        found += [message["content"] for message in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert found == [f"An owl, number {number}" for number in (2, 1, 0)]
    narrowed = stack.request(
        "GET", "/api/messages/search", caller=ann, query={"q": "owl", "conversationId": other}
    ).json
    assert [message["content"] for message in narrowed["items"]] == ["An owl for Zed"]


def test_a_conversation_of_others_is_like_none(stack: Stack) -> None:
    ann, zed = stack.add_user("ann"), stack.add_user("zed")
    place = stack.make_group(ann).conversation.conversation_id
    bodies = []
    for name in (place, "c_nobodys", "no id at all"):
        answer = stack.request("GET", "/api/messages/search", caller=zed, query={"q": "owl", "conversationId": name})
        assert answer.status == 404
        bodies.append({key: value for key, value in answer.json.items() if key != "requestId"})
    assert bodies[0] == bodies[1] == bodies[2]


@pytest.mark.parametrize("query", [{}, {"q": ""}, {"q": "!?"}, {"q": "x" * 201}, {"q": "a", "cursor": "x"}])
def test_what_cannot_be_sought_is_refused(stack: Stack, query: dict[str, str]) -> None:
    answer = stack.request("GET", "/api/messages/search", caller=stack.add_user("ann"), query=query)
    assert (answer.status, answer.json["code"]) == (422, "invalid_request")


def test_the_number_of_database_calls_is_fixed(stack: Stack) -> None:
    ann = stack.add_user("ann")
    for number in range(5):
        place = stack.make_group(ann).conversation.conversation_id
        stack.store(ann, replace(draft(place, number), content="an owl"))
    stack.forget_traces()
    assert len(stack.request("GET", "/api/messages/search", caller=ann, query={"q": "owl"}).json["items"]) == 5
    # The session, the caller's conversations, and the search.
    assert stack.database_calls() == 3
