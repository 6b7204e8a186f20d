"""The commands for whoever has a stack running in another terminal."""

from __future__ import annotations

import io
import subprocess
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import httpx
import pytest

from bench.stack import Stack
from local.__main__ import main

ROOT = Path(__file__).parents[2]


def run(stack: Stack, *words: str) -> tuple[int, str]:
    """Runs a command beside a stack; its status and all that it said."""
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(said):
        patch.setenv("PARLEY_DATA", str(stack.data))
        patch.setenv("COLUMNS", "200")
        status = main(list(words))
    return status, said.getvalue()


def test_status_tells_where_everything_is_and_how_it_does(stack: Stack) -> None:
    status, said = run(stack, "status")
    assert status == 0
    for words in (f"{stack.url}/_local", "ws_send", "store_messages", "chat.send", "dead.store_messages"):
        assert words in said


def test_logs_show_what_a_function_printed(stack: Stack) -> None:
    assert httpx.get(f"{stack.url}/api/conversations", trust_env=False).status_code == 401
    assert run(stack, "logs", "rest_chat", "--once")[0] == 0
    status, said = run(stack, "logs", "nobody", "--once")
    assert (status, said) == (1, "The stack refuses: There is no function nobody.\n")


def test_faults_are_set_strike_and_are_taken_back(stack: Stack) -> None:
    assert run(stack, "fault", "seed", "7") == (0, "seed 7\nno faults are set\n")
    assert run(stack, "fault", "kill", "function=rest_chat", "at=answer")[0] == 0
    health = f"{stack.url}/api/health"
    assert [httpx.get(health, trust_env=False, timeout=60).status_code for _ in range(2)] == [500, 200]
    assert run(stack, "fault") == (0, "seed 7\n#1 kill rest_chat before answer, once (struck once, spent)\n")
    assert run(stack, "fault", "remove", "1") == (0, "seed 7\nno faults are set\n")
    status, said = run(stack, "fault", "kill", "function=nobody")
    assert status == 1
    assert "there is none named 'nobody'" in said
    assert run(stack, "fault", "kill", "at=never", "function=x")[0] == 1


def test_the_conformance_kit_prints_its_statements_as_a_table(stack: Stack) -> None:
    command = ["make", "conformance", f"BASE={stack.url}", "ARGS=-k test_service"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"PROTOCOL statements at {stack.url}" in done.stdout
    assert "pass  GET /api/health" in done.stdout
    assert "1 statements: 1 pass" in done.stdout
