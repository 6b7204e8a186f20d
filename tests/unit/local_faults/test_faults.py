"""What faults decide, and that a seed decides it again."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from local.failures import FaultError
from local.faults import Faults, UnknownFaultError, read_fault, read_file
from local.interference import DisconnectTrouble, PostTrouble


@dataclass
class Bench:
    """Faults with a clock that stands still, and what they told."""

    seed: int | None = 7
    now: float = 0.0
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.faults = Faults(self.seed, clock=lambda: self.now, tell=self.told.append)

    def add(self, kind: str, **values: object) -> None:
        self.faults.add(read_fault({"kind": kind, **values}))


def decisions(bench: Bench, count: int = 200) -> list[object]:
    """What happens to a fixed sequence of mixed occasions."""
    found: list[object] = []
    for number in range(count):
        found += [
            bench.faults.post(),
            bench.faults.kills("store", "answer"),
            bench.faults.redelivers("store") if number % 3 else None,
            bench.faults.disconnect(),
        ]
    return found


def chancy(seed: int) -> Bench:
    bench = Bench(seed)
    bench.add("posts", action="gone", share=0.3)
    bench.add("kill", function="store", share=0.1, times=0)
    bench.add("redeliver", function="*", share=0.2, times=9)
    bench.add("disconnects", action="lose", share=0.5)
    return bench


def test_the_same_seed_decides_the_same_and_another_one_otherwise() -> None:
    first = decisions(chancy(7))
    assert first == decisions(chancy(7))
    assert first != decisions(chancy(8))
    bench = chancy(8)
    bench.faults.reseed(7)
    for placed in chancy(7).faults.all():
        bench.faults.add(placed.fault)
    assert first == decisions(bench), "a new seed begins anew, with the numbers too"


def test_faults_do_not_disturb_each_others_chances() -> None:
    alone, crowded = Bench(), Bench()
    alone.add("posts", action="gone", share=0.3)
    crowded.add("posts", action="gone", share=0.3)
    crowded.add("disconnects", action="lose", share=0.5)
    expected = [alone.faults.post() for _ in range(100)]
    got = []
    for _ in range(100):
        got.append(crowded.faults.post())
        crowded.faults.disconnect()
    assert got == expected


def test_a_share_is_met_roughly_and_told_with_the_seed() -> None:
    bench = Bench()
    bench.add("posts", action="throttle", share=0.25)
    struck = sum(bench.faults.post() is not None for _ in range(2000))
    assert 400 < struck < 600
    assert bench.told[0] == "set #1: throttle posts, 25% of them (seed 7)"
    assert "#1 strikes: throttle posts, 25% of them (seed 7)" in bench.told


def test_an_unset_seed_is_chosen_and_told() -> None:
    first, second = Bench(None), Bench(None)
    assert first.faults.seed != second.faults.seed
    first.add("posts", action="gone")
    assert f"(seed {first.faults.seed})" in first.told[0]


def test_skip_and_times_choose_the_occasions() -> None:
    bench = Bench()
    bench.add("kill", function="store", at="event", skip=2, times=2)
    asked = [bench.faults.kills(name, "event") for name in ["store", "other", "store", "store", "store", "store"]]
    assert asked == [False, False, False, True, True, False]
    assert bench.faults.all()[0].spent


def test_times_bound_when_a_fault_acts() -> None:
    bench = Bench()
    bench.add("posts", action="fail", after_s=10, for_s=5)
    found = []
    for bench.now in (0, 9.9, 10, 14.9, 15):
        found.append(bench.faults.post() is not None)
    assert found == [False, False, True, True, False]


def test_kills_happen_at_their_moment_and_side_alone() -> None:
    bench = Bench()
    bench.add("kill", function="store", at="answer", when="after")
    assert not bench.faults.kills("store", "answer", "before")
    assert not bench.faults.kills("store", "event")
    assert bench.faults.kills("store", "answer", "after")


def test_a_kill_by_time_says_after_how_long() -> None:
    bench = Bench()
    bench.add("kill", function="*", at="time", ms=250)
    assert bench.faults.kill_after_s("any") == 0.25
    assert bench.faults.kill_after_s("any") is None


def test_a_point_is_watched_in_its_function_as_long_as_the_fault_is_set() -> None:
    bench = Bench()
    watched: list[str] = []
    bench.faults.on_points = watched.append
    bench.add("kill", function="store", at="point", point="shop.orders:Store.insert", when="after", skip=1)
    bench.add("hold", function="store", point="shop.orders:emit", hold_s=2)
    assert bench.faults.points("store") == {"shop.orders:Store.insert", "shop.orders:emit"}
    assert bench.faults.points("other") == frozenset()
    assert bench.faults.reached("store", "shop.orders:Store.insert", "after") == 0.0
    assert bench.faults.reached("store", "shop.orders:Store.insert", "before") == 0.0
    assert bench.faults.reached("store", "shop.orders:Store.insert", "after") is None
    assert bench.faults.reached("store", "shop.orders:emit", "before") == 2
    bench.faults.clear()
    assert bench.faults.points("store") == frozenset()
    assert watched == ["store"] * 4


def test_a_place_that_is_watched_already_is_not_told_of_again() -> None:
    bench = Bench()
    watched: list[str] = []
    bench.faults.on_points = watched.append
    for when in ("before", "after"):
        bench.add("kill", function="store", at="point", point="shop.orders:Store.insert", when=when)
    bench.faults.remove(1)
    assert watched == ["store"]
    bench.faults.remove(2)
    assert watched == ["store"] * 2


@pytest.mark.parametrize(
    ("action", "expected"),
    [("gone", PostTrouble(0, 410)), ("throttle", PostTrouble(0, 429)), ("fail", PostTrouble(0, 500))],
)
def test_posts_get_the_status_of_their_fault(action: str, expected: PostTrouble) -> None:
    bench = Bench()
    bench.add("posts", action=action, times=1)
    assert [bench.faults.post(), bench.faults.post()] == [expected, None]


def test_a_kill_at_a_post_counts_posts_before_or_after() -> None:
    bench = Bench()
    killed: list[str] = []
    bench.faults.on_kill = killed.append
    bench.add("kill", function="fan", at="post", when="after", skip=1)
    bench.faults.post()
    bench.faults.posted()
    bench.faults.post()
    assert killed == []
    bench.faults.posted()
    assert killed == ["fan"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"action": "lose"}, DisconnectTrouble(0, 0)),
        ({"action": "duplicate"}, DisconnectTrouble(2, 0)),
        ({"action": "delay", "delay_s": 3}, DisconnectTrouble(1, 3)),
    ],
)
def test_disconnects(values: dict[str, object], expected: DisconnectTrouble) -> None:
    bench = Bench()
    bench.add("disconnects", **values)
    assert bench.faults.disconnect() == expected


def test_a_kill_before_the_commit_redelivers_and_kills() -> None:
    bench = Bench()
    killed: list[str] = []
    bench.faults.on_kill = killed.append
    bench.add("kill", function="store", at="commit")
    assert not bench.faults.redelivers("other")
    assert bench.faults.redelivers("store")
    assert not bench.faults.redelivers("store")
    assert killed == ["store"]


def test_removing() -> None:
    bench = Bench()
    bench.add("posts", action="gone")
    bench.faults.remove(1)
    assert bench.faults.post() is None
    with pytest.raises(UnknownFaultError):
        bench.faults.remove(1)


@pytest.mark.parametrize(
    ("values", "mistake"),
    [
        ({}, "kind"),
        ({"kind": "nothing"}, "kind"),
        ({"kind": "kill"}, "function"),
        ({"kind": "kill", "function": "a", "at": "point"}, "point"),
        ({"kind": "kill", "function": "*", "at": "point", "point": "a:b"}, "name the function"),
        ({"kind": "kill", "function": "a", "at": "point", "point": "no colon"}, "point"),
        ({"kind": "posts", "action": "gone", "share": 0}, "share"),
        ({"kind": "posts", "action": "gone", "share": 1.5}, "share"),
        ({"kind": "posts", "action": "delay"}, "delay_s"),
        ({"kind": "disconnects", "action": "delay"}, "delay_s"),
        ({"kind": "posts", "action": "gone", "other": 1}, "other"),
        ({"kind": "engine", "engine": "postgres", "action": "stop"}, "engine"),
        ({"kind": "engine", "engine": "kafka", "action": "pause"}, "for_s"),
        ({"kind": "sockets", "code": 12}, "code"),
    ],
)
def test_mistakes_are_told_by_name(values: dict[str, object], mistake: str) -> None:
    with pytest.raises(FaultError, match=mistake):
        read_fault(values)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_of_faults(tmp_path: Path) -> None:
    text = 'seed = 5\n[[faults]]\nkind = "sockets"\nafter_s = 3\n[[faults]]\nkind = "kill"\nfunction = "a"\n'
    found = read_file(write(tmp_path / "faults.toml", text))
    assert (found.seed, [fault.kind for fault in found.faults]) == (5, ["sockets", "kill"])


@pytest.mark.parametrize("text", ["seed = -1", "[[faults]]", "nonsense", "other = 1"])
def test_a_bad_file_of_faults_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(FaultError, match=r"faults\.toml"):
        read_file(write(tmp_path / "faults.toml", text))
    with pytest.raises(FaultError, match="absent"):
        read_file(tmp_path / "absent.toml")


WORDS: list[tuple[dict[str, object], str]] = [
    ({"kind": "kill", "function": "a"}, "kill a before answer, once"),
    ({"kind": "kill", "function": "a", "at": "now"}, "kill a now"),
    ({"kind": "kill", "function": "a", "at": "time", "ms": 5, "times": 0}, "kill a 5 ms into an invocation"),
    ({"kind": "kill", "function": "a", "at": "point", "point": "b:c", "skip": 2}, "kill a before b:c, once after 2"),
    ({"kind": "sockets", "share": 0.5, "code": 1001}, "drop 50% of the sockets with 1001"),
    ({"kind": "engine", "engine": "mongo", "action": "pause", "for_s": 2}, "pause mongo for 2 s"),
    ({"kind": "redeliver", "function": "*", "times": 3}, "redeliver a batch of *, 3 times"),
]


@pytest.mark.parametrize(("values", "words"), WORDS)
def test_faults_in_words(values: dict[str, object], words: str) -> None:
    assert read_fault(values).words() == words
