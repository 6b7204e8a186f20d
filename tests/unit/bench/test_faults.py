"""What a fault run is to break, and when it is no good."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import cast

import pytest

from bench.faults import spoiling
from bench.faults.checker import Violation
from bench.faults.control import Control
from bench.faults.menu import ALWAYS, MENU, POINTS, Fault, draw_faults, kill_at, title_of
from bench.faults.run import Report
from bench.faults.scene import Scene, Size
from bench.faults.spoiling import Outage, Spoiler, Strikes
from bench.faults.stack_log import StackLog
from local.faults import read_fault

SIZE = Size(messages=10, conversations=1, clients=2, faults=2)


def struck(*times: int) -> Strikes:
    strikes = Strikes()
    for count in times:
        strikes.note({"kind": "sockets"}, count)
    return strikes


def good() -> Report:
    return Report(1, SIZE, [], struck(1, 2))


def test_a_seed_draws_the_same_faults_again_and_what_it_must_have() -> None:
    first, second = (draw_faults(60, random.Random(7)) for _ in range(2))
    assert first == second != draw_faults(60, random.Random(8))
    assert len(first) == 60
    assert all(fault in first for fault in ALWAYS)
    assert len(draw_faults(3, random.Random(7))) == 3


def test_every_fault_of_the_menu_is_one_that_the_twin_takes() -> None:
    for fault in (*ALWAYS, *(draw(random.Random(n)) for _, draw in MENU.values() for n in range(20))):
        read_fault(fault)


def test_faults_are_counted_under_what_they_do() -> None:
    assert [title_of(kill_at(point)) for point in POINTS] == [f"kill {point}" for point in POINTS]
    assert title_of({"kind": "kill", "function": "ws_send", "at": "now"}) == "kill ws_send"
    assert title_of({"kind": "engine", "engine": "valkey", "action": "wipe"}) == "wipe valkey"
    assert title_of({"kind": "disconnects", "action": "lose", "times": 3}) == "lose disconnects"
    assert title_of({"kind": "posts", "action": "gone", "share": 0.2}) == "gone posts"
    assert title_of({"kind": "redeliver", "function": "fan_out"}) == "redeliver fan_out"


def test_a_run_is_good_where_all_struck_and_nothing_was_broken() -> None:
    report = good()
    report.refused = Counter(unavailable=3, TimeoutError=1)
    assert report.failures() == []
    assert any("2 of 2 faults struck, 3 times" in line for line in report.lines())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"strikes": struck(1, 0)}, "did not strike: 1 sockets"),
        ({"violations": [Violation("hole in seq", "c_1")]}, "1 times hole in seq"),
        ({"unexpected": Counter({"ws_send: KeyError in f": 2})}, "not foreseen: 2 ws_send: KeyError in f"),
        ({"refused": Counter(internal=104)}, "104 sends were told `internal`"),
        ({"outages": [Outage("kafka", slowest_refusal_s=5.1)]}, "kafka down: a refusal took 5.1 s"),
        ({"outages": [Outage("kafka", caught_up_s=11)]}, "kafka down: all was not well within 10 s of its return"),
        ({"outages": [Outage("kafka", last_refusal_s=11)]}, "kafka down: all was not well within 10 s of its return"),
        (
            {"outages": [Outage("kafka")], "refused": Counter(TimeoutError=1, unavailable=2)},
            "kafka down: refused otherwise than as retryable: TimeoutError",
        ),
    ],
)
def test_a_run_is_no_good(change: dict[str, object], reason: str) -> None:
    report = good()
    for name, value in change.items():
        setattr(report, name, value)
    assert report.failures() == [reason]
    assert f"  verdict: {reason}" in report.lines()


class FakeControl:
    """Each look finds that the faults have struck once more, but for those numbered in `deaf`."""

    def __init__(self, *, deaf: frozenset[int]) -> None:
        self._deaf = deaf
        self._times: Counter[int] = Counter()

    async def add(self, fault: Fault) -> int:
        number = len(self._times) + 1
        assert fault["times"] == 3
        self._times[number] = 0
        return number

    async def list(self) -> dict[int, tuple[str, int]]:
        self._times.update(number for number in self._times if number not in self._deaf)
        return {number: ("", times) for number, times in self._times.items()}


@pytest.mark.anyio
async def test_strikes_that_never_came_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ONCE_S": 0.02, "LOOK_S": 0.001}.items():
        monkeypatch.setattr(spoiling, name, value)
    spoiler = Spoiler(cast("Control", FakeControl(deaf=frozenset({2}))), cast("Scene", None))
    await spoiler.often([{**kill_at(point), "times": 3, "share": 0.2} for point in ("after emit", "in a fan-out")])
    assert spoiler.strikes.asked == {"kill after emit": 3, "kill in a fan-out": 3}
    assert spoiler.strikes.struck["kill after emit"] == 3
    assert spoiler.strikes.missing == {"kill in a fan-out": 3}


def test_what_a_stack_did_not_foresee_is_counted_from_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "stack.log"
    stack = (
        'builtins.KeyError\n  File "/x/parley/entry/websocket.py", line 1, in handle\n'
        '  File "/x/parley/streams/publisher.py", line 2, in publish\n  File "/lib/kafka.py", line 3, in poll\n'
        'caused by builtins.OSError\n  File "/x/parley/other.py", line 4, in elsewhere'
    )
    line = json.dumps({"level": "ERROR", "function_name": "ws_send", "error_type": "KeyError", "stack": stack})
    path.write_text(f"{line}\n")
    log = StackLog(path)
    assert log.unexpected() == Counter()
    with path.open("a") as file:
        file.write(f'not JSON\n{line}\n{{"level": "INFO"}}\n[1]\n{line}\n')
    assert log.unexpected() == {"ws_send: KeyError in publish": 2}
