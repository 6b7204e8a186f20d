"""Lists, shows, replays and drops what a consumer gave up, on the stack that runs here or on a deployed stage.

python -m tools.dead_letters store_messages list [--all]
python -m tools.dead_letters store_messages show --offsets 3,4 [--body]
python -m tools.dead_letters store_messages replay [--offsets 3,4] [--stage prod]
python -m tools.dead_letters store_messages drop --offsets 3
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

FUNCTION = "replay_dead_letters"
CONSUMERS = ("store_messages", "apply_changes", "record_receipts", "fan_out", "fan_out_chunk")
ACTIONS = ("list", "show", "replay", "drop")
_TIMEOUT_S = 330

Json = Mapping[str, Any]
Invoke = Callable[[Json], Json]


class InvokeError(Exception):
    """The function could not be run, or failed; the text says why."""


def main(arguments: Sequence[str], *, invoke: Invoke | None = None) -> int:
    """Does what the arguments say and prints it; 0 when it was done, 1 when it was refused, 2 for bad arguments."""
    options = _parser().parse_args(arguments)
    request: dict[str, Any] = {"consumer": options.consumer, "action": options.action, "limit": options.limit}
    if options.offsets is not None:
        request["offsets"] = options.offsets
    request |= {"everything": options.all, "body": options.body}
    run = invoke or (invoke_here if options.stage is None else lambda request: invoke_stage(options.stage, request))
    try:
        answer = run(request)
    except InvokeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if "error" in answer:
        sys.stderr.write(f"{answer['error']['code']}: {answer['error']['message']}\n")
        return 1
    sys.stdout.write(describe(answer))
    return 0


def invoke_here(request: Json, *, data: Path | None = None) -> Json:
    """Runs the function on the stack that `make run` started, on the data folder `data` or the usual one."""
    environment = os.environ if data is None else os.environ | {"PARLEY_DATA": str(data)}
    with tempfile.TemporaryDirectory() as folder:
        event = Path(folder) / "event.json"
        event.write_text(json.dumps(request), encoding="utf-8")
        command = [sys.executable, "-m", "local", "invoke", FUNCTION, str(event)]
        done = subprocess.run(  # noqa: S603  # our own command, no shell
            command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False, env=environment
        )
    if done.returncode != 0:
        raise InvokeError(done.stderr.strip() or "The function failed.")
    answer: Json = json.loads(done.stdout)
    return answer


def invoke_stage(stage: str, request: Json) -> Json:
    """Runs the function of a deployed stage, with the credentials of the environment."""
    import boto3  # noqa: PLC0415  # a stack of this machine needs none of it
    from botocore.config import Config  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    client = boto3.client("lambda", config=Config(read_timeout=_TIMEOUT_S, retries={"total_max_attempts": 1}))
    try:
        response = client.invoke(FunctionName=f"parley-{stage}-{FUNCTION}", Payload=json.dumps(request).encode())
    except (BotoCoreError, ClientError) as error:
        raise InvokeError(str(error)) from error
    payload = response["Payload"].read()
    if response.get("FunctionError"):
        raise InvokeError(f"The function failed ({response['FunctionError']}): its log says why.")
    answer: Json = json.loads(payload)
    return answer


def describe(answer: Json) -> str:
    """A table of the letters, and below it whatever show tells of each."""
    items: list[Json] = answer["items"]
    if not items:
        return f"{answer['consumer']}: nothing to {answer['action']}.\n"
    rows = [("OFFSET", "FROM", "KEY", "FAILED AT", "TRIES", "STATE", "ERROR")]
    rows += [
        (
            str(item["offset"]),
            f"{item['topic']}/{item['partition']}@{item['sourceOffset']}",
            item["key"] or "-",
            item["failedAt"],
            str(item["tries"]),
            item["mark"] or "waits",
            f"{item['error']}: {item['message']}",
        )
        for item in items
    ]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]) - 1)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]) for row in rows
    ]
    for item in items:
        for part in ("stack", "body"):
            if item.get(part):
                lines += ["", f"{item['offset']} {part}:", item[part]]
    return "\n".join(lines) + "\n"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dead-letters", description="What consumers gave up.")
    parser.add_argument("consumer", choices=CONSUMERS)
    parser.add_argument("action", choices=ACTIONS, nargs="?", default="list")
    parser.add_argument("--offsets", type=_offsets, help="places in the dead-letter topic, such as 3,4,9")
    parser.add_argument("--limit", type=int, default=100, help="how many at most, up to 1000")
    parser.add_argument("--all", action="store_true", help="list what is done with too")
    parser.add_argument("--body", action="store_true", help="let show tell the record itself: it is somebody's message")
    parser.add_argument("--stage", help="a deployed stage; without it the stack that runs on this machine")
    return parser


def _offsets(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
