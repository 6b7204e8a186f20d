"""Who uses the processor: the twin, its workers, the engines, the load generator."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import psutil

Group = Literal["twin", "workers", "engines", "load"]
GROUPS: tuple[Group, ...] = ("twin", "workers", "engines", "load")
FUNCTION_VARIABLE = "AWS_LAMBDA_FUNCTION_NAME"


@dataclass(frozen=True, slots=True)
class CpuTimes:
    """Seconds of processor time, user and system, of each process that was alive, by group."""

    by_process: Mapping[tuple[Group, int, float], float]

    def since(self, earlier: CpuTimes) -> dict[Group, float]:
        """Seconds used since an earlier reading; a process that ended in between counts with nothing."""
        used: dict[Group, float] = dict.fromkeys(GROUPS, 0.0)
        for process, seconds in self.by_process.items():
            used[process[0]] += seconds - earlier.by_process.get(process, 0.0)
        return used


class Processes:
    """The processes of one stack and of this load generator."""

    def __init__(self, stack_pid: int) -> None:
        self._stack = psutil.Process(stack_pid)
        self._kinds: dict[tuple[int, float], Group] = {}

    def read(self) -> CpuTimes:
        """The processor times of now."""
        times: dict[tuple[Group, int, float], float] = {}
        for group, process in self._all():
            try:
                used = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            times[group, process.pid, process.create_time()] = used.user + used.system
        return CpuTimes(times)

    def twin_memory(self) -> int:
        """Bytes that the twin's main process has for itself."""
        return int(self._stack.memory_full_info().uss)

    def workers(self, function: str) -> list[psutil.Process]:
        """The processes that run a function now."""
        return [process for process in self._stack.children(recursive=True) if function_of(process) == function]

    def _all(self) -> Iterator[tuple[Group, psutil.Process]]:
        yield "load", psutil.Process(os.getpid())
        yield "twin", self._stack
        for process in self._stack.children(recursive=True):
            key = (process.pid, process.create_time())
            if key not in self._kinds:
                self._kinds[key] = "workers" if function_of(process) else "engines"
            yield self._kinds[key], process


def function_of(process: psutil.Process) -> str:
    """The name of the function that a process runs; empty for any other process, and for one that has ended."""
    try:
        return process.environ().get(FUNCTION_VARIABLE, "")
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
        return ""
