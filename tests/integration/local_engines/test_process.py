"""A child, and what it started itself, never outlives the process that started it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from local import process

ROOT = Path(__file__).parents[3]
GONE_WITHIN_S = 10

PARENT = """
import asyncio, os, signal, subprocess, sys
from pathlib import Path
from local import process

# A shell lets what it runs in the background ignore Ctrl-C, and so would all that is started from there.
signal.signal(signal.SIGINT, signal.default_int_handler)

async def main():
    child = await process.spawn(
        ["sh", "-c", "sleep 600 & echo $!; wait"], cwd=Path("/"), environment=os.environ, stdout=subprocess.PIPE
    )
    print(child.pid, (await child.stdout.readline()).decode().strip(), flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def start_family() -> tuple[subprocess.Popen[str], list[psutil.Process]]:
    """A parent of a child with a child; the two below it."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    child, grandchild = (psutil.Process(int(pid)) for pid in parent.stdout.readline().split())
    return parent, [child, grandchild]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_whoever_ends_the_parent_ends_all_below_it(number: signal.Signals) -> None:
    parent, below = start_family()
    with parent:
        parent.send_signal(number)
    _, alive = psutil.wait_procs(below, timeout=GONE_WITHIN_S)
    assert alive == []


def test_ctrl_c_in_the_terminal_does_not_reach_children() -> None:
    parent, below = start_family()
    with parent:
        assert {os.getpgid(process.pid) for process in below} == {below[0].pid}
        assert os.getpgid(parent.pid) != below[0].pid
        parent.kill()
    psutil.wait_procs(below, timeout=GONE_WITHIN_S)


@pytest.mark.anyio
async def test_a_child_that_does_not_heed_is_killed_after_the_deadline() -> None:
    child = await process.spawn(
        ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"],
        cwd=Path("/"),
        environment=os.environ,
        stdout=subprocess.PIPE,
    )
    assert child.stdout
    await child.stdout.readline()
    assert await process.end(child, deadline_s=0.1) == -signal.SIGKILL
    assert await child.stdout.read() == b""


@pytest.mark.anyio
async def test_a_child_has_the_environment_it_was_given_and_no_more() -> None:
    child = await process.spawn(["/usr/bin/env"], cwd=Path("/"), environment={"A": "1"}, stdout=subprocess.PIPE)
    assert (await child.communicate())[0] == b"A=1\n"


def test_children_are_started_on_the_main_thread_only() -> None:
    failures: list[RuntimeError] = []

    def try_it() -> None:
        try:
            asyncio.run(process.spawn(["true"], cwd=Path("/"), environment={}))
        except RuntimeError as error:
            failures.append(error)

    thread = threading.Thread(target=try_it)
    thread.start()
    thread.join()
    assert "main thread" in str(failures[0])
