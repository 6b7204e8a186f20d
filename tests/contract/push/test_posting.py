"""PushClient: what the fake and the real one share, then the real one against gateways in every mood."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

import pytest

from parley.ports import Push, PushClient
from parley.push.client import HttpPushClient
from tests.contract.push import gateway as answers
from tests.contract.push.gateway import Answer, Gateway, Request, running_gateway
from tests.contract.push.pushes import KEY, a_push, by_connection
from tests.contract.samples import a_connection
from tests.contract.tls import Authority
from tests.fakes import FakePushClient


@pytest.fixture(params=["fake", "real"])
def either(request: pytest.FixtureRequest) -> PushClient:
    made: PushClient = FakePushClient() if request.param == "fake" else request.getfixturevalue("client")
    return made


def test_each_sockets_frames_arrive_in_order(either: PushClient, gateway: Gateway) -> None:
    pushes = [a_push(gateway, *(b"%d" % number for number in range(20))) for _ in range(10)]

    assert either.post(pushes) == ["pushed"] * 10
    assert either.post([]) == []

    frames = either.frames if isinstance(either, FakePushClient) else gateway.frames()
    assert frames == {push.connection.connection_id: list(push.frames) for push in pushes}


def test_posts_go_out_side_by_side_over_kept_connections(client: HttpPushClient, gateway: Gateway) -> None:
    gateway.delay_s = 0.02
    pushes = [a_push(gateway) for _ in range(50)]

    for _ in range(4):
        assert client.post(pushes) == ["pushed"] * 50

    assert gateway.most_in_flight > 20
    assert gateway.accepted <= 50


def test_no_more_than_128_are_in_flight(client: HttpPushClient, gateway: Gateway) -> None:
    gateway.delay_s = 0.01
    assert client.post([a_push(gateway) for _ in range(400)]) == ["pushed"] * 400
    assert gateway.most_in_flight <= 128


@pytest.mark.parametrize("answer", [answers.OK, answers.CHUNKED, answers.CLOSING, answers.INTERIM, answers.NO_CONTENT])
def test_every_shape_of_a_good_answer_is_understood(client: HttpPushClient, gateway: Gateway, answer: bytes) -> None:
    gateway.answer = lambda request: answer
    pushes = [a_push(gateway, b"1", b"2", b"3") for _ in range(3)]

    assert client.post(pushes) == ["pushed"] * 3
    assert gateway.frames() == {push.connection.connection_id: [b"1", b"2", b"3"] for push in pushes}


def test_a_closed_socket_is_gone_at_once_and_its_other_frames_are_dropped(
    client: HttpPushClient, gateway: Gateway
) -> None:
    gone, open_ = a_push(gateway, b"1", b"2"), a_push(gateway, b"1", b"2")
    gateway.answer = by_connection({gone.connection.connection_id: answers.GONE})

    assert client.post([gone, open_]) == ["gone", "pushed"]
    assert gateway.frames()[gone.connection.connection_id] == [b"1"]


@pytest.mark.parametrize("answer", [answers.TOO_MANY, answers.BROKEN, answers.HANG_UP, answers.NONSENSE])
def test_a_passing_failure_is_tried_again(client: HttpPushClient, gateway: Gateway, answer: bytes) -> None:
    tries: Counter[bytes] = Counter()

    def fail_twice(request: Request) -> Answer:
        tries[request.body] += 1
        return answer if tries[request.body] <= 2 else answers.OK

    gateway.answer = fail_twice

    assert client.post([a_push(gateway, b"1", b"2")]) == ["pushed"]
    assert tries == {b"1": 3, b"2": 3}


@pytest.mark.parametrize("answer", [answers.TOO_MANY, answers.BROKEN, answers.HANG_UP, answers.SILENCE])
def test_a_lasting_failure_fails_within_its_budget_and_holds_up_no_other(
    client: HttpPushClient, gateway: Gateway, answer: bytes | None
) -> None:
    bad = [a_push(gateway, b"1", b"2") for _ in range(10)]
    good = [a_push(gateway, b"1", b"2") for _ in range(10)]
    gateway.answer = by_connection({push.connection.connection_id: answer for push in bad})
    arrived: list[float] = []
    started = time.monotonic()
    inner = gateway.answer

    def note_good(request: Request) -> Answer:
        if request.connection_id in {push.connection.connection_id for push in good}:
            arrived.append(time.monotonic() - started)
        return inner(request)

    gateway.answer = note_good

    assert client.post([*bad, *good]) == ["failed"] * 10 + ["pushed"] * 10

    assert time.monotonic() - started < 2.5
    assert len(arrived) == 20
    assert max(arrived) < 0.9, "which is less than any budget"
    frames = gateway.frames()
    assert all(set(frames[push.connection.connection_id]) == {b"1"} for push in bad), "the rest is dropped"


@pytest.mark.parametrize("answer", [answers.FORBIDDEN])
def test_a_refusal_is_not_tried_again(client: HttpPushClient, gateway: Gateway, answer: bytes) -> None:
    gateway.answer = lambda request: answer
    assert client.post([a_push(gateway)]) == ["failed"]
    assert len(gateway.requests) == 1


def test_connections_that_ended_while_idle_cost_nothing(client: HttpPushClient, gateway: Gateway) -> None:
    gateway.close_idle = True
    pushes = [a_push(gateway, b"1", b"2") for _ in range(5)]
    for _ in range(3):
        assert client.post(pushes) == ["pushed"] * 5
    assert len(gateway.requests) == 30


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:1/ws", "http://does-not-exist.invalid/ws", "ftp://x/ws", "", "//"]
)
def test_a_gateway_that_is_not_there_fails_and_holds_up_no_other(
    client: HttpPushClient, gateway: Gateway, endpoint: str
) -> None:
    lost = Push(a_connection("u_ada", endpoint=endpoint), (b"1",))
    assert client.post([lost, a_push(gateway)]) == ["failed", "pushed"]


def test_posts_go_over_tls_to_a_gateway_that_proves_itself(client: HttpPushClient, authority: Authority) -> None:
    with running_gateway(authority.server_context) as gateway:
        trusting = HttpPushClient(lambda: KEY, region="eu-central-1", tls=authority.client_context)
        try:
            assert trusting.post([a_push(gateway, b"1", b"2")] * 5) == ["pushed"] * 5
        finally:
            trusting.close()
        assert client.post([a_push(gateway)]) == ["failed"], "its authority is not among the public ones"
    assert len(gateway.requests) == 10


def test_sockets_are_closed_and_those_that_were_are_told(client: HttpPushClient, gateway: Gateway) -> None:
    connections = [a_push(gateway).connection for _ in range(3)]
    gone = connections[1].connection_id
    gateway.answer = lambda request: answers.GONE if request.connection_id == gone else answers.NO_CONTENT

    assert client.disconnect(connections) == ["pushed", "gone", "pushed"]
    assert client.disconnect([]) == []

    assert {request.method for request in gateway.requests} == {"DELETE"}
    assert {request.connection_id for request in gateway.requests} == {one.connection_id for one in connections}


def test_a_caller_whose_thread_runs_a_loop_is_served_too(client: HttpPushClient, gateway: Gateway) -> None:
    async def endpoint() -> None:
        assert client.post([a_push(gateway)]) == ["pushed"]
        assert client.disconnect([a_push(gateway).connection]) == ["pushed"]

    loop = asyncio.new_event_loop()
    loop.run_until_complete(endpoint())
    loop.close()
    assert client.post([a_push(gateway)]) == ["pushed"]
