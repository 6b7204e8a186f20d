"""Sync over the real database, in small random histories: what `python -m bench.histories` does at length."""

from __future__ import annotations

import pytest

from bench.histories.defects import DEFECTS
from bench.histories.history import SIZES, Shape, run_history
from parley.services.sync_pages import SyncSizes
from tests.engines import RunningEngines

pytestmark = [pytest.mark.engines, pytest.mark.timeout(240)]

SMALL = Shape(people=5, writers=3, rounds=1, acts=8)
SEEDS_TO_FIND_A_DEFECT = 40


@pytest.mark.parametrize(("seed", "sizes"), [(1, SIZES[0]), (2, SIZES[1])])
def test_pages_come_to_what_is_read_anew(engines: RunningEngines, seed: int, sizes: SyncSizes) -> None:
    outcome = run_history(engines.fresh_mongo_uri(), seed, shape=SMALL, sizes=sizes)
    assert outcome.found == []
    assert outcome.told["done"] > 10
    assert outcome.compared > 10


def test_a_planted_defect_is_found(engines: RunningEngines) -> None:
    uri, defect = engines.fresh_mongo_uri(), DEFECTS["it looks back no further than its last pass"]
    for seed in range(SEEDS_TO_FIND_A_DEFECT):
        if run_history(uri, seed, shape=SMALL, sizes=defect.sizes, spoil=defect.spoil).found:
            return
    pytest.fail(f"{SEEDS_TO_FIND_A_DEFECT} seeds, and nothing found")
