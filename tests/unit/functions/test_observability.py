"""The log: JSON lines that carry the request's ids, and none of what must not be logged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from parley.observability import describe_stack

LAYER = Path(__file__).parents[3] / "layers" / "parley" / "python"

SPEAK = """
import logging
from types import SimpleNamespace
from parley.config import ConfigurationError
from parley.observability import begin_invocation, log_unexpected, start_logging

log = logging.getLogger("parley.services.anything")
start_logging()
begin_invocation(SimpleNamespace(function_name="ws_send", aws_request_id="r-1"), connection_id="c-1")
log.warning("%d of %d", 1, 2, extra={"code": "unavailable"})
begin_invocation(SimpleNamespace(function_name="ws_send", aws_request_id="r-2"), connection_id="c-2")
try:
    try:
        int("canary-7f3a")
    except ValueError as error:
        raise KeyError("canary-7f3a") from error
except KeyError as error:
    log_unexpected(log, "it failed", error, count=3)
log_unexpected(log, "it cannot start", ConfigurationError("PARLEY_STAGE is not set"))
logging.getLogger("somebody.elses").warning("not ours")
"""


def spoken() -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-c", SPEAK],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(LAYER)},
    )
    assert "canary" not in done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_services_own_logger_writes_json_once_with_the_ids_of_the_invocation() -> None:
    lines = spoken()
    assert [line["message"] for line in lines] == ["1 of 2", "it failed", "it cannot start"]
    first, second, third = lines
    assert third["error_message"] == "PARLEY_STAGE is not set"
    assert (first["service"], first["level"], first["code"]) == ("parley", "WARNING", "unavailable")
    assert (first["function_name"], first["function_request_id"], first["connection_id"]) == ("ws_send", "r-1", "c-1")
    assert (second["function_request_id"], second["connection_id"]) == ("r-2", "c-2")


def test_an_unexpected_exception_is_logged_with_types_and_places_and_without_texts() -> None:
    line = spoken()[1]
    assert (line["level"], line["error_type"], line["count"]) == ("ERROR", "KeyError", 3)
    assert line["stack"].index("builtins.KeyError") < line["stack"].index("caused by builtins.ValueError")
    assert "in <module>" in line["stack"]


def test_a_circle_of_causes_comes_to_an_end() -> None:
    one, other = ValueError("a"), ValueError("b")
    one.__cause__, other.__cause__ = other, one
    assert describe_stack(one).count("builtins.ValueError") == 10
