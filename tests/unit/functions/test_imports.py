"""What importing does: no function loads what it has no use for, and no module of parley touches the outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from functions.manifest import AuthorizerTrigger, HttpTrigger, load_manifest

ROOT = Path(__file__).parents[3]
MANIFEST = load_manifest(ROOT / "functions" / "manifest.toml")
PARLEY = ROOT / "layers" / "parley" / "python" / "parley"
# Powertools imports the empty top package of botocore to name itself in user agents; the real thing begins below it.
HEAVY = {"boto3", "botocore.session", "fastapi", "starlette", "mangum", "aws_xray_sdk", "argon2"}
WITH_HEAVY = {
    name
    for name, function in MANIFEST.functions.items()
    if function.dependencies == "rest" or any(isinstance(trigger, HttpTrigger) for trigger in function.triggers)
}
LIGHT = sorted(set(MANIFEST.functions) - WITH_HEAVY)

# Watches sockets and the environment while modules are imported. The environment counts where the nearest frame that
# is not of the standard library's os or collections is parley's: what third parties read is their own affair.
WATCH = """
import json, os, socket, sys

touched = []
parley = sys.argv[1]

def note(what):
    frame = sys._getframe(2)
    while frame and frame.f_code.co_filename.endswith(("/os.py", "/_collections_abc.py", "<frozen os>",
                                                       "<frozen _collections_abc>")):
        frame = frame.f_back
    if frame and frame.f_code.co_filename.startswith(parley):
        touched.append(f"{what} at {frame.f_code.co_filename}:{frame.f_lineno}")

class Watched(type(os.environ)):
    def __getitem__(self, key):
        note(f"environment {key}")
        return super().__getitem__(key)

    def __contains__(self, key):
        note(f"environment {key}")
        return super().__contains__(key)

    def __iter__(self):
        note("environment")
        return super().__iter__()

os.environ.__class__ = Watched

def on_event(event, arguments):
    if event in ("socket.connect", "socket.bind", "socket.getaddrinfo"):
        touched.append(event)

sys.addaudithook(on_event)
"""


def run(code: str, *arguments: str, function: str | None = None) -> Any:
    """What a fresh interpreter prints as JSON, on a function's import path."""
    paths = [str(PARLEY.parent)] + ([str(ROOT / "functions" / function)] if function else [])
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(paths)},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("function", sorted(MANIFEST.functions))
def test_every_function_has_a_handler_that_imports_with_nothing_set(function: str) -> None:
    loaded = run(
        "import sys, json, handler; assert callable(handler.handler);print(json.dumps(sorted(sys.modules)))",
        function=function,
    )
    assert "parley" in loaded
    if function in LIGHT:
        assert not HEAVY & set(loaded)


def test_the_light_functions_are_those_of_sockets_and_streams() -> None:
    assert {"authorizer", "ws_connect", "ws_disconnect", "ws_send", "ws_default"} <= set(LIGHT)
    assert any(isinstance(t, AuthorizerTrigger) for name in LIGHT for t in MANIFEST.functions[name].triggers)


@pytest.mark.parametrize(
    ("function", "own", "others"),
    [
        ("rest_auth", {"accounts", "presence", "users"}, {"conversations", "groups", "messages", "syncing"}),
        ("rest_chat", {"conversations", "groups", "messages", "syncing"}, {"accounts", "presence", "users"}),
    ],
)
def test_a_rest_function_loads_its_own_routes_and_makes_no_document(
    function: str, own: set[str], others: set[str]
) -> None:
    loaded = run("import sys, json, handler; print(json.dumps(sorted(sys.modules)))", function=function)
    routes = {name.rpartition(".")[2] for name in loaded if name.startswith("parley.entry.rest.")}
    assert own <= routes
    assert not routes & {*others, "openapi", "examples"}
    assert not {name for name in loaded if name.startswith("parley.protocol.asyncapi")}
    assert ("kafka" in loaded) == (function == "rest_chat")


def test_importing_parley_opens_no_socket_and_reads_no_environment() -> None:
    modules = sorted(
        ".".join(path.relative_to(PARLEY.parent).with_suffix("").parts).removesuffix(".__init__")
        for path in PARLEY.rglob("*.py")
    )
    assert "parley.bootstrap" in modules
    touched = run(
        WATCH + "import importlib\nfor name in sys.argv[2:]: importlib.import_module(name)\nprint(json.dumps(touched))",
        str(PARLEY),
        *modules,
    )
    assert touched == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import os\nos.environ['HOME2'] if 'HOME2' in os.environ else 0\n", "environment HOME2"),
        ("import os\nos.getenv('HOME2')\n", "environment HOME2"),
        ("import os\nos.environ.get('HOME2')\n", "environment HOME2"),
        ("import os\ndict(os.environ)\n", "environment"),
        ("import socket\ns = socket.socket()\ns.bind(('127.0.0.1', 0))\ns.close()\n", "socket.bind"),
    ],
)
def test_the_watch_sees_what_it_is_for(tmp_path: Path, source: str, expected: str) -> None:
    module = tmp_path / "touching.py"
    module.write_text(source, encoding="utf-8")
    touched = run(WATCH + "sys.path.insert(0, sys.argv[1])\nimport touching\nprint(json.dumps(touched))", str(tmp_path))
    assert any(one.startswith(expected) for one in touched)


def test_the_watch_leaves_third_parties_alone(tmp_path: Path) -> None:
    (tmp_path / "theirs.py").write_text("import os\nos.getenv('HOME2')\n", encoding="utf-8")
    touched = run(
        WATCH + "sys.path.insert(0, sys.argv[2])\nimport theirs\nprint(json.dumps(touched))", str(PARLEY), str(tmp_path)
    )
    assert touched == []
