"""Rooms, typing and presence: who hears what, and who does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from parley.domain.errors import InvalidRequestError, NotFoundError, UnavailableError
from parley.domain.models import Connection, Identity
from tests.unit.services.world import World


@pytest.fixture
def here(world: World, ann: Identity, ben: Identity) -> str:
    return world.make_group(ann, ben).conversation.conversation_id


def join(world: World, who: Identity, place: str, connection_id: str) -> Connection:
    """One of their sockets, open and in the room; what was pushed for it is forgotten."""
    socket = world.open_socket(who, connection_id)
    world.presence.note_opened(socket)
    world.rooms.join_room(who, place, socket)
    world.push.frames.clear()
    return socket


def heard(world: World, connection_id: str) -> list[tuple[str, dict[str, Any]]]:
    frames = [json.loads(frame) for frame in world.push.frames.get(connection_id, [])]
    return [(frame["event"], frame["data"]) for frame in frames]


def test_joining_tells_the_others_and_gives_who_is_online(
    world: World, ann: Identity, ben: Identity, eve: Identity, here: str
) -> None:
    world.open_socket(eve, "eve-1")
    join(world, ann, here, "ann-1")
    socket = world.open_socket(ben, "ben-1")

    assert world.rooms.join_room(ben, here, socket) == ["u_ann", "u_ben"]

    assert heard(world, "ann-1") == [("chat:user:joined", {"conversationId": here, "userId": "u_ben"})]
    assert heard(world, "ben-1") == heard(world, "eve-1") == []
    world.push.frames.clear()
    world.rooms.join_room(ben, here, world.open_socket(ben, "ben-2"))
    world.rooms.join_room(ben, here, socket)
    assert heard(world, "ann-1") == []


def test_the_last_socket_that_leaves_is_told_of(world: World, ann: Identity, ben: Identity, here: str) -> None:
    join(world, ann, here, "ann-1")
    first, second = join(world, ben, here, "ben-1"), join(world, ben, here, "ben-2")
    world.rooms.leave_room(ben, here, first)
    assert heard(world, "ann-1") == []
    world.rooms.leave_room(ben, here, second)
    world.rooms.leave_room(ben, here, second)
    assert heard(world, "ann-1") == [("chat:user:left", {"conversationId": here, "userId": "u_ben"})]


def test_typing_is_heard_by_members_who_joined_and_nobody_else(
    world: World, ann: Identity, ben: Identity, eve: Identity
) -> None:
    place = world.make_group(ann, ben, eve).conversation.conversation_id
    for who, name in ((ann, "ann-1"), (ben, "ben-1"), (eve, "eve-1")):
        join(world, who, place, name)
    world.open_socket(ben, "ben-2")
    staying = [world.database.memberships[place, who] for who in ("u_ann", "u_ben")]
    world.conversation_store.replace_members(place, staying)

    world.rooms.type_in_room(ann, place, "start")

    told = [("chat:typing:update", {"conversationId": place, "userId": "u_ann", "state": "start"})]
    assert heard(world, "ben-1") == told
    for other in ("ann-1", "ben-2", "eve-1"):
        assert heard(world, other) == []


def test_strangers_cannot_join_leave_or_type(world: World, eve: Identity, here: str) -> None:
    socket = world.open_socket(eve, "eve-1")
    for place in (here, "c_none", "no id at all"):
        for ask in (
            lambda place=place: world.rooms.join_room(eve, place, socket),
            lambda place=place: world.rooms.leave_room(eve, place, socket),
            lambda place=place: world.rooms.type_in_room(eve, place, "start"),
        ):
            with pytest.raises(NotFoundError):
                ask()


def test_who_comes_and_goes_is_told_to_those_who_joined_a_conversation_with_them(
    world: World, ann: Identity, ben: Identity, eve: Identity, here: str
) -> None:
    elsewhere = world.make_group(ann, eve).conversation.conversation_id
    join(world, ann, here, "ann-1")
    join(world, eve, elsewhere, "eve-1")
    first, second = world.open_socket(ben, "ben-1"), world.open_socket(ben, "ben-2")
    for socket in (first, second):
        world.presence.note_opened(socket)
    ((event, data),) = heard(world, "ann-1")
    assert (event, data["userId"], data["online"]) == ("presence:update", "u_ben", True)
    world.push.frames.clear()

    world.clock.advance(60)
    close(world, first)
    assert heard(world, "ann-1") == []
    close(world, second)
    close(world, second)

    at = "2026-01-31T12:01:00.000Z"
    assert heard(world, "ann-1") == [("presence:update", {"userId": "u_ben", "online": False, "lastSeenAt": at})]
    assert heard(world, "eve-1") == []
    ann_sees = world.presence.list_presence(ann, ["u_ben", "u_none", "u_ann", "u_ben"])
    assert [(one.user_id, one.online) for one in ann_sees] == [("u_ben", False), ("u_ann", True)]
    assert ann_sees[0].last_seen_at == world.clock.now()
    assert world.presence.list_presence(eve, ["u_ben"]) == []
    with pytest.raises(InvalidRequestError):
        world.presence.list_presence(ann, [f"u_{number}" for number in range(101)])


def close(world: World, socket: Connection) -> None:
    world.registry.remove_connection(socket.user_id, socket.connection_id)
    world.presence.note_closed(socket)


def test_a_socket_that_closes_leaves_its_rooms(world: World, ann: Identity, ben: Identity, here: str) -> None:
    join(world, ann, here, "ann-1")
    close(world, join(world, ben, here, "ben-1"))
    assert [event for event, _ in heard(world, "ann-1")] == ["chat:user:left", "presence:update"]


def test_the_sweep_ends_what_closed_unheard_of(world: World, ann: Identity, ben: Identity, here: str) -> None:
    join(world, ann, here, "ann-1")
    join(world, ben, here, "ben-1")
    world.push.outcomes["ben-1"] = "gone"
    assert world.presence.sweep() == 0  # it may not be open yet
    world.clock.advance(30)

    assert world.presence.sweep() == 1

    assert [event for event, _ in heard(world, "ann-1")] == ["chat:user:left", "presence:update"]
    assert world.registry.find_connections(["u_ben"]) == {}
    assert world.presence.sweep() == 0


def test_the_sweep_ends_the_presence_of_one_whose_socket_a_push_found_gone(
    world: World, ann: Identity, ben: Identity, here: str
) -> None:
    join(world, ann, here, "ann-1")
    world.presence.note_opened(world.open_socket(ben, "ben-1"))
    world.push.frames.clear()
    world.registry.remove_connection("u_ben", "ben-1")
    world.presence.sweep()
    ((event, data),) = heard(world, "ann-1")
    assert (event, data["userId"], data["online"]) == ("presence:update", "u_ben", False)


def test_a_socket_is_told_once_that_it_expires(world: World, ann: Identity) -> None:
    world.open_socket(ann, "ann-1")
    world.clock.advance(114 * 60)
    world.presence.sweep()
    assert heard(world, "ann-1") == []
    for _ in range(3):
        world.clock.advance(80)
        world.presence.sweep()
    assert heard(world, "ann-1") == [("session:expiring", {"reconnectBy": "2026-01-31T14:00:00.000Z"})]


def test_a_socket_that_is_gone_is_forgotten_when_it_is_told(
    world: World, ann: Identity, ben: Identity, here: str
) -> None:
    join(world, ann, here, "ann-1")
    join(world, ben, here, "ben-1")
    world.push.outcomes["ben-1"] = "gone"
    world.rooms.type_in_room(ann, here, "stop")
    assert list(world.room_registry.rooms[here]) == ["ann-1", "ben-1"]  # it may not be open yet
    world.clock.advance(30)
    world.rooms.type_in_room(ann, here, "stop")
    assert world.registry.find_connections(["u_ben"]) == {}
    assert list(world.room_registry.rooms[here]) == ["ann-1"]


def test_what_is_told_while_it_lasts_never_fails_the_act(world: World, ann: Identity, ben: Identity, here: str) -> None:
    join(world, ben, here, "ben-1")
    world.room_registry.reachable = False
    world.rooms.type_in_room(ann, here, "start")
    world.presence.note_opened(world.open_socket(ann, "ann-1"))
    with pytest.raises(UnavailableError):
        world.rooms.join_room(ann, here, world.open_socket(ann, "ann-2"))


def test_frames_bring_back_what_valkey_forgot(world: World, ann: Identity) -> None:
    socket = Connection("ann-1", "u_ann", "s_ann", "http://gateway.test/ws", world.clock.now())
    for _ in range(3):
        world.renewal.renew(socket)
    assert world.registry.calls["renew_connection"] == 1
    assert world.registry.find_connections(["u_ann"]) == {"u_ann": (socket,)}
    world.registry.remove_connection("u_ann", "ann-1")
    world.clock.advance(21)
    world.renewal.renew(socket)
    assert world.registry.find_connections(["u_ann"]) == {"u_ann": (socket,)}
    world.registry.reachable = False
    world.clock.advance(21)
    for _ in range(3):
        world.renewal.renew(socket)
    assert world.registry.calls["renew_connection"] == 3
    world.registry.reachable = True
    world.clock.advance(6)
    world.renewal.renew(socket)
    assert world.registry.calls["renew_connection"] == 4


def test_a_ping_hears_once_of_what_its_socket_missed(world: World, ann: Identity) -> None:
    socket = world.open_socket(ann, "ann-1")
    assert world.renewal.take_missed(socket) is False
    world.registry.remove_connection("u_ann", "ann-1")
    # Another frame makes it known again, and takes nothing from what the ping is to hear.
    world.clock.advance(21)
    world.renewal.renew(socket)
    assert world.registry.find_connections(["u_ann"]) == {"u_ann": (socket,)}
    assert [world.renewal.take_missed(socket) for _ in range(2)] == [True, False]


def test_what_cannot_be_said_now_is_said_later(world: World, ann: Identity) -> None:
    socket = world.open_socket(ann, "ann-1")
    world.registry.note_missed([socket])
    world.registry.reachable = False
    assert [world.renewal.take_missed(socket) for _ in range(3)] == [False] * 3
    assert world.registry.calls["take_missed"] == 1
    world.registry.reachable = True
    world.clock.advance(6)
    # That rooms cannot be reached takes nothing from it.
    world.room_registry.reachable = False
    assert world.renewal.take_missed(socket) is True
