"""How long a call waits for slow sockets, so that they hold up nobody else."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from parley.domain.models import Connection

Standing = Literal["good", "suspect", "resting"]

_LONGEST_REST_S: Final = 10.0
_FORGET_AFTER_S: Final = 120.0
_MAX_SUSPECTS: Final = 1_000
_USUAL_POST_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Patience:
    """How much later than the others a socket may be before a call ends without it, in seconds.

    How many are late tells whose trouble it is: one, or up to a quarter as many as took their frames, are slow by
    themselves. Where it is more at a time it may be the gateway, which throttles an account, say. Where none took its
    frames, each request has its whole budget.

    Args:
        few_s: for one of few that gave no trouble lately.
        many_s: for one of many.
        suspect_s: for one that failed lately.
    """

    few_s: float = 0.2
    many_s: float = 1.0
    suspect_s: float = 0.05


class Suspects:
    """The sockets that failed lately, at most 1,000 of them.

    One that fails again rests, for 1 s, then 2 s, up to 10 s: nothing is posted to it meanwhile. One that takes its
    frames is good again, and so is one that nobody heard of for two minutes.

    Args:
        clock: seconds since 1970. Not a steady clock, which may stand still while Lambda keeps the process frozen.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._strikes: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._strikes)

    def standing_of(self, connection: Connection) -> Standing:
        """What is to be thought of a socket now."""
        known = self._strikes.get(_key_of(connection))
        if known is None:
            return "good"
        count, struck_at = known
        since = abs(self._clock() - struck_at)
        if since > _FORGET_AFTER_S:
            return "good"
        return "resting" if count > 1 and since < min(2.0 ** (count - 2), _LONGEST_REST_S) else "suspect"

    def strike(self, connection: Connection) -> None:
        """Notes that a socket was late or failed."""
        key = _key_of(connection)
        count = self._strikes.pop(key, (0, 0.0))[0] if self.standing_of(connection) != "good" else 0
        self._strikes[key] = min(count + 1, 16), self._clock()
        if len(self._strikes) > _MAX_SUSPECTS:
            self._strikes.popitem(last=False)

    def clear(self, connection: Connection) -> None:
        """Notes that a socket answered."""
        if self._strikes:
            self._strikes.pop(_key_of(connection), None)


class Progress:
    """How far the frames for one socket have come. Waiting for a free connection is not the socket's delay."""

    __slots__ = ("_added_at", "_busy_s", "_call", "_posts", "_since", "is_suspect", "was_troubled")

    def __init__(self, call: Call, *, is_suspect: bool) -> None:
        self._call = call
        self.is_suspect = is_suspect
        self._added_at = call.clock()
        self._busy_s = 0.0
        self._posts = 0
        self._since: float | None = None
        self.was_troubled = False

    def begin(self) -> None:
        """A frame is on its way; its retries are part of that."""
        if self._since is None:
            self._since = self._call.clock()

    def end(self) -> None:
        """It was answered, or given up."""
        if self._since is not None:
            took = self._call.clock() - self._since
            self._busy_s += took
            self._posts += 1
            self._since = None
            self._call.count(took)

    @property
    def has_begun(self) -> bool:
        """Whether anything was sent, or tried to be."""
        return self._since is not None or self._posts > 0

    def is_late(self, now: float, patience_s: float) -> bool:
        """Whether the call need not wait for it if only late ones are left.

        A suspect that waits for a free connection is late after the same time: those before it may all be slow.
        """
        if not self.has_begun:
            return self.is_suspect and now - self._added_at > patience_s
        busy_s = self._busy_s + (now - self._since if self._since is not None else 0.0)
        return busy_s - self._posts * self._call.usual_post_s > patience_s


class Call:
    """The sockets that one call still waits for."""

    def __init__(self, patience: Patience, clock: Callable[[], float]) -> None:
        self._patience = patience
        self.clock = clock
        self.left: set[Progress] = set()
        self._served = 0
        self._are_many = False
        self._posts = 0
        self._busy_s = 0.0

    def add(self, *, is_suspect: bool) -> Progress:
        """One more socket to wait for."""
        progress = Progress(self, is_suspect=is_suspect)
        self.left.add(progress)
        return progress

    def finish(self, progress: Progress, *, served: bool) -> None:
        """There is nothing to wait for any more."""
        self.left.discard(progress)
        self._served += served

    def count(self, took_s: float) -> None:
        """A request took that long."""
        self._posts += 1
        self._busy_s += took_s

    @property
    def usual_post_s(self) -> float:
        """What a request may take without being late: a few times what they took so far."""
        return _USUAL_POST_S + (3 * self._busy_s / self._posts if self._posts else 0.0)

    def waits_for_late_ones_only(self) -> bool:
        """Whether everybody else is done. To be asked from time to time."""
        now = self.clock()
        if not self._served:
            good_s = float("inf")
        else:
            few_s = self._patience.few_s
            late = sum(not progress.is_suspect and progress.is_late(now, few_s) for progress in self.left)
            # Those that took their frames late still tell of the gateway.
            self._are_many = self._are_many or late > max(1, self._served // 4)
            good_s = self._patience.many_s if self._are_many else few_s
        return all(
            progress.is_late(now, self._patience.suspect_s if progress.is_suspect else good_s) for progress in self.left
        )


def _key_of(connection: Connection) -> tuple[str, str]:
    return connection.endpoint, connection.connection_id
