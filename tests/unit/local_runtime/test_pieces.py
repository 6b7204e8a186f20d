"""The runtime's small parts: logs, changed code, variables, and Lambda's words."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from functions.manifest import Function, ManifestError, Permissions
from local.runtime import RuntimeSettings, failures
from local.runtime.logs import LONGEST_LINE, LogPipe
from local.runtime.reload import CodeWatcher
from local.runtime.variables import worker_variables

pytestmark = pytest.mark.anyio


async def test_output_is_cut_into_lines_however_it_comes() -> None:
    lines: list[str] = []
    pipe = LogPipe(lines.append)
    os.write(pipe.write_fd, b"one\ntw")
    await _until_count(lines, 1)
    os.write(pipe.write_fd, "o\r\n[ERROR] E: x\rTraceback\r\N{NO-BREAK SPACE}\N{NO-BREAK SPACE}File\nbad \xff".encode())
    os.write(pipe.write_fd, b"\xff\nrest")
    pipe.close()
    assert lines == ["one", "two", "[ERROR] E: x\nTraceback\n  File", "bad ÿ\ufffd", "rest"]
    pipe.close()


async def test_a_line_without_an_end_is_cut() -> None:
    lines: list[str] = []
    pipe = LogPipe(lines.append)
    sent = 0
    os.set_blocking(pipe.write_fd, False)
    async with asyncio.timeout(10):
        while sent < 2 * LONGEST_LINE:
            try:
                sent += os.write(pipe.write_fd, b"x" * 4096)
            except BlockingIOError:
                await asyncio.sleep(0)
    pipe.close()
    assert sum(len(line) for line in lines) == sent
    assert len(lines) > 1


def test_changes_are_seen_by_folder(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    (one / "deep" / "deeper").mkdir(parents=True)
    two.mkdir()
    module = one / "deep" / "deeper" / "module.py"
    module.write_text("a = 1")
    watcher = CodeWatcher([one, two])
    assert watcher.changed() == set()
    module.write_text("a = 12")
    assert watcher.changed() == {one}
    (two / "new.py").touch()
    (two / "notes.txt").touch()
    (one / "__pycache__").mkdir()
    (one / "__pycache__" / "module.py").touch()
    assert watcher.changed() == {two}
    module.unlink()
    assert watcher.changed() == {one}
    assert watcher.changed() == set()


def function(**environment: str) -> Function:
    return Function(
        name="store",
        code=Path("/project/functions/store"),
        handler="handler.handler",
        description="",
        dependencies="",
        memory_mb=512,
        timeout_s=3,
        reserved_concurrency=None,
        environment=environment,
        triggers=(),
        permissions=Permissions(),
    )


def test_variables_are_filled_and_settings_reach_the_sdks() -> None:
    settings = RuntimeSettings(region="eu-west-1", endpoint_url="http://127.0.0.1:5000", environment={"DEBUG": "1"})
    variables = worker_variables(
        function(URL="ws://${host}/ws"), Path("/project/layer"), {"host": "h"}, settings, "127.0.0.1:9001"
    )
    assert variables["URL"] == "ws://h/ws"
    assert variables["AWS_LAMBDA_RUNTIME_API"] == "127.0.0.1:9001"
    assert (variables["AWS_REGION"], variables["AWS_ENDPOINT_URL"]) == ("eu-west-1", "http://127.0.0.1:5000")
    assert variables["PYTHONPATH"] == os.pathsep.join(["/project/functions/store", "/project/layer"])
    assert variables["DEBUG"] == "1"


def test_a_value_that_nobody_gives_is_a_mistake() -> None:
    with pytest.raises(ManifestError, match="nothing"):
        worker_variables(function(URL="${nothing}"), None, {}, RuntimeSettings(), "")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0, "Runtime exited without providing a reason"),
        (1, "Runtime exited with error: exit status 1"),
        (-9, "Runtime exited with error: signal: killed"),
        (-11, "Runtime exited with error: signal: segmentation fault"),
    ],
)
def test_exits_are_told_in_lambdas_words(status: int, words: str) -> None:
    assert json.loads(failures.exited("r", status)) == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: r Error: {words}",
        "stackTrace": [],
    }


async def _until_count(lines: list[str], count: int) -> None:
    async with asyncio.timeout(10):
        while len(lines) < count:  # noqa: ASYNC110 - lines come from a pipe
            await asyncio.sleep(0.005)
