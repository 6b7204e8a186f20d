"""Who stands behind one who waited in vain is told at once, and not for long."""

from __future__ import annotations

import pytest

from parley.domain.errors import NotFoundError, UnavailableError
from parley.services.absence import Absence


class Time:
    def __init__(self) -> None:
        self.now_s = 100.0
        self.absence = Absence(lambda: self.now_s)

    def fail_after(self, seconds: float, error: Exception) -> None:
        def fail() -> None:
            with self.absence.watch():
                self.now_s += seconds
                raise error

        with pytest.raises(type(error)):
            fail()

    def is_tried(self) -> bool:
        try:
            with self.absence.watch():
                return True
        except UnavailableError:
            return False


def test_a_long_wait_in_vain_spares_the_next_ones_theirs_for_a_second() -> None:
    time = Time()
    time.fail_after(3.5, UnavailableError("away"))
    assert not time.is_tried()
    time.now_s += 0.99
    assert not time.is_tried()
    time.now_s += 0.02
    assert time.is_tried()


def test_it_is_noted_without_an_error_too() -> None:
    time = Time()
    with time.absence.watch() as note:
        time.now_s += 1
        note()
    assert not time.is_tried()


@pytest.mark.parametrize(("seconds", "error"), [(0.9, UnavailableError("busy")), (9, NotFoundError("none"))])
def test_what_failed_quickly_or_otherwise_keeps_nobody_out(seconds: float, error: Exception) -> None:
    time = Time()
    time.fail_after(seconds, error)
    assert time.is_tried()
