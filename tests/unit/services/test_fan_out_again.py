"""Fan-out of a batch that comes again: no socket is shown what is older after what is newer."""

from __future__ import annotations

from dataclasses import replace

from parley.domain.models import Identity
from parley.domain.records import GroupDeleted
from tests.unit.services.delivery import Delivery, ids_of, make_events
from tests.unit.services.world import World


def test_a_batch_that_comes_again_shows_a_new_socket_nothing_older_than_it_was_shown(
    world: World, delivery: Delivery, ann: Identity, ben: Identity
) -> None:
    here = world.make_direct(ann, ben).conversation.conversation_id
    there = world.make_group(ann, ben).conversation.conversation_id
    before, after = make_events(here, 3), make_events(here, 2, first=4)
    world.open_socket(ann, "old")
    delivery.service.fan_out(before)
    world.open_socket(ann, "new")
    delivery.service.fan_out(after)
    world.open_socket(ann, "newest")

    report = delivery.service.fan_out([*before, *after, *make_events(there, 1)])

    assert delivery.arrived("new") == [*ids_of(after), *ids_of(after), f"m_{there}_1:2"]
    assert delivery.arrived("old") == [*ids_of(before), *ids_of(after), *ids_of([*before, *after]), f"m_{there}_1:2"]
    assert delivery.arrived("newest") == [f"m_{there}_1:2"]
    assert (report.pushed, report.events) == (3, 6 + 3 + 1)
    assert delivery.service.fan_out(make_events(here, 2, first=5)).pushed == 3
    assert delivery.arrived("newest")[1:] == ids_of(make_events(here, 1, first=6))


def test_what_a_socket_missed_does_not_come_after_what_it_was_shown_since(
    world: World, delivery: Delivery, ann: Identity, ben: Identity
) -> None:
    here = world.make_direct(ann, ben).conversation.conversation_id
    world.open_socket(ann, "a")
    world.open_socket(ann, "b")
    before, after = make_events(here, 3), make_events(here, 2, first=4)
    delivery.push.outcomes["a"] = "failed"
    delivery.service.fan_out(before)
    del delivery.push.outcomes["a"]
    delivery.service.fan_out(after)
    delivery.service.fan_out([*before, *after])
    assert delivery.arrived("a") == [*ids_of(after), *ids_of(after)]
    assert delivery.arrived("b") == [*ids_of(before), *ids_of(after), *ids_of([*before, *after])]


def test_after_a_lost_registry_a_socket_gets_nothing_older_than_its_return_and_is_asked_to_sync(
    world: World, delivery: Delivery, ann: Identity, ben: Identity
) -> None:
    here = world.make_direct(ann, ben).conversation.conversation_id
    connection = world.open_socket(ann, "a")
    other = world.open_socket(ann, "b")
    before = make_events(here, 3)
    world.clock.advance(1)
    world.registry.lose()
    world.registry.take_missed(connection)
    world.registry.add_connection(other)
    after = [
        replace(event, message=replace(event.message, created_at=world.clock.now()))
        for event in make_events(here, 1, first=4)
    ]
    delivery.service.fan_out([*before, *after])
    assert delivery.arrived("a") == ids_of(after)
    assert delivery.arrived("b") == ids_of([*before, *after])
    assert (world.registry.take_missed(connection), world.registry.take_missed(other)) == (True, False)


def test_what_is_no_new_message_comes_to_new_sockets_again(
    world: World, delivery: Delivery, ann: Identity, ben: Identity
) -> None:
    here = world.make_direct(ann, ben).conversation.conversation_id
    gone = GroupDeleted(here, rev=9, recipient_ids=(ann.user_id,))
    delivery.service.fan_out([*make_events(here, 1), gone])
    world.open_socket(ann, "new")
    delivery.service.fan_out([*make_events(here, 1), gone])
    assert delivery.arrived("new") == [gone.event_id]
