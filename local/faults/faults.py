"""The faults that are set, and what they decide. Same seed, same faults, same sequence of occasions: same decisions."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from local.faults.models import (
    AnyFault,
    Chance,
    Disconnects,
    EngineFault,
    Fault,
    Hold,
    Kill,
    Posts,
    Redeliver,
    Sockets,
)
from local.interference import DisconnectTrouble, Moment, PostTrouble, When

Kind = TypeVar("Kind", bound=Chance)
STATUSES = {"fail": 500, "gone": 410, "throttle": 429}
__all__ = ["Fault", "Faults", "Placed", "UnknownFaultError"]


class UnknownFaultError(KeyError):
    """No fault of this number is set."""


@dataclass(slots=True)
class Placed:
    """A fault that is set. `seen` counts the occasions that fitted, `struck` those on which it acted; `rest` is its
    own stream of chance, made of the seed and its number, so that faults do not disturb each other."""

    number: int
    fault: AnyFault
    since: float
    rest: Random
    seen: int = 0
    struck: int = 0

    def decide(self, now: float) -> bool:
        """Whether it acts on one more occasion."""
        fault = self.fault
        if isinstance(fault, EngineFault | Sockets) or self.spent:
            return False
        age = now - self.since
        if age < fault.after_s or (fault.for_s and age >= fault.after_s + fault.for_s):
            return False
        self.seen += 1
        if self.seen <= fault.skip or (fault.share < 1 and self.rest.random() >= fault.share):
            return False
        self.struck += 1
        return True

    @property
    def spent(self) -> bool:
        """Whether it has acted as often as it may."""
        times = 1 if isinstance(self.fault, EngineFault | Sockets) else self.fault.times
        return bool(times) and self.struck >= times


class Faults:
    """All faults of a running twin, and the `Interference` that its parts ask.

    Args:
        seed: what chance starts from; None takes one at random, which `seed` then tells.
        clock: seconds of any one clock.
        tell: is told in words what was set, what struck, and with which seed.
    """

    def __init__(self, seed: int | None, *, clock: Callable[[], float], tell: Callable[[str], None]) -> None:
        self.seed = secrets.randbelow(1 << 32) if seed is None else seed
        self._clock = clock
        self._tell = tell
        self._placed: dict[int, Placed] = {}
        self._next = 1
        self._chances: list[Placed] = []
        self.on_points: Callable[[str], None] = lambda _: None
        """Called with a function's name when the places at which it must be watched have changed."""
        self.on_kill: Callable[[str], None] = lambda _: None
        """Called with a function's name (or `*`) when its busy environments are to be killed."""

    def add(self, fault: AnyFault) -> Placed:
        """Sets a fault; what acts by itself ("now", engines, sockets) is for the caller to carry out."""
        rest = Random(f"{self.seed}/{self._next}")  # noqa: S311 - repeatable is what is wanted
        placed = Placed(self._next, fault, self._clock(), rest)
        before = self._points_of(fault)
        self._placed[placed.number] = placed
        self._next += 1
        self._sort()
        self._tell(f"set #{placed.number}: {fault.words()} (seed {self.seed})")
        self._tell_points(fault, before)
        return placed

    def remove(self, number: int) -> None:
        """Takes a fault back.

        Raises:
            UnknownFaultError: there is none of this number.
        """
        if number not in self._placed:
            raise UnknownFaultError(number)
        before = self._points_of(self._placed[number].fault)
        placed = self._placed.pop(number)
        self._sort()
        self._tell(f"removed #{number}: {placed.fault.words()}")
        self._tell_points(placed.fault, before)

    def clear(self) -> None:
        """Takes all faults back."""
        for number in tuple(self._placed):
            self.remove(number)

    def reseed(self, seed: int) -> None:
        """Takes all faults back and starts anew from a seed: numbers, too, begin at 1 again."""
        self.clear()
        self.seed, self._next = seed, 1
        self._tell(f"seed {seed}")

    def all(self) -> Sequence[Placed]:
        """The faults that are set, in their order."""
        return tuple(self._placed.values())

    def strike(self, placed: Placed, what: str = "") -> None:
        """Notes that a fault acted."""
        self._tell(f"#{placed.number} strikes: {what or placed.fault.words()} (seed {self.seed})")

    # What follows is asked by the twin's parts; see `Interference`.

    def kills(self, function: str, moment: Moment, when: When = "before") -> bool:
        """See `Interference`."""
        return (
            self._first(
                Kill,
                lambda kill: (
                    kill.at == moment
                    and (kill.when == when or moment in ("init", "event", "commit"))
                    and kill.function in (function, "*")
                ),
                function,
            )
            is not None
        )

    def kill_after_s(self, function: str) -> float | None:
        """See `Interference`."""
        kill = self._first(Kill, lambda kill: kill.at == "time" and kill.function in (function, "*"), function)
        return None if kill is None else kill.ms / 1000

    def killed_late(self, function: str) -> None:
        """See `Interference`."""
        self._tell(f"{function} was killed while its invocation ran (seed {self.seed})")

    def points(self, function: str) -> frozenset[str]:
        """See `Interference`."""
        return frozenset(
            placed.fault.point
            for placed in self._chances
            if isinstance(placed.fault, Kill | Hold) and placed.fault.point and placed.fault.function == function
        )

    def reached(self, function: str, point: str, when: When) -> float | None:
        """See `Interference`."""

        def here(fault: Kill | Hold) -> bool:
            return (fault.function, fault.point, fault.when) == (function, point, when)

        if self._first(Kill, here, function) is not None:
            return None
        hold = self._first(Hold, here, function)
        return 0.0 if hold is None else hold.hold_s

    def post(self) -> PostTrouble | None:
        """See `Interference`."""
        if not self._chances:
            return None
        self._kill_at_post("before")
        posts = self._first(Posts, lambda _: True, "")
        return None if posts is None else PostTrouble(posts.delay_s, STATUSES.get(posts.action))

    def posted(self) -> None:
        """See `Interference`."""
        if self._chances:
            self._kill_at_post("after")

    def disconnect(self) -> DisconnectTrouble | None:
        """See `Interference`."""
        found = self._first(Disconnects, lambda _: True, "")
        if found is None:
            return None
        return DisconnectTrouble({"duplicate": 2, "delay": 1, "lose": 0}[found.action], found.delay_s)

    def redelivers(self, function: str) -> bool:
        """See `Interference`."""
        if self.kills(function, "commit"):
            self.on_kill(function)
            return True
        return self._first(Redeliver, lambda fault: fault.function in (function, "*"), function) is not None

    def _kill_at_post(self, when: When) -> None:
        kill = self._first(Kill, lambda kill: kill.at == "post" and kill.when == when, "")
        if kill is not None:
            self.on_kill(kill.function)

    def _first(self, kind: type[Kind], fits: Callable[[Kind], bool], function: str) -> Kind | None:
        """The first fault of a kind that fits an occasion and strikes."""
        for placed in self._chances:
            fault = placed.fault
            if isinstance(fault, kind) and fits(fault) and placed.decide(self._clock()):
                self.strike(placed, f"{fault.words()}{f' ({function})' if function else ''}")
                return fault
        return None

    def _sort(self) -> None:
        self._chances = [
            placed for placed in self._placed.values() if not isinstance(placed.fault, EngineFault | Sockets)
        ]

    def _points_of(self, fault: AnyFault) -> frozenset[str]:
        return self.points(fault.function) if isinstance(fault, Kill | Hold) else frozenset()

    def _tell_points(self, fault: AnyFault, before: frozenset[str]) -> None:
        """Only where the places changed: whoever is told starts the function's environments anew."""
        if isinstance(fault, Kill | Hold) and self._points_of(fault) != before:
            self.on_points(fault.function)
