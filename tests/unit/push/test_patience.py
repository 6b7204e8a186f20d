"""Which sockets are suspects, and that no more are remembered than may be."""

from __future__ import annotations

import pytest

from parley.push.patience import Suspects
from tests.contract.samples import a_connection


@pytest.fixture
def wall() -> list[float]:
    return [1_000_000.0]


@pytest.fixture
def suspects(wall: list[float]) -> Suspects:
    return Suspects(lambda: wall[0])


def test_one_failure_makes_a_suspect_and_the_next_ones_give_longer_and_longer_rests(
    suspects: Suspects, wall: list[float]
) -> None:
    socket = a_connection("u_ada")
    assert suspects.standing_of(socket) == "good"
    suspects.strike(socket)
    assert suspects.standing_of(socket) == "suspect"

    for rest_s in (1.0, 2.0, 4.0, 8.0, 10.0, 10.0):
        suspects.strike(socket)
        wall[0] += rest_s - 0.1
        assert suspects.standing_of(socket) == "resting"
        wall[0] += 0.2
        assert suspects.standing_of(socket) == "suspect"

    suspects.clear(socket)
    assert suspects.standing_of(socket) == "good"
    suspects.strike(socket)
    assert suspects.standing_of(socket) == "suspect", "it starts anew"


@pytest.mark.parametrize("step_s", [121.0, -121.0])
def test_a_suspicion_lapses_even_where_the_clock_is_set_back(
    suspects: Suspects, wall: list[float], step_s: float
) -> None:
    socket = a_connection("u_ada")
    suspects.strike(socket)
    suspects.strike(socket)
    wall[0] += step_s

    assert suspects.standing_of(socket) == "good"
    suspects.strike(socket)
    assert suspects.standing_of(socket) == "suspect"


def test_no_more_than_a_thousand_are_remembered_and_the_oldest_goes_first(suspects: Suspects) -> None:
    first, second = a_connection("u_ada"), a_connection("u_ada")
    suspects.strike(first)
    suspects.strike(second)
    for _ in range(998):
        suspects.strike(a_connection("u_ben"))
    suspects.strike(first)
    for _ in range(500):
        suspects.strike(a_connection("u_cat"))

    assert len(suspects) == 1_000
    assert suspects.standing_of(second) == "good"
    assert suspects.standing_of(first) == "resting"
