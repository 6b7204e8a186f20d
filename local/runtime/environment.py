"""One execution environment: a worker process, its Runtime API, and the one invocation that it may be running."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from functions.manifest import Function
from local.process import signal_group, spawn
from local.runtime import failures
from local.runtime.api import WorkerConnection
from local.runtime.invocation import Invocation, Outcome
from local.runtime.logs import LogPipe
from local.runtime.settings import RuntimeSettings
from local.runtime.variables import function_arn, worker_variables

State = Literal["starting", "idle", "busy", "ended"]


@dataclass(frozen=True, slots=True)
class EnvironmentStatus:
    """What can be seen of an environment. `pid` is 0 until its process runs; times are seconds."""

    pid: int
    state: State
    invocations: int
    age: float
    frozen: bool


@dataclass(frozen=True, slots=True)
class Spec:
    """All that is needed to start environments of one function."""

    function: Function
    layer: Path | None
    values: Mapping[str, str]
    settings: RuntimeSettings


@dataclass(slots=True, eq=False)
class Pending:
    """An invocation from its request to its answer; `queued_at` is the loop's time."""

    request_id: str
    event: bytes
    answer: asyncio.Future[Invocation]
    queued_at: float


class Owner(Protocol):
    """Who owns environments and hands them invocations. Called on the loop, and must not block."""

    def environment_idle(self, environment: Environment) -> None:
        """It waits for work; `run` may be called at once."""

    def environment_started(self, environment: Environment) -> None:
        """Its process runs."""

    def environment_ended(self, environment: Environment, reason: str) -> None:
        """Its process is gone, and whatever ran in it was told to `invocation_finished`."""

    def environment_failed(self, environment: Environment, outcome: Outcome, payload: bytes) -> None:
        """It could not start; `environment_ended` follows."""

    def invocation_finished(self, pending: Pending, invocation: Invocation) -> None:
        """An invocation has its answer."""

    def log(self, line: str) -> None:
        """The worker printed a line."""


