"""What every engine has in common: a child process with a log file, a port, a readiness check and an orderly end."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from local import process
from local.engines import ports
from local.engines.probes import Probe
from local.failures import StartError
from local.observer import Observer

START_DEADLINE_S = 60.0
STOP_DEADLINE_S = 10.0
PROBE_EVERY_S = 0.03
LOG_TAIL_LINES = 15


class Engine:
    """One server process on 127.0.0.1.

    Attributes of a subclass: `name` (also of its log file), `title` (for people), `probe`, and `command`, which is
    called at each start. `start` after `stop` or `kill` starts it anew, on the same port and data.
    """

    name: str
    title: str
    probe: Probe
    stop_signal = signal.SIGTERM

    def __init__(self, folder: Path, port: int, observer: Observer) -> None:
        """
        Args:
            folder: the data folder of the whole twin; the engine's own is the folder of its name in it.
            port: where it listens.
            observer: told of what it does.
        """
        self.host, self.port = ports.HOST, port
        self.folder = folder / self.name
        self.log_path = folder / "logs" / f"{self.name}.log"
        self.start_seconds = 0.0
        self._observer = observer
        self.on_fall: Callable[[Engine, int], None] | None = None
        """Called with the exit status when it ends, once ready, without having been stopped or killed from here."""
        self._process: process.Child | None = None
        self._watching: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        """host:port."""
        return f"{self.host}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The process, or None if none runs."""
        running = self._process and self._process.returncode is None
        return self._process.pid if self._process and running else None

    async def prepare(self) -> None:
        """Fetches or makes, once, what a start needs."""

    def command(self) -> list[str]:
        """The program and its arguments."""
        raise NotImplementedError

    def environment(self) -> Mapping[str, str]:
        """The program's whole environment. HOME is the engine's folder, so that no setting of the user's gets in."""
        return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}

    async def start(self) -> None:
        """Starts it and returns when it serves.

        Raises:
            StartError: it ended, or did not serve within 60 seconds; the text has the end of its log.
        """
        self._observer.engine(self.name, "starting")
        began = time.monotonic()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        if self.log_path.exists():
            self.log_path.replace(self.log_path.with_suffix(".log.old"))
        await self.before_start()
        self._process = await self._run(self.command())
        try:
            await self._wait_until_ready(self._process)
        except BaseException:
            self.kill()
            await self._process.wait()
            raise
        self.start_seconds = time.monotonic() - began
        self._watching = asyncio.create_task(self._watch(self._process))
        self._observer.engine(self.name, "ready", f"{self.address}, {self.start_seconds:.1f} s")

    async def before_start(self) -> None:
        """What must happen right before each start."""

    async def stop(self, deadline_s: float = STOP_DEADLINE_S) -> None:
        """Asks it to end and waits; kills it after `deadline_s` seconds. Does nothing if it does not run."""
        if not self._process or self.pid is None:
            return
        self._unwatch()
        self._observer.engine(self.name, "stopping")
        await process.end(self._process, deadline_s=deadline_s, ask=self.stop_signal)
        self._observer.engine(self.name, "stopped")

    async def wait(self) -> int:
        """Waits until the running process ends; returns its exit status."""
        if not self._process:
            raise RuntimeError(f"{self.title} does not run")
        return await self._process.wait()

    def kill(self) -> None:
        """Kills it at once, as a crash would."""
        self._unwatch()
        if self._process:
            process.signal_group(self._process, signal.SIGKILL)

    async def crash(self) -> None:
        """Kills it at once and waits until it is gone. Does nothing if it does not run."""
        self.kill()
        if self._process:
            await self._process.wait()
            self._observer.engine(self.name, "stopped", "killed")

    async def wipe(self) -> None:
        """Removes its data; it must not run."""
        await asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True)

    def log_tail(self) -> str:
        """The last lines of its log."""
        try:
            lines = self.log_path.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return ""
        return "\n".join(lines[-LOG_TAIL_LINES:])

    async def _watch(self, child: process.Child) -> None:
        status = await child.wait()
        if self.on_fall:
            self.on_fall(self, status)

    def _unwatch(self) -> None:
        if self._watching:
            self._watching.cancel()
            self._watching = None

    async def _run(self, command: list[str]) -> process.Child:
        with self.log_path.open("ab") as log:
            return await process.spawn(
                command, cwd=self.folder, environment=self.environment(), stdout=log, stderr=subprocess.STDOUT
            )

    async def _wait_until_ready(self, child: process.Child) -> None:
        deadline = time.monotonic() + START_DEADLINE_S
        while not await type(self).probe(self.host, self.port):
            if child.returncode is not None:
                raise self._failure(f"ended with status {child.returncode} while starting")
            if time.monotonic() > deadline:
                raise self._failure(f"did not answer within {START_DEADLINE_S:.0f} s")
            await asyncio.sleep(PROBE_EVERY_S)

    def _failure(self, what: str) -> StartError:
        tail = self.log_tail()
        log = f" The end of {self.log_path}:\n{tail}" if tail else f" It wrote nothing to {self.log_path}."
        return StartError(f"{self.title} {what}.{log}")
