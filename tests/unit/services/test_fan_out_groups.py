"""Fan-out of what happens to groups: their views, their members, their end."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from parley.domain.models import Identity
from parley.domain.records import FanOutChunk, GroupDeleted, GroupShown, MembersChanged
from parley.protocol.events import encode_event
from parley.services.fan_out import FanOut, FanOutReport
from tests.unit.services.world import World


def shown(world: World, connection_id: str) -> list[dict[str, Any]]:
    """The views and changes that a socket was told of, in order."""
    return [event for frame in world.push.frames.get(connection_id, []) for event in as_list(json.loads(frame))]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def fan_out_all(world: World, *, large_group_count: int = 200) -> FanOutReport:
    """Fans out what was published, as the consumer does, with the events as clients get them."""
    events = [
        record for record in world.publisher.records if isinstance(record, MembersChanged | GroupShown | GroupDeleted)
    ]
    world.publisher.records.clear()
    service = FanOut(
        conversations=world.conversation_store,
        registry=world.registry,
        gone=world.gone,
        push=world.push,
        publisher=world.publisher,
        encode=partial(encode_event, url_of=world.attachment_url),
        note_pushes=world.tracing.note_pushes,
        large_group_count=large_group_count,
    )
    return service.fan_out(events)


def test_each_member_is_shown_a_group_as_they_see_it(world: World, ann: Identity, ben: Identity, eve: Identity) -> None:
    for identity in (ann, ben):
        world.open_socket(identity, identity.user_id)
    view = world.conversations.create_group(ann, name="Owls", member_ids=[ben.user_id, eve.user_id])
    world.groups.rename_group(ann, view.conversation.conversation_id, "Larks")
    world.conversation_store.calls.clear()
    report = fan_out_all(world)
    assert (report.pushed, report.events) == (2, 4)
    assert world.conversation_store.calls == {"read_member_ids": 1, "read_memberships": 1}
    for identity, role in ((ann, "owner"), (ben, "member")):
        created, renamed = shown(world, identity.user_id)
        assert (created["event"], renamed["event"]) == ("group:create", "group:update")
        assert (created["data"]["rev"], renamed["data"]["rev"]) == (1, 2)
        assert created["data"]["conversation"]["myRole"] == renamed["data"]["conversation"]["myRole"] == role
        assert (created["data"]["conversation"]["name"], renamed["data"]["conversation"]["name"]) == ("Owls", "Larks")


def test_those_removed_are_told_and_nothing_after(world: World, ann: Identity, ben: Identity, eve: Identity) -> None:
    here = world.make_group(ann, ben).conversation.conversation_id
    for identity in (ann, ben, eve):
        world.open_socket(identity, identity.user_id)
    world.groups.change_members(ann, here, add=[eve.user_id], remove=[ben.user_id])
    world.groups.rename_group(ann, here, "After")
    fan_out_all(world)
    got = {user: shown_events for user in ("u_ann", "u_ben", "u_eve") if (shown_events := names_of(world, user))}
    assert got == {
        "u_ann": ["group:members", "group:update"],
        "u_ben": ["group:members"],
        "u_eve": ["group:create", "group:members", "group:update"],
    }


def names_of(world: World, connection_id: str) -> list[str]:
    return [event["event"] for event in shown(world, connection_id)]


def test_a_deleted_group_is_told_to_all_who_were_in_it(world: World, ann: Identity, ben: Identity) -> None:
    here = world.make_group(ann, ben).conversation.conversation_id
    world.open_socket(ben, "b")
    world.groups.delete_group(ann, here)
    fan_out_all(world)
    assert shown(world, "b") == [{"event": "group:delete", "data": {"conversationId": here, "rev": 2}}]


def test_of_a_large_group_each_is_shown_their_own_view_and_the_removed_are_told(
    world: World, ann: Identity, ben: Identity, eve: Identity
) -> None:
    here = world.make_group(ann, ben, eve).conversation.conversation_id
    for identity in (ann, ben, eve):
        world.open_socket(identity, identity.user_id)
    world.groups.rename_group(ann, here, "Larks")
    world.groups.change_members(ann, here, remove=[ben.user_id])
    fan_out_all(world, large_group_count=1)
    got = {user: names_of(world, user) for user in ("u_ann", "u_ben", "u_eve")}
    assert got == {"u_ann": ["group:update"], "u_ben": [], "u_eve": ["group:update"]}
    chunks = [record for record in world.publisher.records if isinstance(record, FanOutChunk)]
    assert {chunk.members_rev for chunk in chunks} == {3}
    assert all(b'"event":"group:members"' in chunk.frames[0] for chunk in chunks)
    assert [chunk.recipient_ids for chunk in chunks if chunk.recipient_ids is not None] == [("u_ben",)]
