"""Sockets that are slow, dead or refused: who waits for them, and for how long (docs/adr/0032-slow-sockets.md)."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from parley.ports import Push
from parley.push.client import HttpPushClient
from parley.push.patience import Patience
from tests.contract.push import gateway as answers
from tests.contract.push.gateway import Answer, Gateway, Request
from tests.contract.push.pushes import KEY, a_push, by_connection

FEW_S, MANY_S, SUSPECT_S = 0.8, 5.0, 0.05
MARGIN_S = 0.7  # for a busy machine: less than lies between any two of them


@pytest.fixture
def wall() -> list[float]:
    """What the clock on the wall says, in seconds since 1970."""
    return [1_000_000.0]


@pytest.fixture
def patient(wall: list[float]) -> Iterator[HttpPushClient]:
    """A client that tries for a long time, but lets nobody wait for that."""
    made = HttpPushClient(
        lambda: KEY,
        region="eu-central-1",
        attempt_timeout_s=6.0,
        retry_budget_s=6.0,
        patience=Patience(few_s=FEW_S, many_s=MANY_S, suspect_s=SUSPECT_S),
        clock=lambda: wall[0],
    )
    yield made
    made.close()


def _post_timed(client: HttpPushClient, pushes: list[Push]) -> tuple[list[str], float]:
    started = time.monotonic()
    outcomes = client.post(pushes)
    return list(outcomes), time.monotonic() - started


@pytest.mark.parametrize("answer", [answers.SILENCE, answers.TOO_MANY, answers.HANG_UP])
def test_a_stalled_socket_delays_neither_its_call_nor_the_next_ones(
    patient: HttpPushClient, gateway: Gateway, wall: list[float], answer: Answer
) -> None:
    stalled = a_push(gateway, b"1", b"2")
    others = [a_push(gateway, b"1", b"2") for _ in range(20)]
    stalled_id = stalled.connection.connection_id
    gateway.answer = by_connection({stalled_id: answer})

    def later(frame: bytes) -> Push:
        return Push(stalled.connection, (frame,))

    def was_tried(frame: bytes) -> bool:
        return any(request.connection_id == stalled_id and request.body == frame for request in gateway.requests)

    outcomes, first_s = _post_timed(patient, [stalled, *others])
    assert outcomes == ["failed"] + ["pushed"] * 20
    assert first_s < FEW_S + MARGIN_S

    outcomes, second_s = _post_timed(patient, [stalled, *others])
    assert outcomes == ["failed"] + ["pushed"] * 20
    assert second_s < SUSPECT_S + MARGIN_S

    outcomes, resting_s = _post_timed(patient, [later(b"3"), *others])
    assert outcomes == ["failed"] + ["pushed"] * 20
    assert resting_s < MARGIN_S

    wall[0] += 1.5
    assert patient.post([later(b"4"), *others]) == ["failed"] + ["pushed"] * 20
    ends_at = time.monotonic() + 10
    while not was_tried(b"4"):  # the gateway may read it after the client has given it up
        assert time.monotonic() < ends_at
        time.sleep(0.005)
    assert not was_tried(b"3"), "it was left alone for a while"
    assert all(frames[:2] == [b"1", b"2"] for name, frames in gateway.frames().items() if name != stalled_id)


@pytest.mark.parametrize(
    ("troubled", "others", "is_waited_for"), [(1, 1, False), (5, 20, False), (2, 1, True), (6, 20, True)]
)
def test_where_many_are_refused_it_may_be_the_gateway_and_they_are_waited_for_longer(
    patient: HttpPushClient, gateway: Gateway, troubled: int, others: int, *, is_waited_for: bool
) -> None:
    refused = [a_push(gateway) for _ in range(troubled)]
    refused_ids = {push.connection.connection_id for push in refused}
    ends_at = time.monotonic() + 2 * FEW_S

    def throttle(request: Request) -> Answer:
        is_refused = request.connection_id in refused_ids and time.monotonic() < ends_at
        return answers.TOO_MANY if is_refused else answers.OK

    gateway.answer = throttle
    outcomes = patient.post([*refused, *(a_push(gateway) for _ in range(others))])
    assert outcomes == ["pushed" if is_waited_for else "failed"] * troubled + ["pushed"] * others


def test_a_suspect_that_takes_its_frames_is_one_no_more(
    patient: HttpPushClient, gateway: Gateway, wall: list[float]
) -> None:
    slow, other = a_push(gateway), a_push(gateway)
    gateway.answer = by_connection({slow.connection.connection_id: answers.TOO_MANY})
    for _ in range(2):
        assert patient.post([slow, other]) == ["failed", "pushed"]
    gateway.answer = lambda request: answers.OK
    assert patient.post([slow, other]) == ["failed", "pushed"], "it rests"
    wall[0] += 1.5

    assert patient.post([slow, other]) == ["pushed", "pushed"]
    assert patient.post([slow]) == ["pushed"], "without a rest after it"


def test_a_suspect_that_nobody_else_is_posted_with_is_tried_all_the_same(
    patient: HttpPushClient, gateway: Gateway
) -> None:
    slow, other = a_push(gateway), a_push(gateway)
    gateway.answer = by_connection({slow.connection.connection_id: answers.TOO_MANY})
    assert patient.post([slow, other]) == ["failed", "pushed"]
    gateway.answer = lambda request: answers.OK

    assert patient.post([slow]) == ["pushed"]


def test_one_that_answers_late_each_time_is_not_waited_for_frame_by_frame(
    patient: HttpPushClient, gateway: Gateway
) -> None:
    slow = a_push(gateway, *(b"%d" % number for number in range(40)))
    gateway.delays_s[slow.connection.connection_id] = 0.3
    others = [a_push(gateway, *(b"%d" % number for number in range(40))) for _ in range(5)]

    outcomes, took_s = _post_timed(patient, [slow, *others])

    assert outcomes == ["failed"] + ["pushed"] * 5
    assert took_s < 4.0, "40 frames would take 12 s, and a call 6 s"


def test_many_frames_for_one_are_no_delay(patient: HttpPushClient, gateway: Gateway) -> None:
    gateway.delay_s = 0.02
    long, short = a_push(gateway, *(b"%d" % number for number in range(50))), a_push(gateway)
    assert patient.post([long, short]) == ["pushed", "pushed"]


def test_a_gateway_that_is_slow_for_all_is_waited_for(patient: HttpPushClient, gateway: Gateway) -> None:
    gateway.delay_s = 2 * FEW_S
    assert patient.post([a_push(gateway) for _ in range(5)]) == ["pushed"] * 5
