"""`python -m local invoke`: runs one function on one event, with the addresses of the stack that runs."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from functions.manifest import Manifest, ManifestError, load_manifest
from local.engines import read_run
from local.failures import StartError
from local.observer import NullObserver
from local.runtime import Runtime, RuntimeSettings
from local.settings import Settings


class _PrintLog(NullObserver):
    """Shows what the function prints, on standard error, so that standard output has its answer alone."""

    def log(self, function: str, line: str) -> None:  # noqa: ARG002 - there is one function
        sys.stderr.write(f"{line}\n")


async def invoke(settings: Settings, *, function: str, event: Path) -> int:
    """Runs `function` in a fresh environment on the JSON in the file `event`; prints its log, answer and time.

    Returns:
        0 if it succeeded, 1 if it failed.

    Raises:
        StartError: no stack runs, there is no such function, or the event cannot be read.
    """
    manifest = _only(_load(settings.manifest), function)
    body = _read(event)
    facts = read_run(settings.data)
    if facts is None:
        raise StartError(f"No stack runs on {settings.data}: start one with `make run`, then invoke again.")
    runtime = Runtime(
        manifest,
        facts["values"],
        settings=RuntimeSettings(**facts["runtime"], prewarm=False, hot_reload=False),
        observer=_PrintLog(),
    )
    await runtime.start()
    try:
        invocation = await runtime.invoke(function, body)
    finally:
        await runtime.stop()
    sys.stdout.write(json.dumps(_parsed(invocation.payload), indent=2, ensure_ascii=False) + "\n")
    sys.stderr.write(f"{function}: {invocation.outcome} in {invocation.duration_ms:.1f} ms\n")
    return 0 if invocation.outcome == "success" else 1


def _load(path: Path) -> Manifest:
    try:
        return load_manifest(path)
    except ManifestError as error:
        raise StartError(f"The manifest cannot be used:\n{error}") from error


def _only(manifest: Manifest, function: str) -> Manifest:
    if function not in manifest.functions:
        known = ", ".join(sorted(manifest.functions))
        raise StartError(f"There is no function {function!r}: use FUNCTION= with one of {known}.")
    return replace(manifest, functions={function: manifest.functions[function]})


def _read(event: Path) -> bytes:
    try:
        body = event.read_bytes()
        json.loads(body)
    except OSError as error:
        raise StartError(
            f"The event {event} cannot be read: {error.strerror}; name a JSON file with EVENT=."
        ) from error
    except ValueError as error:
        raise StartError(f"The event {event} is not JSON: {error}.") from error
    return body


def _parsed(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode(errors="replace")
