"""The real stores and Valkey when what they need is stopped, absent, or in two minds."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest
from redis import Redis

from parley.connections.valkey import ValkeyConnections
from parley.domain.errors import ConflictError, UnavailableError
from parley.domain.models import Identity
from parley.ports import Appended, NotAppended, Reach
from parley.stores.mongo import MongoStores
from tests.contract.samples import (
    NOW,
    a_connection,
    a_conversation,
    a_session,
    a_user,
    an_accepted_message,
    at_once,
    unique,
)
from tests.engines import RunningEngines

pytestmark = pytest.mark.engines

NOBODY_THERE = "127.0.0.1:1"


@contextmanager
def within(seconds: float) -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < seconds


def assert_all_unavailable(calls: Sequence[Callable[[], object]]) -> None:
    def run(call: Callable[[], object]) -> bool:
        try:
            call()
        except UnavailableError:
            return True
        return False

    assert all(at_once([functools.partial(run, call) for call in calls]))


def create(mongo: MongoStores) -> str:
    conversation, members = a_conversation("u_ada")
    mongo.conversations.create_conversation(conversation, members)
    return conversation.conversation_id


def database_calls(mongo: MongoStores, conversation_id: str) -> list[Callable[[], object]]:
    conversation, members = a_conversation("u_ada")
    return [
        mongo.ping,
        lambda: mongo.users.insert_user(a_user(), "hash"),
        lambda: mongo.users.find_credentials("ada"),
        lambda: mongo.sessions.insert_session(a_session(expires_at=NOW)),
        lambda: mongo.conversations.create_conversation(conversation, members),
        lambda: mongo.conversations.list_conversations("u_ada", before=None, limit=10),
        lambda: mongo.conversations.read_member_ids([conversation_id]),
        lambda: mongo.messages.list_messages(conversation_id, limit=10),
    ]


def test_a_stopped_database_is_unavailable_and_well_again_at_once(engines: RunningEngines, mongo: MongoStores) -> None:
    conversation_id = create(mongo)
    messages = [an_accepted_message(conversation_id) for _ in range(3)]

    with engines.paused("mongo"):
        with within(5):
            assert_all_unavailable(database_calls(mongo, conversation_id))
        with within(5):
            outcomes = mongo.messages.append_messages(messages, NOW)
        assert all(isinstance(outcome, NotAppended) for outcome in outcomes)
        assert all(
            isinstance(outcome.error, UnavailableError) for outcome in outcomes if isinstance(outcome, NotAppended)
        )

    with within(5):
        outcomes = mongo.messages.append_messages(messages, NOW)
    assert all(isinstance(outcome, Appended) for outcome in outcomes)
    stored = mongo.messages.list_messages(conversation_id, after=0, limit=10)
    assert [message.seq for message in stored] == [1, 2, 3]


def test_an_absent_database_is_unavailable() -> None:
    mongo = MongoStores(f"mongodb://{NOBODY_THERE}/parley?directConnection=true")
    try:
        for call in (mongo.ping, lambda: mongo.users.find_users(["u_ada"])):
            with within(3), pytest.raises(UnavailableError):
                call()
    finally:
        mongo.close()


def test_what_cannot_be_stored_leaves_no_hole_and_holds_up_no_other(mongo: MongoStores) -> None:
    bad, good, other = create(mongo), create(mongo), create(mongo)
    first = an_accepted_message(bad)
    mongo.messages.append_messages([first], NOW)
    before = mongo.conversations.find_conversation(bad)
    impostor = an_accepted_message(bad, client_message_id=first.client_message_id, message_id=unique("m_other"))

    outcomes = mongo.messages.append_messages(
        [
            an_accepted_message(good),
            an_accepted_message(bad),
            impostor,
            an_accepted_message(other),
            an_accepted_message(good),
        ],
        NOW,
    )

    assert [isinstance(outcome, Appended) for outcome in outcomes] == [True, False, False, True, True]
    refused = [outcome for outcome in outcomes if isinstance(outcome, NotAppended)]
    assert all(isinstance(outcome.error, ConflictError) for outcome in refused)
    assert mongo.conversations.find_conversation(bad) == before
    assert [message.seq for message in mongo.messages.list_messages(bad, after=0, limit=10)] == [1]
    assert [message.seq for message in mongo.messages.list_messages(good, after=0, limit=10)] == [1, 2]

    [after] = mongo.messages.append_messages([an_accepted_message(bad)], NOW)
    assert isinstance(after, Appended)
    assert (after.message.seq, after.message.rev) == (2, 3)


def test_text_that_is_no_unicode_is_refused_by_itself(mongo: MongoStores) -> None:
    bad, good = create(mongo), create(mongo)

    outcomes = mongo.messages.append_messages(
        [an_accepted_message(bad, content="\ud800"), an_accepted_message(good), an_accepted_message(bad)], NOW
    )

    assert [isinstance(outcome, Appended) for outcome in outcomes] == [False, True, True]
    assert isinstance(outcomes[0], NotAppended)
    assert not outcomes[0].error.retryable


def test_creating_indexes_again_changes_nothing(mongo: MongoStores) -> None:
    create(mongo)
    mongo.create_indexes()


def valkey_calls(valkey: ValkeyConnections) -> list[Callable[[], object]]:
    return [
        valkey.ping,
        lambda: valkey.add_connection(a_connection("u_ada")),
        lambda: valkey.remove_connection("u_ada", "x"),
        lambda: valkey.find_connections(["u_ada", "u_bob"]),
        lambda: valkey.begin_pushes(["u_ada"], {"c_1": (1, 2)}),
        lambda: valkey.insert_ticket("ticket", Identity("u_ada", "s_phone"), ttl_s=30),
        lambda: valkey.redeem_ticket("ticket"),
    ]


def test_a_stopped_valkey_is_unavailable_and_well_again_at_once(
    engines: RunningEngines, valkey: ValkeyConnections
) -> None:
    connection = a_connection(unique("u_"))
    valkey.add_connection(connection)

    with engines.paused("valkey"), within(2.5):
        assert_all_unavailable(valkey_calls(valkey))

    with within(2):
        assert valkey.find_connections([connection.user_id]) == {connection.user_id: (connection,)}


def test_an_absent_valkey_is_unavailable() -> None:
    valkey = ValkeyConnections(f"redis://{NOBODY_THERE}/0")
    with within(2), pytest.raises(UnavailableError):
        valkey.ping()


def test_a_connection_that_valkey_closed_is_replaced(engines: RunningEngines) -> None:
    url = engines.fresh_redis_url()
    valkey, client = ValkeyConnections(url), Redis.from_url(url)
    try:
        connection = a_connection(unique("u_"))
        valkey.add_connection(connection)
        client.client_kill_filter(_type="normal", skipme=True)

        assert valkey.find_connections([connection.user_id]) == {connection.user_id: (connection,)}
    finally:
        valkey.close()
        client.close()


def test_every_key_has_an_expiry_and_none_holds_a_ticket(engines: RunningEngines) -> None:
    url = engines.fresh_redis_url()
    valkey, client = ValkeyConnections(url), Redis.from_url(url, decode_responses=True)
    try:
        valkey.add_connection(a_connection("u_ada"))
        valkey.insert_ticket("the-ticket", Identity("u_ada", "s_phone"), ttl_s=30)
        valkey.begin_pushes([], {"c_1": (1, 2)})

        lifetimes_s = {key: client.ttl(key) for key in client.scan_iter()}
        assert len(lifetimes_s) == 4  # the registration, that it missed nothing, the ticket, and what was begun
        assert all(0 < life_s <= 7_800 for life_s in lifetimes_s.values())
        assert not any("the-ticket" in key for key in lifetimes_s)
    finally:
        valkey.close()
        client.close()


def test_a_socket_that_outlived_itself_is_not_given_out_and_goes_at_the_next_connect(engines: RunningEngines) -> None:
    url = engines.fresh_redis_url()
    valkey, client = ValkeyConnections(url), Redis.from_url(url)
    try:
        lapsed, lives = a_connection("u_ada", connected_at=NOW.replace(year=2020)), a_connection("u_ada")
        valkey.add_connection(lapsed)
        assert valkey.find_connections(["u_ada"]) == {}

        valkey.add_connection(lives)

        assert valkey.find_connections(["u_ada"]) == {"u_ada": (lives,)}
        assert client.hlen("connections:u_ada") == 1
    finally:
        valkey.close()
        client.close()


def test_a_socket_that_was_registered_without_times_is_found_and_gets_them(engines: RunningEngines) -> None:
    url = engines.fresh_redis_url()
    valkey, client = ValkeyConnections(url), Redis.from_url(url)
    try:
        connection = a_connection("u_ada")
        at_ms = int(connection.connected_at.timestamp() * 1_000)
        field = f'["{connection.session_id}","{connection.endpoint}",{at_ms}]'
        client.hset("connections:u_ada", connection.connection_id, field)
        valkey.note_missed([connection])
        valkey.begin_pushes([], {"c_1": (1, 2)})

        before = valkey.begin_pushes(["u_ada"], {"c_1": (1, 2)})
        valkey.renew_connection(connection)
        after = valkey.begin_pushes(["u_ada"], {"c_1": (1, 2)})

        assert before == Reach({"u_ada": (connection,)}, {}, {})
        assert after.connections == before.connections
        assert (after.floors, set(after.resumed)) == (
            {(connection.connection_id, "c_1"): 2},
            {connection.connection_id},
        )
    finally:
        valkey.close()
        client.close()
