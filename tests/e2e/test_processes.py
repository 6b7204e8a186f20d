"""The stack's processes: an end in order and a crash both leave none behind; the demo runs as its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil

from bench.stack import PROJECT_ROOT, Stack

GONE_WITHIN_S = 10.0


def leftovers(family: list[psutil.Process]) -> list[psutil.Process]:
    """Those of a stack's processes that still run after ten seconds."""
    _, alive = psutil.wait_procs(family, timeout=GONE_WITHIN_S)
    return [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


def family_of(stack: Stack) -> list[psutil.Process]:
    """Everything that a stack has started: its engines and workers."""
    family = psutil.Process(stack.pid).children(recursive=True)
    assert len(family) >= 4, "there are engines and workers to end"
    return family


def test_neither_ctrl_c_nor_a_crash_leaves_a_process(own_stack: Stack) -> None:
    family = family_of(own_stack)
    assert own_stack.stop(signal.SIGINT) in (0, 130, -signal.SIGINT)
    assert leftovers(family) == []

    own_stack.start()
    own_stack.wait_until_healthy()
    family = family_of(own_stack)
    own_stack.kill()
    assert leftovers(family) == []

    own_stack.start()
    own_stack.wait_until_healthy()
    assert own_stack.stop(signal.SIGTERM) == 0


def test_the_demo_shows_every_message_delivered(stack: Stack) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.demo"],
        cwd=PROJECT_ROOT,
        env={**os.environ, "PARLEY_URL": stack.url},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.strip().splitlines()[-1]
    assert "14 sent, 14 stored" in last
    assert last.endswith("0 lost, 0 repeated")
    assert "\x1b[" not in done.stdout, "plain text where no terminal reads it"
