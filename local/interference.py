"""What the parts of the twin ask before they do something, so that faults can be put in without them knowing of faults.

Everything is asked on the event loop's thread and on the hot path: an answer must come at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

When = Literal["before", "after"]
Moment = Literal["init", "event", "answer", "commit"]
"""Moments of an environment's life that the twin sees by itself. "init": its process has started. "event": an
invocation is handed to it. "answer": its answer has come, and is or is not yet taken. "commit": a batch of records has
succeeded and its offsets are not yet committed."""


@dataclass(frozen=True, slots=True)
class PostTrouble:
    """What is to become of a call of @connections: a pause in seconds, then an answer of this status, if any, instead
    of the true one."""

    delay_s: float
    status: int | None


@dataclass(frozen=True, slots=True)
class DisconnectTrouble:
    """How often `$disconnect` is to be called for one connection, and after how many seconds."""

    calls: int
    delay_s: float


class Interference(Protocol):
    """Decides what goes wrong. Each question is one occasion, and asking uses it up."""

    def kills(self, function: str, moment: Moment, when: When = "before") -> bool:
        """Whether the environment that has come to this moment is to be killed."""

    def kill_after_s(self, function: str) -> float | None:
        """Seconds after which the environment that was just handed an invocation is to be killed, or None."""

    def killed_late(self, function: str) -> None:
        """The kill that `kill_after_s` asked for took place: the invocation was still running."""

    def points(self, function: str) -> frozenset[str]:
        """The named places in the function's code (`module:qualified.name`) at which `reached` is to be asked."""

    def reached(self, function: str, point: str, when: When) -> float | None:
        """An environment stands at a named place: seconds for which to hold it there, or None to kill it."""

    def post(self) -> PostTrouble | None:
        """A function calls @connections."""

    def posted(self) -> None:
        """The call was carried out."""

    def disconnect(self) -> DisconnectTrouble | None:
        """A connection has closed, and `$disconnect` is due."""

    def redelivers(self, function: str) -> bool:
        """Whether a batch that succeeded is to be read and handed over again, as if its commit had been lost."""


class NoInterference:
    """Lets everything go its way."""

    def kills(self, function: str, moment: Moment, when: When = "before") -> bool:  # noqa: ARG002 - as the protocol
        """No."""
        return False

    def kill_after_s(self, function: str) -> float | None:  # noqa: ARG002
        """Never."""
        return None

    def killed_late(self, function: str) -> None:
        """Does not happen."""

    def points(self, function: str) -> frozenset[str]:  # noqa: ARG002
        """None."""
        return frozenset()

    def reached(self, function: str, point: str, when: When) -> float | None:  # noqa: ARG002
        """Goes on at once."""
        return 0.0

    def post(self) -> PostTrouble | None:
        """None."""
        return None

    def posted(self) -> None:
        """Nothing follows."""

    def disconnect(self) -> DisconnectTrouble | None:
        """None."""
        return None

    def redelivers(self, function: str) -> bool:  # noqa: ARG002
        """No."""
        return False
