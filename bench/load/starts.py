"""How long things take to start: importing a function's code, and the whole stack."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from bench.load.figures import Row, Sample
from bench.stack import PROJECT_ROOT, Stack
from functions.manifest import Function, HttpTrigger, load_manifest

BEST_OF = 5
TIMED_IMPORT = """
import time
began = time.perf_counter()
import {module}
print(time.perf_counter() - began)
"""

IMPORT_ROWS = (
    Row("import_websocket_ms", "import of the slowest function without REST, best of 5", "ms", "<= 250"),
    Row("import_rest_ms", "import of the slowest REST function, best of 5", "ms", "<= 500"),
)
START_ROWS = (Row("second_start_s", "`make run`, second start, to the first request that is served", "s", "<= 8"),)


def measure_imports() -> Sample:
    """The import of each function's handler in a fresh interpreter; one figure for each kind, and one a function."""
    manifest = load_manifest(PROJECT_ROOT / "functions" / "manifest.toml")
    sample: Sample = {}
    slowest = {"import_websocket_ms": 0.0, "import_rest_ms": 0.0}
    for function in manifest.functions.values():
        best = min(_import_ms(function, manifest.layer) for _ in range(BEST_OF))
        sample[f"import_{function.name}_ms"] = best
        # What runs at a deploy alone has no cold start that anyone waits for.
        if function.name == "set_up":
            continue
        is_rest = any(isinstance(trigger, HttpTrigger) for trigger in function.triggers)
        kind = "import_rest_ms" if is_rest else "import_websocket_ms"
        slowest[kind] = max(slowest[kind], best)
    return sample | slowest


def import_rows() -> tuple[Row, ...]:
    """The rows of `measure_imports`."""
    manifest = load_manifest(PROJECT_ROOT / "functions" / "manifest.toml")
    each = (Row(f"import_{name}_ms", f"import of {name}", "ms", "") for name in manifest.functions)
    return (*IMPORT_ROWS, *each)


def _import_ms(function: Function, layer: Path | None) -> float:
    paths = [str(function.code), *([str(layer)] if layer else [])]
    plain = {name: text for name, text in function.environment.items() if "${" not in text}
    program = TIMED_IMPORT.format(module=function.handler.rpartition(".")[0])
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=function.code,
        env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(paths), **plain},
        capture_output=True,
        check=True,
        timeout=60,
    )
    return float(done.stdout) * 1000


def measure_second_start(data: Path) -> Sample:
    """Starts a stack on data that an earlier one left, to the moment when its health says that all is there."""
    stack = Stack(data)
    began = time.perf_counter()
    stack.start()
    try:
        stack.wait_until_healthy()
        return {"second_start_s": time.perf_counter() - began}
    finally:
        stack.stop()
