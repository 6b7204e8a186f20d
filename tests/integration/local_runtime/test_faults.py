"""Environments that are killed on purpose, and code that stops at named places."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from local.faults import Faults, read_fault
from tests.integration.local_runtime.project import Stack, StartStack, until

pytestmark = pytest.mark.anyio

NOTING = """
    import asyncio
    import pathlib
    import shop

    def handler(event, context):
        shop.Store(event["file"]).insert("row")
        asyncio.run(shop.emit(event["file"]))
        return "done"
"""
SHOP = """
    import pathlib

    def note(file, word):
        with pathlib.Path(file).open("a") as notes:
            notes.write(word + " ")

    class Store:
        def __init__(self, file):
            self.file = file

        def insert(self, row):
            note(self.file, "inserted")

    async def emit(file):
        note(file, "emitted")
"""


@asynccontextmanager
async def shop(start_stack: StartStack, **settings: Any) -> AsyncIterator[tuple[Stack, Faults]]:
    """A function that inserts and then emits, noting both in a file, and faults to set."""
    faults = Faults(1, clock=time.monotonic, tell=lambda _: None)
    async with start_stack({"store": NOTING}, interference=faults, **settings) as stack:
        stack.write("shared/shop.py", SHOP)
        faults.on_points = lambda function: stack.runtime.retire(function, "watched")
        faults.on_kill = stack.runtime.kill_busy
        yield stack, faults


async def run(stack: Stack) -> tuple[str, str]:
    """Runs the function once: the outcome, and what was noted."""
    notes = stack.root / "notes"
    notes.unlink(missing_ok=True)
    answer = await stack.run("store", {"file": str(notes)})
    return answer.outcome, notes.read_text(encoding="utf-8").strip() if notes.exists() else ""


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"at": "event"}, ("exited", "")),
        ({"at": "init"}, ("exited", "")),
        ({"at": "point", "point": "shop:Store.insert"}, ("exited", "")),
        ({"at": "point", "point": "shop:Store.insert", "when": "after"}, ("exited", "inserted")),
        ({"at": "point", "point": "shop:emit", "when": "before"}, ("exited", "inserted")),
        ({"at": "point", "point": "shop:emit", "when": "after"}, ("exited", "inserted emitted")),
        ({"at": "answer"}, ("exited", "inserted emitted")),
        ({"at": "answer", "when": "after"}, ("success", "inserted emitted")),
    ],
    ids=str,
)
async def test_a_kill_takes_place_where_it_was_asked_for_and_once(
    start_stack: StartStack, fault: dict[str, str], expected: tuple[str, str]
) -> None:
    async with shop(start_stack) as (stack, faults):
        faults.add(read_fault({"kind": "kill", "function": "store", **fault}))
        assert await run(stack) == expected
        await until(lambda: [change for _, change, _ in stack.told.environments].count("ended") == 1)
        assert await run(stack) == ("success", "inserted emitted")
        assert faults.all()[0].struck == 1


async def test_a_killed_functions_failure_is_told_as_lambda_tells_it(start_stack: StartStack) -> None:
    async with shop(start_stack) as (stack, faults):
        faults.add(read_fault({"kind": "kill", "function": "store"}))
        told = json.loads((await stack.run("store", {"file": "/dev/null"})).payload)
    assert told["errorType"] == "Runtime.ExitError"
    assert told["errorMessage"].endswith("Error: Runtime exited with error: signal: killed")


async def test_a_kill_by_time_ends_an_invocation_that_is_still_running(start_stack: StartStack) -> None:
    slow = "import time\ndef handler(event, context):\n    time.sleep(event)\n"
    faults = Faults(1, clock=time.monotonic, tell=lambda _: None)
    async with start_stack({"slow": slow}, table={"slow": "timeout_s = 60"}, interference=faults) as stack:
        await stack.run("slow", 0)
        faults.add(read_fault({"kind": "kill", "function": "*", "at": "time", "ms": 50}))
        assert (await stack.run("slow", 50)).outcome == "exited"


async def test_points_are_watched_in_environments_that_ran_before_and_no_longer_once_removed(
    start_stack: StartStack,
) -> None:
    async with shop(start_stack) as (stack, faults):
        assert await run(stack) == ("success", "inserted emitted")
        fault = {"kind": "kill", "function": "store", "at": "point", "point": "shop:emit", "times": 0}
        placed = faults.add(read_fault(fault))
        assert await run(stack) == ("exited", "inserted")
        assert await run(stack) == ("exited", "inserted")
        faults.remove(placed.number)
        assert await run(stack) == ("success", "inserted emitted")


async def test_a_hold_keeps_the_code_at_its_place_meanwhile(start_stack: StartStack) -> None:
    async with shop(start_stack) as (stack, faults):
        faults.add(read_fault({"kind": "hold", "function": "store", "point": "shop:emit", "hold_s": 0.4, "times": 1}))
        running = asyncio.create_task(run(stack))
        notes = stack.root / "notes"
        await until(lambda: notes.exists() and notes.read_text(encoding="utf-8") == "inserted ")
        assert not running.done()
        assert await running == ("success", "inserted emitted")


async def test_a_place_that_is_not_there_is_told_in_the_log(start_stack: StartStack) -> None:
    async with shop(start_stack) as (stack, faults):
        faults.add(read_fault({"kind": "kill", "function": "store", "at": "point", "point": "shop:nothing.here"}))
        assert await run(stack) == ("success", "inserted emitted")
        assert ("store", "There is no shop:nothing.here at which to stop.") in stack.told.lines


async def test_all_environments_of_a_function_can_be_killed_at_once(start_stack: StartStack) -> None:
    async with shop(start_stack) as (stack, _):
        await run(stack)
        assert stack.runtime.kill("other") == 0
        assert stack.runtime.kill("*") == 1
        await until(lambda: not stack.pids("store"))
        assert await run(stack) == ("success", "inserted emitted")
