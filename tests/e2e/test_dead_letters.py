"""Records that cannot be processed: they hold up nobody, are kept, and are stored once they can be."""

from __future__ import annotations

import asyncio

import pytest

from bench.load.poison import check_outcome, run_poison
from bench.stack import Stack


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_ten_poison_records_in_a_thousand_are_kept_apart_and_replayed(stack: Stack) -> None:
    outcome = asyncio.run(run_poison(stack, records=1_000, poison=10, deadline_s=60))
    assert check_outcome(outcome) == []
    assert (len(outcome.stored), len(outcome.buried)) == (990, 10)
