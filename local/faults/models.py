"""What faults there are, as files, the command line and the control port name them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from local.failures import FaultError

EngineName = Literal["kafka", "mongo", "valkey", "moto"]
POINT = r"^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Chance(_Model):
    """Of the occasions that fit, the first `skip` are let go by; of each later one, the seed decides with a chance of
    `share`; after `times` strikes (0: no end) the fault is spent. `after_s` and `for_s` bound the time, counted from
    when the fault was set; for_s 0 means no end."""

    share: float = Field(1.0, gt=0, le=1)
    skip: int = Field(0, ge=0)
    times: int = Field(0, ge=0)
    after_s: float = Field(0.0, ge=0)
    for_s: float = Field(0.0, ge=0)

    def odds(self) -> str:
        """How often, for people."""
        share = "" if self.share == 1 else f", {self.share * 100:.3g}% of them"
        times = {0: "", 1: ", once"}.get(self.times, f", {self.times} times")
        return share + times + (f" after {self.skip}" if self.skip else "")


class Kill(_Chance):
    """Kills an environment of `function` (`*`: of any).

    `at`: "now" all that it has, at once; "init" when its process has started; "event" when an invocation is handed to
    it; "time" `ms` milliseconds after that; "point" before or after the function named by `point`
    (`module:Class.method`) runs in it; "post" before or after a call of @connections while it is busy; "answer" before
    or after its answer is taken; "commit" after a batch succeeded, whose offsets are then not committed.
    """

    kind: Literal["kill"] = "kill"
    function: str
    at: Literal["now", "init", "event", "time", "point", "post", "answer", "commit"] = "answer"
    when: Literal["before", "after"] = "before"
    point: str = Field("", pattern=f"^$|{POINT}")
    ms: float = Field(0.0, ge=0)
    times: int = Field(1, ge=0)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.at == "point") != bool(self.point):
            raise ValueError("`point` goes with at = point, and must be given there")
        if self.at == "point" and self.function == "*":
            raise ValueError("a point is in one function's code: name the function")
        return self

    def words(self) -> str:
        """For people."""
        place = f"{self.when} {self.point}" if self.point else f"{self.when} {self.at}"
        places = {"time": f"{self.ms:g} ms into an invocation", "now": "now", "init": "at its start"}
        return f"kill {self.function} {places.get(self.at, place)}" + ("" if self.at == "now" else self.odds())


class Hold(_Chance):
    """Holds an environment of `function` for `hold_s` seconds before or after the function named by `point` runs."""

    kind: Literal["hold"] = "hold"
    function: str
    point: str = Field(pattern=POINT)
    when: Literal["before", "after"] = "before"
    hold_s: float = Field(1.0, gt=0, le=900)

    def words(self) -> str:
        """For people."""
        return f"hold {self.function} {self.when} {self.point} for {self.hold_s:g} s{self.odds()}"


class Posts(_Chance):
    """Spoils calls of @connections: "delay" by `delay_s` seconds, "fail" with 500, "gone" with 410, "throttle" with
    429. The connection itself stays as it is. A delay may go with each of them."""

    kind: Literal["posts"] = "posts"
    action: Literal["delay", "fail", "gone", "throttle"]
    delay_s: float = Field(0.0, ge=0, le=900)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.action == "delay" and not self.delay_s:
            raise ValueError("a delay needs `delay_s`")
        return self

    def words(self) -> str:
        """For people."""
        delay = f", {self.delay_s:g} s late" if self.delay_s else ""
        return f"{self.action} posts{delay}{self.odds()}"


class Disconnects(_Chance):
    """Calls `$disconnect` twice ("duplicate"), `delay_s` seconds late ("delay") or not at all ("lose")."""

    kind: Literal["disconnects"] = "disconnects"
    action: Literal["duplicate", "delay", "lose"]
    delay_s: float = Field(0.0, ge=0, le=900)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.action == "delay" and not self.delay_s:
            raise ValueError("a delay needs `delay_s`")
        return self

    def words(self) -> str:
        """For people."""
        return f"{self.action} $disconnect" + (f" by {self.delay_s:g} s" if self.delay_s else "") + self.odds()


class Redeliver(_Chance):
    """Hands a batch of `function` (`*`: of any) over again after it succeeded, as if its commit had been lost."""

    kind: Literal["redeliver"] = "redeliver"
    function: str
    times: int = Field(1, ge=0)

    def words(self) -> str:
        """For people."""
        return f"redeliver a batch of {self.function}{self.odds()}"


class EngineFault(_Model):
    """Does something to an engine, `after_s` seconds from now.

    "stop" ends it in order and "kill" at once, and either brings it back after `for_s` seconds; "restart" is a stop
    without a pause; "pause" freezes its process (SIGSTOP) for `for_s` seconds, with its connections open; "cut" shuts
    every connection to it again and again for `for_s` seconds (once for 0); "wipe" kills it, removes its data, brings
    it back after `for_s` seconds and lets the deploy functions run again.
    """

    kind: Literal["engine"] = "engine"
    engine: EngineName
    action: Literal["stop", "kill", "pause", "cut", "restart", "wipe"]
    after_s: float = Field(0.0, ge=0)
    for_s: float = Field(0.0, ge=0, le=86_400)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.action == "pause" and not self.for_s:
            raise ValueError("a pause needs `for_s`")
        return self

    def words(self) -> str:
        """For people."""
        return f"{self.action} {self.engine}" + (f" for {self.for_s:g} s" if self.for_s else "")


class Sockets(_Model):
    """Drops WebSockets, `after_s` seconds from now: each with a chance of `share`, without a closing handshake where
    `code` is 0, else with this close code."""

    kind: Literal["sockets"] = "sockets"
    share: float = Field(1.0, gt=0, le=1)
    code: int = 0
    after_s: float = Field(0.0, ge=0)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.code and not 1000 <= self.code < 5000:
            raise ValueError("a close code is from 1000 to 4999")
        return self

    def words(self) -> str:
        """For people."""
        share = "every socket" if self.share == 1 else f"{self.share:.0%} of the sockets"
        return f"drop {share}" + (f" with {self.code}" if self.code else "")


Chance = Kill | Hold | Posts | Disconnects | Redeliver
Fault = Annotated[Chance | EngineFault | Sockets, Field(discriminator="kind")]
AnyFault = Chance | EngineFault | Sockets
_FAULT: TypeAdapter[AnyFault] = TypeAdapter(Fault)


class FaultFile(_Model):
    """A file of faults: `seed = 7` and a `[[faults]]` table for each."""

    seed: int | None = Field(None, ge=0)
    faults: tuple[Fault, ...] = ()


def read_fault(values: Mapping[str, Any]) -> AnyFault:
    """Checks one fault. Texts that stand for numbers are taken as such, as the command line has only texts.

    Raises:
        FaultError: it is none.
    """
    try:
        return _FAULT.validate_python(values)
    except ValidationError as error:
        raise FaultError(_sentences(error)) from error


def read_file(path: Path) -> FaultFile:
    """Reads a TOML file of faults.

    Raises:
        FaultError: it cannot be read or used.
    """
    try:
        return FaultFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FaultError(f"{path}: {error}") from error
    except ValidationError as error:
        raise FaultError(f"{path}: {_sentences(error)}") from error


def _sentences(error: ValidationError) -> str:
    return "\n".join(
        f"{'.'.join(str(part) for part in mistake['loc']) or 'fault'}: {mistake['msg']}" for mistake in error.errors()
    )
