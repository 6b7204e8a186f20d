"""What is handed over together, and what becomes of it when it fails."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from functions.manifest import KafkaTrigger
from local.event_sources.batching import PAYLOAD_BYTES, Backoff, Batch, Batcher, next_offsets
from local.event_sources.verdict import WHOLE_BATCH
from tests.unit.local_event_sources.records import places, record, trigger

BACKOFF = Backoff(first=1.0, longest=8.0)


def batcher(rules: KafkaTrigger) -> Batcher:
    return Batcher(rules, BACKOFF)


def due(source: Batcher, now: float) -> Batch:
    batch = source.due(now)
    assert batch is not None
    return batch


def test_without_a_window_whatever_is_there_goes() -> None:
    source = batcher(trigger())
    assert source.due(0.0) is None
    assert source.wait(0.0) is None
    source.add([record(0), record(1)], 0.0)
    assert places(due(source, 0.0).records) == [(0, 0), (0, 1)]
    assert source.due(0.0) is None


def test_a_window_gathers_until_it_is_over_or_the_batch_is_full() -> None:
    source = batcher(trigger(batch_size=3, batching_window_ms=500))
    source.add([record(0)], 10.0)
    assert source.due(10.4) is None
    assert source.wait(10.4) is not None
    source.add([record(1)], 10.4)
    assert places(due(source, 10.5).records) == [(0, 0), (0, 1)]
    source.add([record(2), record(3), record(4)], 20.0)
    assert len(due(source, 20.0).records) == 3


def test_batch_size_bounds_a_batch_over_all_partitions() -> None:
    source = batcher(trigger(batch_size=4))
    source.add([record(offset, partition) for partition in range(3) for offset in range(3)], 0.0)
    first, second, third = (due(source, 0.0) for _ in range(3))
    assert [len(batch.records) for batch in (first, second, third)] == [4, 4, 1]
    handed = [place for batch in (first, second, third) for place in places(batch.records)]
    assert sorted(handed) == [(partition, offset) for partition in range(3) for offset in range(3)]


def test_a_busy_partition_does_not_starve_the_others() -> None:
    source = batcher(trigger(batch_size=2))
    source.add([record(offset, 0) for offset in range(10)], 0.0)
    source.add([record(0, 1)], 0.0)
    assert 1 in due(source, 0.0).partitions | due(source, 0.0).partitions


def test_a_batch_stays_below_the_payload_limit() -> None:
    source = batcher(trigger(batch_size=100))
    source.add([record(offset, size=1_000_000) for offset in range(8)], 0.0)
    first = due(source, 0.0)
    assert 1 <= len(first.records) < 8
    assert sum(found.weight for found in first.records) <= PAYLOAD_BYTES


def test_a_failed_batch_comes_again_whole_after_a_growing_pause_and_only_its_partitions_wait() -> None:
    source = batcher(trigger())
    source.add([record(0, 0), record(0, 1)], 0.0)
    batch = due(source, 0.0)
    source.add([record(1, 0), record(0, 2)], 0.0)
    settlement = source.settle(batch, WHOLE_BATCH, 0.0)
    assert (settlement.outcome, settlement.commits) == ("failed", {})
    assert places(due(source, 0.0).records) == [(2, 0)]
    assert source.due(0.9) is None
    again = due(source, 1.0)
    assert places(again.records) == [(0, 0), (1, 0)]
    source.settle(again, WHOLE_BATCH, 1.0)
    assert source.due(2.9) is None
    again = due(source, 3.0)
    source.settle(again, {}, 3.0)
    assert places(due(source, 3.0).records) == [(0, 1)]


def test_partitions_that_wait_are_no_longer_read_once_they_have_a_batch_full() -> None:
    source = batcher(trigger(batch_size=2))
    source.add([record(0, 0)], 0.0)
    source.settle(due(source, 0.0), WHOLE_BATCH, 0.0)
    source.add([record(1, 0), record(2, 0)], 0.0)
    assert source.overfull() == {0}
    assert source.room()  # the other partitions are read on


def test_reported_failures_come_again_from_the_lowest_offset_of_each_partition() -> None:
    source = batcher(trigger())
    source.add([record(offset, partition) for partition in (0, 1) for offset in range(5)], 0.0)
    batch = due(source, 0.0)
    settlement = source.settle(batch, {"orders-0": 3}, 0.0)
    assert settlement.outcome == "partial"
    assert settlement.commits == {0: 3, 1: 5}
    assert places(due(source, 1.0).records) == [(0, 3), (0, 4)]


def test_a_failure_at_the_first_record_commits_nothing_of_its_partition() -> None:
    source = batcher(trigger())
    source.add([record(7, 0), record(8, 0)], 0.0)
    assert source.settle(due(source, 0.0), {"orders-0": 7}, 0.0).commits == {}


def test_tries_run_out_and_the_batch_is_given_up() -> None:
    source = batcher(trigger(max_retry_attempts=1))
    source.add([record(0), record(1)], 0.0)
    assert source.settle(due(source, 0.0), WHOLE_BATCH, 0.0).outcome == "failed"
    settlement = source.settle(due(source, 9.0), WHOLE_BATCH, 9.0)
    assert settlement.outcome == "given_up"
    assert places(list(settlement.given_up)) == [(0, 0), (0, 1)]
    assert source.due(99.0) is None


def test_a_batch_that_gets_on_counts_its_tries_anew() -> None:
    source = batcher(trigger(max_retry_attempts=1))
    source.add([record(offset) for offset in range(3)], 0.0)
    assert source.settle(due(source, 0.0), {"orders-0": 1}, 0.0).outcome == "partial"
    assert source.settle(due(source, 9.0), {"orders-0": 2}, 9.0).outcome == "partial"
    settlement = source.settle(due(source, 19.0), {"orders-0": 2}, 19.0)
    assert (settlement.outcome, places(list(settlement.given_up))) == ("given_up", [(0, 2)])


def test_a_destination_alone_bounds_the_retries_at_ten() -> None:
    source = batcher(trigger(on_failure_topic="dead"))
    source.add([record(0)], 0.0)
    outcomes = [source.settle(due(source, 100.0 * turn), WHOLE_BATCH, 100.0 * turn).outcome for turn in range(11)]
    assert outcomes == ["failed"] * 10 + ["given_up"]


def test_throttled_invocations_are_no_tries() -> None:
    source = batcher(trigger(max_retry_attempts=0))
    source.add([record(0)], 0.0)
    for turn in range(5):
        settlement = source.settle(due(source, 100.0 * turn), WHOLE_BATCH, 100.0 * turn, counts=False)
        assert settlement.outcome == "failed"


def test_bisecting_finds_the_one_bad_record_and_keeps_the_order() -> None:
    source = batcher(trigger(report_failures=False, max_retry_attempts=0, bisect_on_error=True))
    source.add([record(offset) for offset in range(8)], 0.0)
    stored: list[int] = []
    given_up: list[int] = []
    now = 0.0
    while (batch := source.due(now)) is not None:
        offsets = [found.offset for found in batch.records]
        if 5 in offsets:
            given_up += [found.offset for found in source.settle(batch, WHOLE_BATCH, now).given_up]
        else:
            source.settle(batch, {}, now)
            stored += offsets
        now += 100.0
    assert (stored, given_up) == ([0, 1, 2, 3, 4, 6, 7], [5])


def test_records_too_old_are_taken_out_but_none_before_a_younger_one() -> None:
    source = batcher(trigger(max_record_age_s=60))
    old, young = 1_000_000, 1_100_000
    source.add([record(0, timestamp=old), record(1, timestamp=young), record(2, timestamp=old)], 0.0)
    batch = due(source, 0.0)
    assert places(source.expired(batch, 1_120_000)) == [(0, 0)]
    assert places(batch.records) == [(0, 1), (0, 2)]


def test_a_postponed_batch_comes_again_unchanged() -> None:
    source = batcher(trigger())
    source.add([record(0)], 0.0)
    batch = due(source, 0.0)
    source.postpone(batch, 0.0)
    assert source.due(7.9) is None
    assert source.due(8.0) is batch


@given(
    sizes=st.lists(st.integers(1, 30), min_size=1, max_size=4),
    batch_size=st.integers(1, 20),
    verdicts=st.lists(st.one_of(st.none(), st.integers(0, 29)), max_size=60),
)
def test_whatever_fails_every_record_is_done_in_order_and_commits_never_pass_what_is_not(
    sizes: list[int], batch_size: int, verdicts: list[int | None]
) -> None:
    source = batcher(trigger(batch_size=batch_size))
    source.add([record(offset, partition) for partition, size in enumerate(sizes) for offset in range(size)], 0.0)
    done: dict[int, int] = dict.fromkeys(range(len(sizes)), 0)
    committed: dict[int, int] = {}
    script, now = iter(verdicts), 0.0
    while (batch := source.due(now := now + 10.0)) is not None:
        verdict = _verdict(batch, next(script, -1))
        for found in batch.records:
            first_failed = (verdict or {}).get(f"orders-{found.partition}")
            if verdict is not WHOLE_BATCH and (first_failed is None or found.offset < first_failed):
                assert found.offset == done[found.partition]  # in order, none skipped
                done[found.partition] += 1
        for partition, offset in source.settle(batch, verdict, now).commits.items():
            assert offset == done[partition]
            assert offset > committed.get(partition, 0)
            committed[partition] = offset
    assert list(committed.values()) == [sizes[partition] for partition in committed]
    assert set(committed) == set(range(len(sizes)))


def _verdict(batch: Batch, chosen: int | None) -> dict[str, int] | None:
    """None fails the whole batch; a number fails that record of the batch, if there is one."""
    if chosen is None:
        return WHOLE_BATCH
    if not 0 <= chosen < len(batch.records):
        return {}
    found = batch.records[chosen]
    return {f"orders-{found.partition}": found.offset}


def test_next_offsets_are_those_after_the_last() -> None:
    assert next_offsets([record(3, 0), record(4, 0), record(9, 2)]) == {0: 5, 2: 10}
