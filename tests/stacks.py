"""Whole stacks for tests, as `make run` starts them, on free ports and data of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.stack import Stack

# As AWS does it: what a handler leaves to a thread does not run until its next invocation, and one endpoint is not all.
FROZEN = {"FREEZE": "on", "LIMITS": "on", "GATEWAYS": "2"}


def run_stack(stack: Stack) -> Iterator[Stack]:
    """Starts a stack and stops it in the end, if the test has not."""
    stack.start()
    try:
        stack.wait_until_healthy()
        yield stack
    finally:
        if stack.process.poll() is None:
            stack.stop()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack that tests share; none of them may end it."""
    yield from run_stack(Stack(tmp_path_factory.mktemp("shared") / "data", environment=FROZEN))


@pytest.fixture
def own_stack(tmp_path: Path) -> Iterator[Stack]:
    """A stack of the test's own, to end, kill and start again."""
    yield from run_stack(Stack(tmp_path / "data", environment=FROZEN))
