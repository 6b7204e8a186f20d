"""Child processes that never outlive the twin.

Every child leads a session of its own, so that Ctrl-C in the terminal reaches the twin alone, which then ends its
children in order. Should the twin die without doing so, even by SIGKILL, the kernel kills them at once (on Linux), and
a watchdog process kills whatever they had started themselves (and on other systems, the children too).
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from local.watchdog import Watchdog

PR_SET_PDEATHSIG = 1
Child = asyncio.subprocess.Process
_watchdog: Watchdog | None = None


async def spawn(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int | IO[bytes] = subprocess.DEVNULL,
    stderr: int | IO[bytes] = subprocess.STDOUT,
    pass_fds: Sequence[int] = (),
    line_limit: int = 1 << 20,
) -> Child:
    """Starts a program that dies with this process, as the leader of its own session and process group.

    Must be called on the main thread: Linux sends the parent-death signal when the *thread* that forked ends.

    Args:
        command: the program and its arguments.
        cwd: the folder it runs in.
        environment: its whole environment; nothing is inherited.
        stdin, stdout, stderr: as for `subprocess.Popen`; stderr goes where stdout goes unless told otherwise.
        pass_fds: file descriptors that stay open in it.
        line_limit: the longest line that the reader of a piped stdout takes, in bytes.

    Raises:
        RuntimeError: called from another thread.
        OSError: the program cannot be started.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("children are started on the main thread, or they would die with another one")
    process = await asyncio.create_subprocess_exec(
        *(os.fspath(part) for part in command),
        cwd=cwd,
        env=dict(environment),
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        pass_fds=tuple(pass_fds),
        start_new_session=True,
        preexec_fn=_die_with_parent(os.getpid()),
        limit=line_limit,
    )
    _watch(process)
    return process


def signal_group(process: Child, number: signal.Signals) -> None:
    """Sends a signal to a child and everything it started; one that is gone already is no error."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def signal_pid_group(pid: int, number: signal.Signals) -> None:
    """As `signal_group`, for a child that is known by its process id alone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


async def end(process: Child, *, deadline_s: float, ask: signal.Signals = signal.SIGTERM) -> int:
    """Ends a child: asks by a signal, kills its whole group after `deadline_s` seconds; returns its exit status."""
    if process.returncode is None:
        signal_group(process, ask)
    return await ended(process, deadline_s=deadline_s)


async def ended(process: Child, *, deadline_s: float) -> int:
    """Waits until a child that was asked to end has done so, or kills its group after `deadline_s` seconds."""
    try:
        async with asyncio.timeout(deadline_s):
            return await process.wait()
    except TimeoutError:
        signal_group(process, signal.SIGKILL)
        return await process.wait()


def _die_with_parent(parent: int) -> Callable[[], None] | None:
    """What the child does between fork and exec on Linux; other systems have no such call and rely on the watchdog."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl

    def ask_the_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the call above
            os._exit(1)

    return ask_the_kernel


def _watch(process: Child) -> None:
    global _watchdog  # noqa: PLW0603 - one watchdog a process, started with its first child
    if _watchdog is None:
        _watchdog = Watchdog()
    _watchdog.watch(process)
