"""ConnectionRegistry and TicketStore: one suite for the fake and the real."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from parley.domain.models import Identity
from parley.ports import ConnectionRegistry, TicketStore
from tests.contract.samples import a_connection, at_once, unique


def test_sockets_are_found_by_user(registry: ConnectionRegistry) -> None:
    ada, bob, nobody = unique("u_"), unique("u_"), unique("u_")
    phone, laptop, bobs = (
        a_connection(ada),
        a_connection(ada, endpoint="https://gw-2.example.com/ws"),
        a_connection(bob),
    )
    for connection in (phone, laptop, bobs):
        registry.add_connection(connection)

    found = registry.find_connections([ada, nobody, bob, ada])

    assert found.keys() == {ada, bob}
    assert set(found[ada]) == {phone, laptop}
    assert found[bob] == (bobs,)
    assert registry.find_connections([]) == {}


def test_adding_a_socket_again_changes_nothing(registry: ConnectionRegistry) -> None:
    connection = a_connection(unique("u_"))
    registry.add_connection(connection)
    registry.add_connection(connection)

    assert registry.find_connections([connection.user_id]) == {connection.user_id: (connection,)}


def test_one_socket_is_forgotten_and_no_other(registry: ConnectionRegistry) -> None:
    ada, bob = unique("u_"), unique("u_")
    phone, laptop = a_connection(ada), a_connection(ada)
    bobs = replace(phone, user_id=bob)
    for connection in (phone, laptop, bobs):
        registry.add_connection(connection)

    assert registry.remove_connection(ada, phone.connection_id) is True
    assert registry.remove_connection(ada, phone.connection_id) is False
    assert registry.remove_connection(unique("u_"), laptop.connection_id) is False

    assert registry.find_connections([ada, bob]) == {ada: (laptop,), bob: (bobs,)}


def test_many_users_are_found_in_one_call(registry: ConnectionRegistry) -> None:
    connections = [a_connection(unique("u_")) for _ in range(300)]
    for connection in connections:
        registry.add_connection(connection)

    found = registry.find_connections([connection.user_id for connection in connections])

    assert found == {connection.user_id: (connection,) for connection in connections}


def test_a_socket_that_missed_nothing_is_told_so(registry: ConnectionRegistry) -> None:
    phone, laptop = a_connection(unique("u_")), a_connection(unique("u_"))
    for connection in (phone, laptop):
        registry.add_connection(connection)
        registry.renew_connection(connection)
    assert [registry.take_missed(phone), registry.take_missed(phone), registry.take_missed(laptop)] == [False] * 3


def test_what_a_socket_missed_is_told_once(registry: ConnectionRegistry) -> None:
    ada = unique("u_")
    phone, laptop, tablet = (a_connection(ada) for _ in range(3))
    for connection in (phone, laptop, tablet):
        registry.add_connection(connection)

    registry.note_missed([phone, laptop])
    registry.note_missed([phone])
    registry.note_missed([])
    registry.renew_connection(phone)

    assert [registry.take_missed(connection) for connection in (phone, laptop, tablet)] == [True, True, False]
    assert [registry.take_missed(connection) for connection in (phone, laptop, tablet)] == [False] * 3
    registry.note_missed([phone])
    assert at_once([lambda: registry.take_missed(phone)] * 10).count(True) == 1


def test_a_socket_that_was_forgotten_and_is_open_has_missed_something(registry: ConnectionRegistry) -> None:
    phone, laptop = a_connection(unique("u_")), a_connection(unique("u_"))
    for connection in (phone, laptop):
        registry.add_connection(connection)
        registry.remove_connection(connection.user_id, connection.connection_id)
    registry.renew_connection(phone)
    unknown = a_connection(unique("u_"))

    assert registry.find_connections([phone.user_id, laptop.user_id]) == {phone.user_id: (phone,)}
    assert [registry.take_missed(connection) for connection in (phone, laptop, unknown)] == [True] * 3
    assert [registry.take_missed(connection) for connection in (phone, laptop, unknown)] == [False] * 3
    assert set(registry.find_connections([laptop.user_id, unknown.user_id])) == {laptop.user_id, unknown.user_id}


def test_a_ticket_is_redeemed_once(tickets: TicketStore) -> None:
    identity = Identity("u_ada", "s_phone")
    tickets.insert_ticket("ticket-1", identity, ttl_s=30)

    outcomes = at_once([lambda: tickets.redeem_ticket("ticket-1")] * 10)

    assert outcomes.count(identity) == 1
    assert outcomes.count(None) == 9
    assert tickets.redeem_ticket("ticket-2") is None


def test_an_old_time_of_connecting_is_kept(registry: ConnectionRegistry) -> None:
    connected_at = (datetime.now(UTC) - timedelta(hours=1, minutes=59)).replace(microsecond=0)
    connection = a_connection(unique("u_"), connected_at=connected_at)
    registry.add_connection(connection)

    assert registry.find_connections([connection.user_id]) == {connection.user_id: (connection,)}


def test_floors_are_told_of_what_was_begun_before_a_socket_opened(registry: ConnectionRegistry) -> None:
    ada, bob, here = unique("u_"), unique("u_"), unique("c_")
    early, between, late = a_connection(ada), a_connection(ada), a_connection(bob)
    registry.add_connection(early)
    first = registry.begin_pushes([ada, bob], {here: (45, 64)})
    registry.add_connection(between)
    second = registry.begin_pushes([ada, bob], {here: (65, 77)})
    registry.add_connection(late)
    for connection in (early, between, late):
        registry.renew_connection(connection)
        registry.add_connection(connection)

    again = registry.begin_pushes([ada, ada, bob], {here: (45, 77)})

    assert (first.connections, first.floors) == ({ada: (early,)}, {})
    assert (set(second.connections[ada]), second.floors) == ({early, between}, {})
    assert again.connections.keys() == {ada, bob}
    assert again.floors == {(between.connection_id, here): 64, (late.connection_id, here): 77}


def test_what_is_new_has_no_floor_and_neither_has_another_lane(registry: ConnectionRegistry) -> None:
    ada, here, there = unique("u_"), unique("c_"), unique("c_")
    registry.begin_pushes([ada], {here: (1, 10)})
    registry.add_connection(a_connection(ada))

    assert registry.begin_pushes([ada], {here: (11, 12)}).floors == {}
    assert registry.begin_pushes([ada], {there: (1, 10)}).floors == {}
    assert registry.begin_pushes([ada], {}).floors == {}
    assert registry.begin_pushes([], {}) == registry.begin_pushes([unique("u_")], {})


def test_what_was_begun_before_a_socket_missed_something_has_a_floor(registry: ConnectionRegistry) -> None:
    ada, here = unique("u_"), unique("c_")
    phone, laptop = a_connection(ada), a_connection(ada)
    for connection in (phone, laptop):
        registry.add_connection(connection)
    registry.begin_pushes([ada], {here: (1, 3)})
    registry.note_missed([phone])
    registry.begin_pushes([ada], {here: (4, 6)})
    registry.renew_connection(phone)
    registry.take_missed(phone)

    again = registry.begin_pushes([ada], {here: (1, 6)})

    assert set(again.connections[ada]) == {phone, laptop}
    assert again.floors == {(phone.connection_id, here): 3}


def test_who_was_open_before_the_registry_knew_is_told_apart_from_who_opens(registry: ConnectionRegistry) -> None:
    ada = unique("u_")
    opens, again, forgotten = (a_connection(ada) for _ in range(3))
    before = datetime.now(UTC) - timedelta(seconds=5)
    registry.add_connection(opens)
    registry.renew_connection(opens)
    registry.take_missed(again)
    registry.add_connection(again)
    registry.add_connection(forgotten)
    registry.remove_connection(ada, forgotten.connection_id)
    registry.renew_connection(forgotten)
    registry.note_missed([opens, again])

    resumed = registry.begin_pushes([ada], {}).resumed

    assert resumed.keys() == {again.connection_id, forgotten.connection_id}
    assert all(before < at < before + timedelta(seconds=60) for at in resumed.values())
    registry.remove_connection(ada, again.connection_id)
    registry.add_connection(again)
    assert registry.begin_pushes([ada], {}).resumed.keys() == {forgotten.connection_id}


def test_who_is_asked_to_sync_hears_so_once_and_has_no_floor(registry: ConnectionRegistry) -> None:
    phone, here = a_connection(unique("u_")), unique("c_")
    registry.add_connection(phone)
    registry.begin_pushes([phone.user_id], {here: (1, 3)})
    registry.ask_to_sync([phone])
    registry.ask_to_sync([])

    assert registry.begin_pushes([phone.user_id], {here: (1, 3)}).floors == {}
    assert [registry.take_missed(phone), registry.take_missed(phone)] == [True, False]


def test_what_lies_before_all_that_is_known_of_a_lane_was_begun_before(registry: ConnectionRegistry) -> None:
    phone, here = a_connection(unique("u_")), unique("c_")
    registry.add_connection(phone)
    first = registry.begin_pushes([phone.user_id], {here: (41, 42)})
    again = registry.begin_pushes([phone.user_id], {here: (37, 42)})

    assert (first.floors, again.floors) == ({}, {(phone.connection_id, here): 40})


def test_a_socket_that_was_forgotten_counts_as_new(registry: ConnectionRegistry) -> None:
    phone, here = a_connection(unique("u_")), unique("c_")
    registry.add_connection(phone)
    registry.remove_connection(phone.user_id, phone.connection_id)
    registry.begin_pushes([phone.user_id], {here: (1, 3)})
    registry.renew_connection(phone)

    assert registry.begin_pushes([phone.user_id], {here: (2, 3)}).floors == {(phone.connection_id, here): 3}


def test_the_last_thirty_steps_of_a_lane_are_kept_for_floors(registry: ConnectionRegistry) -> None:
    ada, here = unique("u_"), unique("c_")
    sockets = [a_connection(ada) for _ in range(100)]
    for number, socket in enumerate(sockets):
        registry.begin_pushes([ada], {here: (10_000 + number, 10_000 + number)})
        registry.add_connection(socket)

    floors = registry.begin_pushes([ada], {here: (10_070, 10_099)}).floors

    recent = {(socket.connection_id, here): 10_000 + number for number, socket in enumerate(sockets) if number >= 70}
    assert recent.items() <= floors.items()
