"""The process environment of a worker: the manifest's variables, Lambda's own, and nothing of this machine's."""

from __future__ import annotations

import os
import random
import sys
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from functions.manifest import Function, fill
from local.runtime.settings import RuntimeSettings

INHERITED = ("PATH", "TMPDIR")


def function_arn(settings: RuntimeSettings, function: str) -> str:
    """The ARN under which a function of this twin is invoked."""
    return f"arn:aws:lambda:{settings.region}:{settings.account_id}:function:{function}"


def worker_variables(
    function: Function, layer: Path | None, values: Mapping[str, str], settings: RuntimeSettings, api: str
) -> dict[str, str]:
    """Builds the whole environment of a worker process.

    Args:
        function: the function that the worker runs.
        layer: the folder of shared code, or None.
        values: what the manifest's `${…}` stand for.
        settings: the runtime's settings.
        api: `host:port` of the Runtime API that serves this one worker.

    Raises:
        ManifestError: a variable of the manifest names a value that is not known.
    """
    log_group = f"/aws/lambda/{function.name}"
    log_stream = f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{uuid.uuid4().hex}"
    variables = {name: os.environ[name] for name in INHERITED if name in os.environ}
    variables |= {
        "AWS_LAMBDA_RUNTIME_API": api,
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
        "AWS_REGION": settings.region,
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_ACCESS_KEY_ID": settings.access_key_id,
        "AWS_SECRET_ACCESS_KEY": settings.secret_access_key,
        "AWS_EC2_METADATA_DISABLED": "true",
        "LAMBDA_TASK_ROOT": str(function.code),
        "_HANDLER": function.handler,
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PYTHONUTF8": "1",
        "PYTHONPATH": os.pathsep.join(str(path) for path in (function.code, layer) if path is not None),
    }
    if settings.endpoint_url:
        variables["AWS_ENDPOINT_URL"] = settings.endpoint_url
    variables |= settings.environment
    variables |= {name: fill(text, values) for name, text in function.environment.items()}
    return variables


def trace_id() -> str:
    """A trace header in X-Ray's form, not sampled."""
    return f"Root=1-{int(time.time()):08x}-{random.getrandbits(96):024x};Parent={random.getrandbits(64):016x};Sampled=0"
