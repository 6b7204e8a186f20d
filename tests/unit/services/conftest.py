"""People and a place for them to talk."""

from __future__ import annotations

import pytest

from parley.domain.models import Identity
from tests.unit.services.delivery import Delivery
from tests.unit.services.world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def ann(world: World) -> Identity:
    return world.add_user("ann")


@pytest.fixture
def ben(world: World) -> Identity:
    return world.add_user("ben")


@pytest.fixture
def eve(world: World) -> Identity:
    return world.add_user("eve")


@pytest.fixture
def delivery(world: World) -> Delivery:
    return Delivery(world)
