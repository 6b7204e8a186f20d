"""A stack of one's own: `python -m local run` as a process, on a free port and a data folder of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

PROJECT_ROOT = Path(__file__).parents[1]
START_DEADLINE_S = 180.0
STOP_DEADLINE_S = 40.0
POLL_S = 0.02
UNLIMITED = {"PARLEY_RATE_LIMITS": "off", "LIMITS": "off"}
"""What is measured is the project, not the limits that AWS and the project itself set."""


def end_in_order() -> None:
    """Has SIGTERM end this program as an exception does, so that the stacks it started end with it."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


class StackError(Exception):
    """The stack did not start or end; the text holds the end of what it said."""


class Stack:
    """One running stack. `url` is where it is, `pid` its main process; what it prints goes to `log`."""

    def __init__(self, data: Path, *, environment: Mapping[str, str] | None = None) -> None:
        """
        Args:
            data: its data folder; what an earlier stack left there is found again.
            environment: more variables for it, such as MANIFEST.
        """
        self.data = data
        self.log = data.parent / f"{data.name}.log"
        self.url = ""
        self._environment = dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The main process."""
        return self.process.pid

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The main process, running or ended."""
        if self._process is None:
            raise StackError("the stack was never started")
        return self._process

    def start(self) -> None:
        """Starts it and returns when it has said where it serves.

        Raises:
            StackError: it ended first, or took longer than three minutes.
        """
        (self.data / "run.json").unlink(missing_ok=True)
        # A file that is saved meanwhile would replace environments in the middle of a measurement.
        own = {"PORT": "0", "PARLEY_DATA": str(self.data), "RELOAD": "off", "SITE": "off"} | UNLIMITED
        variables = {**os.environ, **own}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "local", "run"],
                cwd=PROJECT_ROOT,
                env=variables | self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self.url = self._wait_for_address()
        except BaseException:  # whoever gives up waiting must not leave it behind
            self.kill()
            raise

    def _wait_for_address(self) -> str:
        deadline = time.monotonic() + START_DEADLINE_S
        while not (facts := self.facts()):
            if self.process.poll() is not None:
                raise StackError(f"the stack ended with {self.process.returncode}:\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise StackError(f"the stack did not start within {START_DEADLINE_S:.0f} s:\n{self.log_tail()}")
            time.sleep(POLL_S)
        return str(facts["url"]).rstrip("/")

    def facts(self) -> dict[str, Any]:
        """What the run noted about itself in its data folder; {} as long as it does not serve."""
        try:
            facts = json.loads((self.data / "run.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return dict(facts)

    def wait_until_healthy(self, *, deadline_s: float = 60) -> None:
        """Waits until the stack's health says that all is there; StackError when that takes too long."""
        deadline = time.monotonic() + deadline_s
        with httpx.Client(trust_env=False, timeout=5) as client:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    if client.get(f"{self.url}/api/health").status_code == 200:
                        return
                if time.monotonic() > deadline:
                    raise StackError(f"the stack is not healthy after {deadline_s:.0f} s:\n{self.log_tail()}")
                time.sleep(POLL_S)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Asks it to end by a signal; its exit status. StackError when it has to be killed."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired as error:
            self.kill()
            raise StackError(f"the stack did not end within {STOP_DEADLINE_S:.0f} s:\n{self.log_tail()}") from error

    def kill(self) -> None:
        """Kills its main process, as a crash would."""
        self.process.kill()
        self.process.wait(STOP_DEADLINE_S)

    def log_tail(self, lines: int = 40) -> str:
        """The last lines of what it said."""
        try:
            return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return ""
