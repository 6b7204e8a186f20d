"""People and a stack of entries."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from parley.domain.models import Identity
from tests.unit.entry.stack import Stack, own_loop


@pytest.fixture(autouse=True)
def loop() -> Iterator[None]:
    """An event loop that ends with the test."""
    with own_loop():
        yield


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
