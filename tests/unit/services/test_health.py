"""Whether what Parley stands on is there."""

from __future__ import annotations

import threading

import pytest

from parley.domain.errors import UnavailableError
from parley.services.health import Health


def answer() -> None:
    """There."""


def fail() -> None:
    raise UnavailableError("not there")


def test_each_service_is_told_by_its_name() -> None:
    health = Health(probes={"kafka": answer, "mongo": fail, "redis": answer})
    assert health.check() == {"kafka": True, "mongo": False, "redis": True}


def test_without_probes_there_is_nothing_to_tell() -> None:
    assert Health(probes={}).check() == {}


def test_services_are_asked_side_by_side() -> None:
    """Each waits until the other is asked too."""
    barrier = threading.Barrier(3)

    def meet() -> None:
        barrier.wait(timeout=10)

    assert Health(probes=dict.fromkeys(("kafka", "mongo", "redis"), meet)).check() == dict.fromkeys(
        ("kafka", "mongo", "redis"), True
    )


def test_a_probe_that_is_broken_is_not_taken_for_a_service_that_is_down() -> None:
    def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Health(probes={"kafka": broken}).check()
