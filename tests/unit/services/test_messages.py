"""Reading history."""

from __future__ import annotations

import pytest

from parley.domain.errors import InvalidRequestError, NotFoundError
from parley.domain.models import Identity
from tests.unit.services.world import World, draft


@pytest.fixture
def here(world: World, ann: Identity, ben: Identity) -> str:
    """A conversation of Ann and Ben with ten messages."""
    conversation_id = world.make_direct(ann, ben).conversation.conversation_id
    world.store(ann, *(draft(conversation_id, number) for number in range(10)))
    return conversation_id


@pytest.mark.parametrize(
    ("bounds", "seqs"),
    [
        ({}, [10, 9, 8]),
        ({"before": 8}, [7, 6, 5]),
        ({"before": 3}, [2, 1]),
        ({"before": 1}, []),
        ({"before": 0}, []),
        ({"before": -(2**70)}, []),
        ({"before": 2**70}, [10, 9, 8]),
        ({"after": 0}, [1, 2, 3]),
        ({"after": 8}, [9, 10]),
        ({"after": 10}, []),
        ({"after": -5}, [1, 2, 3]),
        ({"after": 2**70}, []),
    ],
)
def test_pages_by_seq(world: World, ben: Identity, here: str, bounds: dict[str, int], seqs: list[int]) -> None:
    page = world.messages.list_messages(ben, here, **{**bounds, "limit": 3})
    assert [message.seq for message in page] == seqs


def test_a_page_goes_one_way(world: World, ann: Identity, here: str) -> None:
    with pytest.raises(InvalidRequestError):
        world.messages.list_messages(ann, here, before=5, after=1, limit=3)


def test_a_page_takes_two_queries(world: World, ann: Identity, here: str) -> None:
    world.messages.list_messages(ann, here, limit=100)
    assert world.database_calls() == 2


def test_one_message(world: World, ben: Identity, here: str) -> None:
    message = world.messages.list_messages(ben, here, limit=1)[0]
    assert world.messages.get_message(ben, message.message_id) == message


def test_strangers_hear_the_same_of_what_is_not_theirs_and_what_is_not(
    world: World, ann: Identity, eve: Identity, here: str
) -> None:
    message = world.messages.list_messages(ann, here, limit=1)[0]
    answers = set()
    for message_id in (message.message_id, "m_nothing", "", "\ud800", "a\0", "$ne"):
        with pytest.raises(NotFoundError) as caught:
            world.messages.get_message(eve, message_id)
        answers.add(caught.value.detail)
    for conversation_id in (here, "c_nothing", "", "\ud800", "a\0", "$ne"):
        with pytest.raises(NotFoundError) as caught:
            world.messages.list_messages(eve, conversation_id, limit=10)
        answers.add(caught.value.detail)
    assert len(answers) == 1
