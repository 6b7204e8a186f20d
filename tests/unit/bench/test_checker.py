"""The checker sees each violation that is planted, and none where there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.faults.checker import Checker
from bench.faults.history import Acked, Kept, Member, Received, Record, Sent, Stored, read_history, write_history

PLACE, READER = "c_1", "u_reader"
Plant = Callable[[list[Record]], None]


def good(senders: int = 2, each: int = 4, *, acked: bool = True) -> list[Record]:
    """Senders who take turns, a message after the ack of the one before, and a reader who gets everything."""
    records: list[Record] = [Member(READER, PLACE)]
    late: list[Record] = []
    for number in range(senders * each):
        sender, client_id, message_id = f"u_{number % senders}", f"m{number}", f"i{number}"
        records.append(Sent(number, PLACE, sender, client_id))
        if acked:
            records.append(Acked(number + 0.5, PLACE, sender, client_id, message_id))
        records.append(Received("socket", PLACE, message_id, number + 1))
        late.append(Stored(PLACE, sender, client_id, message_id, number + 1))
        late.append(Kept(READER, PLACE, message_id, number + 1))
    return records + late


def rules(records: list[Record]) -> set[str]:
    return {violation.rule for violation in Checker(records).check()}


def find(records: list[Record], kind: type[Record], number: int) -> int:
    """Where the record of a kind stands that is the `number`th of them."""
    return [place for place, record in enumerate(records) if isinstance(record, kind)][number]


def drop(kind: type[Record], number: int) -> Plant:
    def plant(records: list[Record]) -> None:
        del records[find(records, kind, number)]

    return plant


def swap_seqs(records: list[Record]) -> None:
    """The first sender's first two messages are stored, shown and kept the other way round."""
    renamed = {"i0": 3, "i2": 1}
    for place, record in enumerate(records):
        if isinstance(record, (Received, Stored, Kept)) and record.message_id in renamed:
            records[place] = replace(record, seq=renamed[record.message_id])
    stored = sorted((r for r in records if isinstance(r, Stored)), key=lambda record: record.seq)
    records[:] = [r for r in records if not isinstance(r, Stored)] + list(stored)


def store_again(records: list[Record]) -> None:
    records.append(Stored(PLACE, "u_0", "m0", "i0", 9))
    records.append(Kept(READER, PLACE, "i0", 9))


def give_another_id(records: list[Record]) -> None:
    records.append(Acked(99, PLACE, "u_0", "m0", "another"))


def store_what_nobody_sent(records: list[Record]) -> None:
    records.append(Stored(PLACE, "u_9", "m9", "i9", 9))
    records.append(Kept(READER, PLACE, "i9", 9))


def show_what_is_not_stored(records: list[Record]) -> None:
    records.append(Received("socket", PLACE, "i99", 99))


def swap_on_the_socket(records: list[Record]) -> None:
    one, other = find(records, Received, 3), find(records, Received, 4)
    records[one], records[other] = records[other], records[one]


def turn_a_batch_round(records: list[Record]) -> None:
    """Two acks of one answer, the later of which was stored first."""
    for number in (4, 2):
        at = find(records, Acked, number)
        record = records.pop(at)
        assert isinstance(record, Acked)
        records.append(replace(record, batch=7))


PLANTED: list[tuple[str, Plant]] = [
    ("acknowledged and lost", drop(Stored, 7)),
    ("stored twice", store_again),
    ("hole in seq", drop(Stored, 3)),
    ("order broken", swap_seqs),
    ("order broken", turn_a_batch_round),
    ("two ids", give_another_id),
    ("never sent", store_what_nobody_sent),
    ("shown unstored", show_what_is_not_stored),
    ("socket order", swap_on_the_socket),
    ("missed after sync", drop(Kept, 5)),
]


@pytest.mark.parametrize(("rule", "plant"), PLANTED, ids=[f"{rule}-{n}" for n, (rule, _) in enumerate(PLANTED)])
def test_each_planted_violation_is_seen(rule: str, plant: Plant) -> None:
    records = good()
    plant(records)
    assert rule in rules(records)


@given(st.integers(1, 4), st.integers(1, 6), st.booleans())
def test_a_history_without_violations_has_none(senders: int, each: int, acked: bool) -> None:
    assert rules(good(senders, each, acked=acked)) == set()


def test_what_is_allowed_is_no_violation() -> None:
    records = good()
    records.append(Received("socket", PLACE, "i0", 1))  # a repeat
    records.append(Received("another", PLACE, "i5", 6))  # a socket that came late
    records.append(Acked(50, PLACE, "u_0", "m0", "i0"))  # the answer to a retry
    records.append(Sent(60, PLACE, "u_0", "never"))  # never answered, and not stored
    del records[find(records, Acked, 3)]  # stored, and the answer was lost
    assert rules(records) == set()


@given(st.integers(0, 7), st.sampled_from([Stored, Kept]))
def test_no_loss_is_overlooked_wherever_it_is(number: int, kind: type[Record]) -> None:
    records = good()
    drop(kind, number)(records)
    assert rules(records) & {"acknowledged and lost", "missed after sync"}


def test_a_history_outlives_a_file(tmp_path: Path) -> None:
    write_history(good(), tmp_path / "history.jsonl")
    assert list(read_history(tmp_path / "history.jsonl")) == good()
