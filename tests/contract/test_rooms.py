"""RoomRegistry: one suite for the fake and the real."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from parley.connections.rooms import ValkeyRooms
from parley.ports import ConnectionRegistry, RoomRegistry
from tests.contract.conftest import FAKE_AND_REAL
from tests.contract.samples import a_connection, at_once, unique
from tests.fakes import FakeRoomRegistry


@pytest.fixture(params=FAKE_AND_REAL)
def rooms(request: pytest.FixtureRequest) -> Iterator[RoomRegistry]:
    if request.param == "fake":
        yield FakeRoomRegistry()
        return
    real = ValkeyRooms(request.getfixturevalue("engines").fresh_redis_url())
    yield real
    real.close()


def test_the_first_and_the_last_of_a_users_sockets_are_told_apart(rooms: RoomRegistry) -> None:
    place = unique("c_")
    first, second, other = a_connection("u_ada"), a_connection("u_ada"), a_connection("u_bob")

    assert [rooms.join_room(place, socket) for socket in (first, second, other, first)] == [True, False, True, False]
    assert set(rooms.find_joined([place, "c_none"])[place]) == {first, second, other}
    assert [rooms.leave_room(place, socket) for socket in (first, second, second)] == [False, True, False]
    assert rooms.find_joined([place]) == {place: (other,)}
    assert rooms.leave_room(place, other)
    assert rooms.find_joined([place]) == rooms.find_joined([]) == {}


def test_a_socket_leaves_all_its_rooms_at_once(rooms: RoomRegistry) -> None:
    alone, shared = sorted(unique("c_") for _ in range(2))
    socket, other_device, friend = a_connection("u_ada"), a_connection("u_ada"), a_connection("u_bob")
    for place in (alone, shared):
        rooms.join_room(place, socket)
        rooms.join_room(place, friend)
    rooms.join_room(shared, other_device)

    assert rooms.leave_rooms(socket) == [alone]
    assert rooms.leave_rooms(socket) == rooms.leave_rooms(a_connection("u_cy")) == []
    assert rooms.find_joined([alone]) == {alone: (friend,)}
    assert set(rooms.find_joined([shared])[shared]) == {friend, other_device}


def test_online_is_news_once(rooms: RoomRegistry) -> None:
    ada, bob = unique("u_"), unique("u_")

    assert sorted(at_once([lambda: rooms.set_online(ada)] * 4)) == [False, False, False, True]
    assert rooms.set_online(bob)
    assert {one for part in rooms.list_online() for one in part} == {ada, bob}
    assert sorted(at_once([lambda: rooms.set_offline(ada)] * 4)) == [False, False, False, True]
    assert not rooms.set_offline("u_never")
    assert {one for part in rooms.list_online() for one in part} == {bob}


def test_a_notice_is_claimed_once(rooms: RoomRegistry) -> None:
    name = unique("connection-")
    assert sorted(at_once([lambda: rooms.claim_notice(name)] * 4)) == [False, False, False, True]


def test_all_sockets_are_listed(registry: ConnectionRegistry) -> None:
    sockets = [a_connection(unique("u_")) for _ in range(3)] + [a_connection("u_ada"), a_connection("u_ada")]
    for socket in sockets:
        registry.add_connection(socket)
    found = [socket for part in registry.list_connections() for socket in part]
    assert sorted(found, key=lambda one: one.connection_id) == sorted(sockets, key=lambda one: one.connection_id)
