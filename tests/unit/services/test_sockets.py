"""Sockets that open and close."""

from __future__ import annotations

import pytest

from parley.domain.errors import UnauthorizedError, UnavailableError
from parley.domain.models import Connection, Identity
from parley.services.sockets import Sockets
from tests.unit.services.world import World


@pytest.fixture
def sockets(world: World) -> Sockets:
    return Sockets(registry=world.registry, sessions=world.session_store)


def socket_of(world: World, identity: Identity, connection_id: str) -> Connection:
    return Connection(connection_id, identity.user_id, identity.session_id, "http://gateway.test/ws", world.clock.now())


def test_a_socket_is_known_from_its_connect_to_its_disconnect(world: World, sockets: Sockets, ann: Identity) -> None:
    phone, laptop = (socket_of(world, ann, name) for name in ("phone", "laptop"))
    for connection in (phone, laptop, phone):
        sockets.connect(connection)
    assert set(world.registry.find_connections([ann.user_id])[ann.user_id]) == {phone, laptop}
    assert sockets.disconnect(ann.user_id, "phone")
    assert not sockets.disconnect(ann.user_id, "phone"), "a second $disconnect is harmless"
    assert world.registry.find_connections([ann.user_id]) == {ann.user_id: (laptop,)}


def test_a_socket_of_an_ended_session_is_refused_and_not_kept(world: World, sockets: Sockets, ann: Identity) -> None:
    world.session_store.end_session(ann.session_id)
    with pytest.raises(UnauthorizedError):
        sockets.connect(socket_of(world, ann, "phone"))
    assert world.registry.find_connections([ann.user_id]) == {}


def test_a_socket_is_registered_before_its_session_is_looked_at(world: World, sockets: Sockets, ann: Identity) -> None:
    """So that a logout in between finds it to close."""
    world.session_store.reachable = False
    with pytest.raises(UnavailableError):
        sockets.connect(socket_of(world, ann, "phone"))
    assert len(world.registry.find_connections([ann.user_id])[ann.user_id]) == 1


def test_a_socket_of_another_users_session_is_refused(
    world: World, sockets: Sockets, ann: Identity, ben: Identity
) -> None:
    with pytest.raises(UnauthorizedError):
        sockets.connect(socket_of(world, Identity(ann.user_id, ben.session_id), "phone"))
