"""The client against a whole stack, as a front-end developer would use it."""

from __future__ import annotations

import pytest

from bench.stack import Stack
from tests.web.packages import run_node


@pytest.mark.e2e
@pytest.mark.timeout(300)
@pytest.mark.xdist_group("stacks")
def test_people_chat_with_the_client_on_a_whole_stack(stack: Stack) -> None:
    done = run_node("vitest", "run", "--project", "integration", environment={"PARLEY_URL": stack.url})
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
