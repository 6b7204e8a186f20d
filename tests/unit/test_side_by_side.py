"""That tests which share something costly run on one worker, which pytest-xdist tells by their names."""

from __future__ import annotations

import pytest


@pytest.mark.xdist_group("alone")
def test_groups_are_in_the_names_that_workers_see(request: pytest.FixtureRequest) -> None:
    if not hasattr(request.config, "workerinput"):
        pytest.skip("one process runs all tests")
    assert request.node.nodeid.endswith("@alone")
