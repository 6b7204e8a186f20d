"""Fan-out into a group of more than 200 members: handed on in parts, each part's order kept."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from parley.domain.models import Connection, Identity
from parley.domain.records import FanOutChunk, GroupDeleted, MembersChanged, MessageStored
from parley.entry import streams
from parley.services.chunks import make_chunks, part_of
from tests.unit.entry.stack import Context, Stack, kafka_event
from tests.unit.services.world import draft


@pytest.fixture
def large(stack: Stack, ann: Identity) -> str:
    """A group of 201 whose members each have a socket open."""
    others = [stack.add_user(f"m{number:03}") for number in range(200)]
    for other in (ann, *others):
        stack.open_socket(other, f"socket-{other.user_id}")
    return stack.make_group(ann, *others).conversation.conversation_id


def stored_events(stack: Stack, sender: Identity, place: str, count: int, content: str = "Hi") -> list[MessageStored]:
    messages = stack.store(sender, *(draft(place, number, content) for number in range(count)))
    return [MessageStored(message, members_rev=1) for message in messages]


def heard(stack: Stack, user_id: str) -> list[int]:
    return [event["data"]["message"]["seq"] for event in events_of(stack, user_id)]


def names_of(stack: Stack, user_id: str) -> list[str]:
    return [event["event"] for event in events_of(stack, user_id)]


def events_of(stack: Stack, user_id: str) -> list[Any]:
    contents: list[Any] = [json.loads(frame) for frame in stack.push.frames.get(f"socket-{user_id}", [])]
    return [event for content in contents for event in (content if isinstance(content, list) else [content])]


def test_each_member_of_a_large_group_gets_each_event_once_and_in_order(
    stack: Stack, ann: Identity, large: str
) -> None:
    events = stored_events(stack, ann, large, 30)
    streams.fan_out_handler(stack)(kafka_event("chat.receive", events), Context())
    assert stack.push.frames == {}
    chunks = [record for record in stack.publisher.records if isinstance(record, FanOutChunk)]
    assert {chunk.key for chunk in chunks} == {f"{large}:{part}" for part in range(25)}

    answer = streams.fan_out_chunk_handler(stack)(kafka_event("chat.fanout", chunks), Context())

    assert answer == {"batchItemFailures": []}
    assert len(stack.push.frames) == 201
    for _, user_id in stack.database.memberships:
        assert heard(stack, user_id) == list(range(1, 31))


def test_what_comes_again_shows_a_new_socket_nothing_older_than_it_was_shown(
    stack: Stack, ann: Identity, large: str
) -> None:
    events = stored_events(stack, ann, large, 30, content="Grüße 👋")
    first, second, new = events[:20], events[20:], Identity("u_m007", "s_m007")

    def fan_out(batch: list[MessageStored]) -> None:
        known = len(stack.publisher.records)
        streams.fan_out_handler(stack)(kafka_event("chat.receive", batch), Context())
        chunks = [record for record in stack.publisher.records[known:] if isinstance(record, FanOutChunk)]
        streams.fan_out_chunk_handler(stack)(kafka_event("chat.fanout", chunks), Context())

    fan_out(first)
    stack.open_socket(new, "socket-new")
    fan_out(second)
    stack.push.frames.clear()
    fan_out(events)

    assert heard(stack, "new") == list(range(21, 31))
    assert heard(stack, "u_m007") == heard(stack, "u_m008") == list(range(1, 31))
    assert b"Gr\xc3\xbc\xc3\x9fe" in stack.push.frames["socket-new"][0]


def test_after_a_lost_registry_a_large_group_too_shows_nothing_older_than_the_return(
    stack: Stack, ann: Identity, large: str
) -> None:
    before = stored_events(stack, ann, large, 3)
    known = Connection("socket-u_m007", "u_m007", "s_m007", "http://gateway.test/ws", stack.clock.now())
    stack.clock.advance(1)
    stack.registry.lose()
    stack.registry.take_missed(known)
    stack.open_socket(Identity("u_m008", "s_m008"), "socket-u_m008")
    messages = stack.store(ann, draft(large, "after"))
    after = [MessageStored(message, members_rev=1) for message in messages]
    streams.fan_out_handler(stack)(kafka_event("chat.receive", [*before, *after]), Context())
    chunks = [record for record in stack.publisher.records if isinstance(record, FanOutChunk)]

    streams.fan_out_chunk_handler(stack)(kafka_event("chat.fanout", chunks), Context())

    assert (heard(stack, "u_m007"), heard(stack, "u_m008")) == ([4], [1, 2, 3, 4])
    assert stack.registry.take_missed(known) is True


def test_a_chunk_of_an_earlier_version_goes_out_whole(stack: Stack, ann: Identity, large: str) -> None:
    events = stored_events(stack, ann, large, 2)
    streams.fan_out_handler(stack)(kafka_event("chat.receive", events), Context())
    chunks = [record for record in stack.publisher.records if isinstance(record, FanOutChunk)]
    streams.fan_out_chunk_handler(stack)(kafka_event("chat.fanout", chunks), Context())
    old = [replace(chunk, messages=()) for chunk in chunks]
    streams.fan_out_chunk_handler(stack)(kafka_event("chat.fanout", old), Context())
    assert heard(stack, "u_m007") == [1, 2, 1, 2]


def test_who_was_removed_meanwhile_gets_nothing(stack: Stack, ann: Identity, large: str) -> None:
    events = stored_events(stack, ann, large, 1)
    streams.fan_out_handler(stack)(kafka_event("chat.receive", events), Context())
    chunks = [record for record in stack.publisher.records if isinstance(record, FanOutChunk)]
    staying = [member for (_, who), member in stack.database.memberships.items() if who != "u_m007"]
    stack.conversation_store.replace_members(large, staying)
    streams.fan_out_chunk_handler(stack)(kafka_event("chat.fanout", chunks), Context())
    assert heard(stack, "u_m007") == []
    assert heard(stack, "u_m008") == [1]


def test_who_was_removed_hears_of_it_after_what_came_before(stack: Stack, ann: Identity, large: str) -> None:
    events = stored_events(stack, ann, large, 2)
    staying = [member for (_, who), member in stack.database.memberships.items() if who not in {"u_m007", "u_m008"}]
    rev = stack.conversation_store.replace_members(large, staying).rev
    removal = MembersChanged(large, rev, rev, part=0, removed=("u_m007", "u_m008"))

    for batch in (events, [removal]):
        streams.fan_out_handler(stack)(kafka_event("chat.receive", batch), Context())
    assert stack.push.frames == {}, "nothing overtakes what was handed on"
    chunks = [record for record in stack.publisher.records if isinstance(record, FanOutChunk)]
    named = [chunk for chunk in chunks if chunk.recipient_ids is not None]
    assert {(chunk.part, user_id) for chunk in named for user_id in chunk.recipient_ids or ()} == {
        (part_of("u_m007"), "u_m007"),
        (part_of("u_m008"), "u_m008"),
    }
    streams.fan_out_chunk_handler(stack)(kafka_event("chat.fanout", chunks), Context())
    assert names_of(stack, "u_m007") == names_of(stack, "u_m008") == ["group:members"]
    assert names_of(stack, "u_m009") == ["chat:receive", "chat:receive", "group:members"]


@pytest.mark.parametrize("is_deleted", [False, True])
def test_a_group_that_was_large_keeps_its_order_when_it_is_small(
    stack: Stack, ann: Identity, large: str, *, is_deleted: bool
) -> None:
    before = stored_events(stack, ann, large, 1)
    streams.fan_out_handler(stack)(kafka_event("chat.receive", before), Context())
    stack.groups.change_members(ann, large, remove=[f"u_m{number:03}" for number in range(50)])
    if is_deleted:
        stack.groups.delete_group(ann, large)
    told = [record for record in stack.publisher.records if isinstance(record, MembersChanged | GroupDeleted)]
    for record in told:
        streams.fan_out_handler(stack)(kafka_event("chat.receive", [record]), Context())

    assert stack.push.frames == {}, "nothing overtakes what was handed on"
    chunks = [record for record in stack.publisher.records if isinstance(record, FanOutChunk)]
    for chunk in chunks:
        streams.fan_out_chunk_handler(stack)(kafka_event("chat.fanout", [chunk]), Context())
    assert names_of(stack, "u_m007") == ["group:members"]
    assert names_of(stack, "u_m100") == (["group:delete"] if is_deleted else ["chat:receive", "group:members"])


def test_what_cannot_be_handed_on_comes_again(stack: Stack, ann: Identity, large: str) -> None:
    events = stored_events(stack, ann, large, 1)
    stack.publisher.fails = lambda record: True
    answer = streams.fan_out_handler(stack)(kafka_event("chat.receive", events), Context())
    assert answer["batchItemFailures"] == [{"itemIdentifier": {"partition": "chat.receive-0", "offset": 0}}]


def test_chunks_stay_small_enough_for_kafka_and_in_order() -> None:
    frames = [bytes([number]) * 32_000 for number in range(40)]
    chunks = [chunk for chunk in make_chunks("c_1", 1, frames) if chunk.part == 3]
    assert [frame for chunk in chunks for frame in chunk.frames] == frames
    assert all(sum(map(len, chunk.frames)) <= 350_000 for chunk in chunks)
    assert make_chunks("c_1", 1, []) == []
    assert {part_of(f"u_{number}") for number in range(1_000)} == set(range(25))
