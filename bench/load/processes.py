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
ENGINES = {
    "kafka.Kafka": "kafka",
    "secantusd-rs": "secantusd-rs",
    "secantusd-py": "secantusd-py",
    "valkey-server": "valkey",
    "moto": "moto",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """What a process is: its group, and its name in it (a function's or an engine's)."""

    group: Group
    name: str


@dataclass(frozen=True, slots=True)
class CpuTimes:
    """Seconds of processor time, user and system, of each process that was alive, by what it is, pid and start.

    `busy` is what the whole machine's processors have worked, and `capacity` what they could have.
    """

    by_process: Mapping[tuple[Kind, int, float], float]
    busy: float = 0.0
    capacity: float = 0.0

    def since(self, earlier: CpuTimes) -> dict[Group, float]:
        """Seconds used since an earlier reading; a process that ended in between counts with nothing."""
        used: dict[Group, float] = dict.fromkeys(GROUPS, 0.0)
        for kind, seconds in self.by_kind_since(earlier).items():
            used[kind.group] += seconds
        return used

    def by_kind_since(self, earlier: CpuTimes) -> dict[Kind, float]:
        """The same for each function and engine."""
        used: dict[Kind, float] = {}
        for process, seconds in self.by_process.items():
            used[process[0]] = used.get(process[0], 0.0) + seconds - earlier.by_process.get(process, 0.0)
        return used

    def elsewhere_since(self, earlier: CpuTimes) -> float:
        """The share of the machine, from 0 to 1, that processes other than these have used since an earlier reading."""
        capacity = self.capacity - earlier.capacity
        if capacity <= 0:
            return 0.0
        used = self.busy - earlier.busy - sum(self.by_kind_since(earlier).values())
        return min(1.0, max(0.0, used / capacity))


class Processes:
    """The processes of one stack and of this load generator."""

    def __init__(self, stack_pid: int) -> None:
        self._stack = psutil.Process(stack_pid)
        self._kinds: dict[tuple[int, float], Kind] = {}

    def read(self) -> CpuTimes:
        """The processor times of now."""
        times: dict[tuple[Kind, int, float], float] = {}
        for kind, process in self._all():
            try:
                used = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            times[kind, process.pid, process.create_time()] = used.user + used.system
        machine = psutil.cpu_times()
        capacity = float(sum(machine))
        return CpuTimes(times, busy=capacity - machine.idle - getattr(machine, "iowait", 0.0), capacity=capacity)

    def twin_memory(self) -> int:
        """Bytes that the twin's main process has for itself."""
        return int(self._stack.memory_full_info().uss)

    def memory_without_engines(self) -> int:
        """Bytes that the twin and the functions' processes have for themselves."""
        own = (process for kind, process in self._all() if kind.group in ("twin", "workers"))
        return sum(int(process.memory_full_info().uss) for process in own)

    def engines(self) -> dict[str, str]:
        """The engines that run: the command line of each, by name."""
        return {kind.name: " ".join(process.cmdline()) for kind, process in self._all() if kind.group == "engines"}

    def workers(self, function: str) -> list[psutil.Process]:
        """The processes that run a function now."""
        return [process for kind, process in self._all() if kind == Kind("workers", function)]

    def _all(self) -> Iterator[tuple[Kind, psutil.Process]]:
        yield Kind("load", "load"), psutil.Process(os.getpid())
        yield Kind("twin", "twin"), self._stack
        for process in self._stack.children(recursive=True):
            key = (process.pid, process.create_time())
            kind = self._kinds.get(key) or _kind_of(process)
            if kind:
                self._kinds[key] = kind
                yield kind, process


def _kind_of(process: psutil.Process) -> Kind | None:
    """What a stack's child is; None for one that has ended, or has not yet become what it is to be."""
    try:
        function = process.environ().get(FUNCTION_VARIABLE, "")
        command = " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
        return None
    if function:
        return Kind("workers", function)
    return next((Kind("engines", name) for mark, name in ENGINES.items() if mark in command), None)
