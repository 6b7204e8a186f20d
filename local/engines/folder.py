"""The data folder: what survives from run to run, and the lock that keeps it one run's own."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil

from local.failures import StartError, check_disk

FREE_DISK_MB = 200
LEFTOVER_DEADLINE_S = 5.0


class DataFolder:
    """A data folder, held by one process at a time: the lock goes with the process, however it ends."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._lock: int | None = None

    def __enter__(self) -> DataFolder:
        """Takes the folder, making it where it is missing.

        Raises:
            StartError: another run holds it, it cannot be written, or its disk is full.
        """
        check_disk(self.path, needed_mb=FREE_DISK_MB, purpose="the data folder")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StartError(f"The data folder {self.path} cannot be used: {error.strerror}.") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            pid = os.pread(lock, 32, 0).decode().strip()
            os.close(lock)
            raise StartError(
                f"The data folder {self.path} is in use by process {pid or '(unknown)'}:"
                " end it, or set PARLEY_DATA to another folder."
            ) from error
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        self._lock = lock
        (self.path / "run.json").unlink(missing_ok=True)
        self._wait_for_leftovers()
        return self

    def __exit__(self, *exc: object) -> None:
        """Gives the folder back."""
        if self._lock is not None:
            (self.path / "run.json").unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None

    def wipe(self) -> None:
        """Removes everything in it. The folder must be held."""
        for entry in self.path.iterdir():
            if entry.name == "lock":
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def note_run(self, facts: dict[str, Any]) -> None:
        """Leaves `facts` about the run for other commands, readable by its owner only, for as long as it lives."""
        target, draft = self.path / "run.json", self.path / "run.json.new"
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
        draft.replace(target)

    def note_children(self, pids: Iterable[int]) -> None:
        """Remembers the engines' processes, so that the next run can wait for them after this one was killed."""
        started = {str(pid): psutil.Process(pid).create_time() for pid in pids}
        (self.path / "children.json").write_text(json.dumps(started), encoding="utf-8")

    def _wait_for_leftovers(self) -> None:
        """After a kill the engines die with the run, but not in the same instant, and hold their files until then."""
        try:
            started = json.loads((self.path / "children.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return
        deadline = time.monotonic() + LEFTOVER_DEADLINE_S
        for pid, create_time in started.items():
            with contextlib.suppress(psutil.Error):
                leftover = psutil.Process(int(pid))
                if leftover.create_time() == create_time:
                    leftover.wait(timeout=max(deadline - time.monotonic(), 0))


def read_run(path: Path) -> dict[str, Any] | None:
    """What the run that holds the data folder `path` noted, or None if none lives."""
    try:
        lock = os.open(path / "lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        with contextlib.suppress(FileNotFoundError, ValueError):
            facts: dict[str, Any] = json.loads((path / "run.json").read_text(encoding="utf-8"))
            return facts
        return None
    finally:
        os.close(lock)
    return None
