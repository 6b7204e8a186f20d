"""`python -m local fault`: sets, lists and takes back faults of the stack that runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from local.cli.control import ask_stack
from local.failures import FaultError
from local.faults.models import read_fault
from local.settings import Settings

FAULTS = "/_local/faults"


def fault(settings: Settings, words: Sequence[str]) -> int:
    """Does what `words` say, and prints the faults that are set then.

    Args:
        settings: which stack.
        words: nothing or `list`; `remove` and numbers, or `all`; `seed` and a number; or a fault: its kind, then its
            settings as name=value (`kill function=ws_send at=answer times=3`).

    Raises:
        FaultError: they say nothing that is known.
        StartError: no stack runs, or it refuses.
    """
    match list(words):
        case [] | ["list"]:
            answer = ask_stack(settings.data, "GET", FAULTS)
        case ["seed", number] if number.isdecimal():
            answer = ask_stack(settings.data, "PUT", FAULTS, {"seed": int(number)})
        case ["remove", "all"]:
            answer = ask_stack(settings.data, "DELETE", FAULTS)
        case ["remove", *numbers] if numbers and all(number.isdecimal() for number in numbers):
            for number in numbers:
                answer = ask_stack(settings.data, "DELETE", f"{FAULTS}/{number}")
        case [kind, *pairs]:
            ask_stack(settings.data, "POST", FAULTS, parse(kind, pairs))
            answer = ask_stack(settings.data, "GET", FAULTS)
    _print(answer)
    return 0


def parse(kind: str, pairs: Sequence[str]) -> dict[str, Any]:
    """A fault out of its kind and name=value pairs, checked.

    Raises:
        FaultError: it is none.
    """
    values = {"kind": kind}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise FaultError(f"{pair}: write name=value")
        values[name] = value
    return read_fault(values).model_dump(mode="json")


def _print(answer: dict[str, Any]) -> None:
    sys.stdout.write(f"seed {answer['seed']}\n")
    for placed in answer["faults"]:
        struck = f"struck {placed['struck']} times" if placed["struck"] != 1 else "struck once"
        spent = ", spent" if placed["spent"] else ""
        sys.stdout.write(f"#{placed['number']} {placed['words']} ({struck}{spent})\n")
    if not answer["faults"]:
        sys.stdout.write("no faults are set\n")
