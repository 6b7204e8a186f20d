"""People and a stack of entries."""

from __future__ import annotations

import pytest

from parley.domain.models import Identity
from tests.unit.entry.stack import Stack


@pytest.fixture
def stack() -> Stack:
    return Stack()


@pytest.fixture
def ann(stack: Stack) -> Identity:
    return stack.add_user("ann")


@pytest.fixture
def ben(stack: Stack) -> Identity:
    return stack.add_user("ben")


@pytest.fixture
def eve(stack: Stack) -> Identity:
    return stack.add_user("eve")
