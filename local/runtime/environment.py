"""One execution environment: a worker process, its Runtime API, and the one invocation that it may be running."""

from __future__ import annotations

import asyncio
import signal
import time

import psutil

from local.process import signal_group, spawn
from local.runtime import failures
from local.runtime.api import WorkerConnection
from local.runtime.invocation import Invocation, Outcome
from local.runtime.launching import debug_port_free, worker_command
from local.runtime.logs import LogPipe
from local.runtime.spec import EnvironmentStatus, Owner, Pending, Spec, State
from local.runtime.variables import function_arn, trace_id, worker_variables

MEBIBYTE = 1 << 20
DEBUG_TIMEOUT = 86_400.0
"""Seconds that an invocation may take in an environment that somebody looks at with a debugger."""


class Environment:
    """A worker process from its start to its end.

    It is `starting` until the worker asks for its first invocation, then `idle` or `busy` in turn. It counts as busy
    after the answer too, until the worker asks for the next invocation: only then it is done, and may be frozen.
    """

    def __init__(self, spec: Spec, owner: Owner[Environment]) -> None:
        self._spec = spec
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self.state: State = "starting"
        self.idle_since = 0.0
        self.retiring = ""
        self.end_reason = ""
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
        self._request_id = ""
        self._debugged = spec.function.name in spec.settings.debug
        self._timeout = DEBUG_TIMEOUT if self._debugged else float(spec.function.timeout_s)
        self._interference = spec.interference
        self._doom: asyncio.TimerHandle | None = None
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
        return EnvironmentStatus(self.pid, self.state, self._served, age, self._frozen, self._memory_mb())

    def hold_to_memory(self) -> None:
        """Kills the process if it has more memory in use than the function may have."""
        if self._debugged or self.state not in ("starting", "busy"):
            return
        used, allowed = self._memory_mb(), self._spec.function.memory_mb
        if used > allowed:
            self.end_reason = f"out of memory: {used:.0f} of {allowed} MB"
            self.kill()

    async def live(self) -> None:
        """Starts the worker and returns when it has ended and everything is cleaned up."""
        reason = "start failed"
        logs = LogPipe(lambda line: self._owner.log(line, self._request_id))
        try:
            try:
                process = await self._start(logs)
            except (OSError, RuntimeError) as error:
                self._fail("error", failures.failure("Runtime.InvalidEntrypoint", str(error)))
                return
            status = await process.wait()
            logs.close()
            reason = self.end_reason or self.retiring or f"exited with status {status}"
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
        self._request_id = pending.request_id
        self._ran_at = time.perf_counter()
        self._timer = self._loop.call_later(self._timeout, self._timed_out)
        if self._interference.kills(self._name, "event"):
            self.kill()
            return
        doomed_in_s = self._interference.kill_after_s(self._name)
        if doomed_in_s is not None:
            self._doom = self._loop.call_later(doomed_in_s, self._kill_while_it_runs)
        event = pending.event
        head = (
            f"{self._head}Lambda-Runtime-Aws-Request-Id: {pending.request_id}\r\n"
            f"Lambda-Runtime-Deadline-Ms: {int((time.time() + self._timeout) * 1000)}\r\n"
            f"Lambda-Runtime-Trace-Id: {trace_id()}\r\nContent-Length: {len(event)}\r\n\r\n"
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
        return self._answered(request_id, "success", body)

    def failed(self, request_id: str, body: bytes) -> bool:
        """The function raised."""
        return self._answered(request_id, "error", body)

    def reached(self, connection: WorkerConnection, point: str, when: str) -> None:
        """The function's code stands at a named place."""
        hold_s = self._interference.reached(self._name, point, "after" if when == "after" else "before")
        if hold_s is None:
            self.kill()
        elif hold_s:
            self._loop.call_later(hold_s, connection.go_on)
        else:
            connection.go_on()

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
        if self._debugged:
            await debug_port_free(spec.settings.debug[self._name])
        init_timeout = DEBUG_TIMEOUT if self._debugged else spec.settings.init_timeout
        self._timer = self._loop.call_later(init_timeout, self._init_timed_out)
        api = f"127.0.0.1:{port}"
        self._process = await spawn(
            worker_command(spec, api),
            cwd=spec.function.code,
            environment=worker_variables(spec.function, spec.layer, spec.values, spec.settings, api),
            stdout=logs.write_fd,
        )
        logs.started()
        self._owner.environment_started(self)
        if self.retiring or self._interference.kills(self._name, "init"):
            self.kill()
        return self._process

    def _answered(self, request_id: str, outcome: Outcome, payload: bytes) -> bool:
        if self._pending is None or self._pending.request_id != request_id:
            return False
        if self._interference.kills(self._name, "answer", "before"):
            self.kill()
            return True
        settled = self._settle(request_id, outcome, payload)
        if self._interference.kills(self._name, "answer", "after"):
            self.kill()
        return settled

    def _kill_while_it_runs(self) -> None:
        self._doom = None
        if self._pending is not None:
            self._interference.killed_late(self._name)
            self.kill()

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
        if self._spec.settings.freeze and not self._debugged and self.state == "idle" and self._process is not None:
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
        if self._doom is not None:
            self._doom.cancel()
            self._doom = None

    def _memory_mb(self) -> float:
        pid = self.pid
        if not pid:
            return 0.0
        try:
            return float(psutil.Process(pid).memory_info().rss / MEBIBYTE)
        except psutil.Error:
            return 0.0

    @property
    def _name(self) -> str:
        return self._spec.function.name

    def _close_connections(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in tuple(self._connections):
            connection.abort()
