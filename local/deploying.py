"""The deploy functions: called as CloudFormation calls a custom resource's handler."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from functions.manifest import DeployTrigger, Manifest
from local.failures import StartError
from local.observer import Observer
from local.runtime import Runtime


async def deploy(
    manifest: Manifest, runtime: Runtime, observer: Observer, *, remembered: Path, stack_id: str
) -> dict[str, str]:
    """Calls each deploy function of a manifest, one after the other; returns what they want a person to see, by label.

    Args:
        manifest: whose functions with a deploy trigger are called.
        runtime: runs them.
        observer: is told how far it is.
        remembered: the file that says which were called before: they get an Update instead of a Create.
        stack_id: the ARN that events name as the stack's.

    Raises:
        StartError: one failed; the text has its error and trace.
    """
    known = _read(remembered)
    functions = [
        function.name
        for function in manifest.functions.values()
        if any(isinstance(trigger, DeployTrigger) for trigger in function.triggers)
    ]
    shown: dict[str, str] = {}
    for function in functions:
        observer.engine(function, "starting")
        shown |= await _deploy_one(runtime, function, "Update" if function in known else "Create", stack_id)
        observer.engine(function, "ready")
    _write(remembered, functions)
    return shown


def _read(remembered: Path) -> Sequence[str]:
    try:
        functions: Sequence[str] = json.loads(remembered.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    return functions


def _write(remembered: Path, functions: Sequence[str]) -> None:
    remembered.write_text(json.dumps(functions), encoding="utf-8")


async def _deploy_one(runtime: Runtime, function: str, kind: str, stack_id: str) -> Mapping[str, str]:
    """Calls it as CDK's provider framework calls a custom resource's handler at a deploy."""
    event = {
        "RequestType": kind,
        "RequestId": os.urandom(16).hex(),
        "LogicalResourceId": function,
        "ResourceType": "Custom::Deploy",
        "StackId": stack_id,
        "ResourceProperties": {},
    }
    if kind == "Update":
        event |= {"PhysicalResourceId": function, "OldResourceProperties": {}}
    answer = await runtime.invoke(function, json.dumps(event).encode())
    payload = json.loads(answer.payload)
    if answer.outcome != "success":
        trace = "".join(f"\n{line.rstrip()}" for line in payload.get("stackTrace") or [])
        why = f"{payload.get('errorType')}: {payload.get('errorMessage')}"
        raise StartError(f"Function {function} failed at the deploy: {why}{trace}")
    data = payload.get("Data") if isinstance(payload, dict) else None
    return {str(label): str(text) for label, text in (data or {}).items()}