class Environment:
    """A worker process from its start to its end.

    It is `starting` until the worker asks for its first invocation, then `idle` or `busy` in turn. It counts as busy
    after the answer too, until the worker asks for the next invocation: only then it is done, and may be frozen.
    The function is told its memory size, but held to its time only: no system here limits what a process really uses
    in a way that behaves like Lambda's.
    """

    def __init__(self, spec: Spec, owner: Owner) -> None:
        self._spec = spec
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self.state: State = "starting"
        self.idle_since = 0.0
        self.retiring = ""
        self._started_at = self._loop.time()
        self._served = 0
        self._frozen = False
        self._pending: Pending | None = None
        self._ran_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: WorkerConnection | None = None
        self._connections: set[WorkerConnection] = set()
        self._process: asyncio.subprocess.Process | None = None
        self._server: asyncio.Server | None = None
        self._failed = False
        self._timeout = float(spec.function.timeout_s)
        self._head = (
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            f"Lambda-Runtime-Invoked-Function-Arn: {function_arn(spec.settings, spec.function.name)}\r\n"
        )

    @property
    def pid(self) -> int:
        """The worker's process id, 0 until it runs."""
        return self._process.pid if self._process else 0

    @property
    def running(self) -> bool:
        """Whether an invocation has no answer yet."""
        return self._pending is not None

    def status(self) -> EnvironmentStatus:
        """What can be seen of it now."""
        age = self._loop.time() - self._started_at
        return EnvironmentStatus(self.pid, self.state, self._served, age, self._frozen)

    async def live(self) -> None:
        """Starts the worker and returns when it has ended and everything is cleaned up."""
        reason = "start failed"
        logs = LogPipe(self._owner.log)
        try:
            try:
                process = await self._start(logs)
            except (OSError, RuntimeError) as error:
                self._fail("error", failures.failure("Runtime.InvalidEntrypoint", str(error)))
                return
            status = await process.wait()
            logs.close()
            reason = self.retiring or f"exited with status {status}"
            self._exited(status)
        finally:
            self.state = "ended"
            self._stop_timer()
            self.kill()
            logs.close()
            self._close_connections()
            self._owner.environment_ended(self, reason)

    def run(self, pending: Pending) -> None:
        """Hands an invocation to the idle worker."""
        connection = self._waiting
        if connection is None or self.state != "idle":
            raise RuntimeError(f"environment {self.pid} is {self.state}, not idle")
        self._thaw()
        self.state = "busy"
        self._waiting = None
        self._pending = pending
        self._ran_at = time.perf_counter()
        self._timer = self._loop.call_later(self._timeout, self._timed_out)
        event = pending.event
        head = (
            f"{self._head}Lambda-Runtime-Aws-Request-Id: {pending.request_id}\r\n"
            f"Lambda-Runtime-Deadline-Ms: {int((time.time() + self._timeout) * 1000)}\r\n"
            f"Lambda-Runtime-Trace-Id: {_trace_id()}\r\nContent-Length: {len(event)}\r\n\r\n"
        )
        connection.send_invocation(head.encode("latin-1"), event)

    def retire(self, reason: str) -> None:
        """Ends it as soon as its invocation, if any, is answered."""
        self.retiring = self.retiring or reason
        if self._pending is None:
            self.kill()

    def kill(self) -> None:
        """Ends the process at once, with all that it started."""
        if self._process is not None and self._process.returncode is None:
            signal_group(self._process, signal.SIGKILL)

    # What follows is called by the worker's connections.

    def connected(self, connection: WorkerConnection) -> None:
        """Remembers a connection, to close it at the end."""
        self._connections.add(connection)

    def disconnected(self, connection: WorkerConnection, waited: bool) -> None:
        """A worker that hung up while it was idle is dead or dying: nothing more is handed to it."""
        self._connections.discard(connection)
        if waited and self._waiting is connection:
            self._waiting = None
            self.retire("hung up")

    @property
    def available(self) -> bool:
        """Whether `run` may be called."""
        return self.state == "idle" and self._waiting is not None and not self.retiring

    def wants_next(self, connection: WorkerConnection) -> bool:
        """The worker is through with what it had."""
        if self._pending is not None:
            return False
        self._waiting = connection
        if self.state == "starting":
            self._stop_timer()
        self.state = "idle"
        self.idle_since = self._loop.time()
        if self.retiring:
            self.kill()
            return True
        self._owner.environment_idle(self)
        self._freeze()
        return True

    def responded(self, request_id: str, body: bytes) -> bool:
        """The worker's answer is there."""
        return self._settle(request_id, "success", body)

    def failed(self, request_id: str, body: bytes) -> bool:
        """The function raised."""
        return self._settle(request_id, "error", body)

    def response_too_large(self, request_id: str, size: int) -> None:
        """The function returned more than Lambda takes."""
        self._settle(request_id, "error", failures.response_too_large(size))

    def init_failed(self, body: bytes) -> None:
        """The function's module could not be loaded; the worker ends itself."""
        self._fail("error", body)

    async def _start(self, logs: LogPipe) -> asyncio.subprocess.Process:
        self._server = await self._loop.create_server(lambda: WorkerConnection(self), "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        spec = self._spec
        self._timer = self._loop.call_later(spec.settings.init_timeout, self._init_timed_out)
        self._process = await spawn(
            [spec.settings.python, "-m", "awslambdaric", spec.function.handler],
            cwd=spec.function.code,
            environment=worker_variables(spec.function, spec.layer, spec.values, spec.settings, f"127.0.0.1:{port}"),
            stdout=logs.write_fd,
        )
        logs.started()
        self._owner.environment_started(self)
        if self.retiring:
            self.kill()
        return self._process

    def _settle(self, request_id: str, outcome: Outcome, payload: bytes) -> bool:
        pending = self._pending
        if pending is None or pending.request_id != request_id:
            return False
        self._pending = None
        self._stop_timer()
        duration = (time.perf_counter() - self._ran_at) * 1000
        cold = self._served == 0
        self._served += 1
        self._owner.invocation_finished(pending, Invocation(request_id, outcome, payload, duration, cold))
        if self.retiring:
            self.kill()
        return True

    def _timed_out(self) -> None:
        pending = self._pending
        if pending is not None:
            self.retiring = "timed out"
            self._settle(pending.request_id, "timeout", failures.timed_out(pending.request_id, self._timeout))

    def _init_timed_out(self) -> None:
        self.retiring = "init timed out"
        self._fail("timeout", failures.timed_out("init", self._spec.settings.init_timeout))
        self.kill()

    def _fail(self, outcome: Outcome, payload: bytes) -> None:
        if not self._failed:
            self._failed = True
            self._owner.environment_failed(self, outcome, payload)

    def _exited(self, status: int) -> None:
        pending = self._pending
        if pending is not None:
            self._settle(pending.request_id, "exited", failures.exited(pending.request_id, status))
        elif self.state == "starting" and not self.retiring:
            self._fail("exited", failures.exited("init", status))

    def _freeze(self) -> None:
        if self._spec.settings.freeze and self.state == "idle" and self._process is not None:
            self._frozen = True
            signal_group(self._process, signal.SIGSTOP)

    def _thaw(self) -> None:
        if self._frozen and self._process is not None:
            self._frozen = False
            signal_group(self._process, signal.SIGCONT)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _close_connections(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in tuple(self._connections):
            connection.abort()


def _trace_id() -> str:
    """A trace header in X-Ray's form, not sampled."""
    return f"Root=1-{int(time.time()):08x}-{random.getrandbits(96):024x};Parent={random.getrandbits(64):016x};Sampled=0"
