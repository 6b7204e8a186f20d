"""TraceStore: one suite for the fake and the real."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from redis import Redis

from parley.connections.traces import ValkeyTraces
from parley.connections.valkey import open_valkey
from parley.domain.models import Connection
from parley.domain.trace import Delivery
from parley.ports import Push, Pushes, TraceStore, Tracks
from tests.contract.conftest import FAKE_AND_REAL, SystemClock
from tests.contract.samples import NOW, a_connection, an_accepted_message, unique
from tests.fakes import FakeTraceStore

LATER = NOW + timedelta(seconds=2)


@pytest.fixture(params=FAKE_AND_REAL)
def traces(request: pytest.FixtureRequest) -> Iterator[TraceStore]:
    if request.param == "fake":
        yield FakeTraceStore(SystemClock())
        return
    redis = open_valkey(request.getfixturevalue("engines").fresh_redis_url())
    yield ValkeyTraces(redis)
    redis.close()


def a_push(user_id: str) -> tuple[Connection, Push]:
    connection = a_connection(user_id)
    return connection, Push(connection, (b"{}",))


def test_what_was_accepted_first_and_published_last_is_known(traces: TraceStore) -> None:
    one, two = an_accepted_message(unique("c_"), sender_id="u_ada"), an_accepted_message(unique("c_"))
    traces.note_accepted([one, two])
    traces.note_accepted([replace(one, accepted_at=LATER)])
    assert traces.find_tracks(one.message_id, "u_bob", 3) == Tracks("u_ada", one.accepted_at, None, ())
    traces.note_published([one.message_id, "m_other"], NOW)
    traces.note_published([one.message_id], LATER)
    assert traces.find_tracks(one.message_id, "u_bob", 3) == Tracks("u_ada", one.accepted_at, LATER, ())
    assert traces.find_tracks(unique("m_"), "u_ada", 3) == Tracks(None, None, None, ())


def test_each_user_is_told_of_their_own_connections(traces: TraceStore) -> None:
    at = SystemClock().now().replace(microsecond=0)
    (phone, first), (laptop, second), (other, third) = a_push("u_ada"), a_push("u_ada"), a_push("u_bob")
    message, unrelated = unique("m_"), unique("m_")
    traces.note_pushes(Pushes([(message, None)], (first, second, third), ("pushed", "gone", "failed"), at))
    expected = [Delivery(phone.connection_id, at, "pushed"), Delivery(laptop.connection_id, at, "gone")]
    expected.sort(key=lambda one: one.connection_id)
    assert traces.find_tracks(message, "u_ada", 0).deliveries == tuple(expected)
    assert traces.find_tracks(message, "u_bob", 0).deliveries == (Delivery(other.connection_id, at, "failed"),)
    assert traces.find_tracks(message, "u_cy", 0).deliveries == ()
    assert traces.find_tracks(unrelated, "u_ada", 0).deliveries == ()


def test_parts_of_a_large_group_are_kept_apart_and_the_last_push_stays(traces: TraceStore) -> None:
    at = SystemClock().now().replace(microsecond=0)
    (ada, first), (bob, second) = a_push("u_ada"), a_push("u_bob")
    message = unique("m_")
    traces.note_pushes(Pushes([(message, 1)], (first,), ("failed",), at - timedelta(seconds=5)))
    traces.note_pushes(Pushes([(message, 2)], (second,), ("pushed",), at))
    traces.note_pushes(Pushes([(message, 1)], (first,), ("pushed",), at))
    traces.note_pushes(Pushes([], (first,), ("pushed",), at))
    traces.note_pushes(Pushes([(message, 1)], (), (), at))
    assert traces.find_tracks(message, "u_ada", 1).deliveries == (Delivery(ada.connection_id, at, "pushed"),)
    assert traces.find_tracks(message, "u_bob", 2).deliveries == (Delivery(bob.connection_id, at, "pushed"),)
    assert traces.find_tracks(message, "u_ada", 2).deliveries == ()


@pytest.mark.engines
def test_every_note_lapses(request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("engines").fresh_redis_url()
    with Redis.from_url(url) as redis:
        traces = ValkeyTraces(redis)
        accepted = an_accepted_message(unique("c_"))
        traces.note_accepted([accepted])
        traces.note_published([accepted.message_id], NOW)
        traces.note_pushes(Pushes([(accepted.message_id, None)], (a_push("u_ada")[1],), ("pushed",), NOW))
        keys = list(redis.scan_iter())
        assert len(keys) == 4
        assert all(0 < redis.ttl(key) <= 86_400 for key in keys)


def test_a_batch_for_very_many_users_is_noted_whole(traces: TraceStore) -> None:
    at = SystemClock().now().replace(microsecond=0)
    pushes = [a_push(f"u_{number}") for number in range(6_001)]
    message = unique("m_")
    traces.note_pushes(Pushes([(message, None)], [push for _, push in pushes], ["pushed"] * len(pushes), at))
    for connection, _ in (pushes[0], pushes[499], pushes[500], pushes[-1]):
        delivery = Delivery(connection.connection_id, at, "pushed")
        assert traces.find_tracks(message, connection.user_id, 0).deliveries == (delivery,)
