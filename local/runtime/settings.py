"""How the twin's Lambda behaves; the defaults are AWS's own where AWS has one."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field

MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
"""The largest request of a synchronous invocation, by AWS's Lambda quotas page."""

MAX_RESPONSE_BYTES = MAX_PAYLOAD_BYTES + 100
"""The largest answer that AWS's Runtime API takes: its own check leaves a hundred bytes above 6 MB."""


@dataclass(frozen=True, slots=True)
class RuntimeSettings:
    """Settings of the runtime. Times are seconds unless the name says otherwise.

    Args:
        region, account_id: what function ARNs and `AWS_REGION` say.
        access_key_id, secret_access_key: the made-up credentials that functions get.
        endpoint_url: `AWS_ENDPOINT_URL` for the SDKs in functions; empty leaves it out.
        python: the interpreter that runs the workers; it must have `awslambdaric`.
        max_per_function: most environments of a function that names no reserved concurrency, or a higher one.
        max_environments: most environments of all functions together. A function that has none gets its first all the
            same, after an idle one of another function was ended if there is any.
        account_concurrency: most invocations running or waiting, of all functions; more are throttled. None for no
            limit, as a load test's invocations wait for a laptop's few environments where in AWS they would be done.
        scale_up_wait_ms: how long an invocation should wait at most for a busy environment, and how long all may be
            busy with others waiting, before another is started.
        init_timeout: how long an environment may take to ask for its first invocation.
        idle_timeout: how long an environment is kept without work.
        stop_grace: how long running invocations may go on after `stop`.
        freeze: SIGSTOP environments between invocations, as Lambda freezes them.
        prewarm: start one environment of each function at the start, and keep one.
        prewarm_concurrency: how many of them start side by side.
        hot_reload: replace environments when Python files of their function or of the layer change.
        reload_interval: how often the files are looked at.
        memory_limits: kill an environment that has more memory in use than its function's `memory_mb`.
        memory_interval: how often that is looked at.
        debug: functions that a debugger may be attached to, each with debugpy's port: they have one environment, which
            is not timed out, frozen, ended when idle or limited in memory.
        log_lines: how many lines a function's log keeps.
        environment: variables for every function beyond the manifest's and Lambda's own.
    """

    region: str = "eu-central-1"
    account_id: str = "000000000000"
    access_key_id: str = "local"
    secret_access_key: str = field(default="local", repr=False)
    endpoint_url: str = ""
    python: str = sys.executable
    max_per_function: int = 4
    max_environments: int = 32
    account_concurrency: int | None = 1000
    scale_up_wait_ms: float = 100.0
    init_timeout: float = 10.0
    idle_timeout: float = 300.0
    stop_grace: float = 10.0
    freeze: bool = False
    prewarm: bool = True
    prewarm_concurrency: int = field(default_factory=lambda: max(1, os.cpu_count() or 1))
    hot_reload: bool = True
    reload_interval: float = 0.5
    memory_limits: bool = True
    memory_interval: float = 0.05
    debug: dict[str, int] = field(default_factory=dict)
    log_lines: int = 1000
    environment: dict[str, str] = field(default_factory=dict)
