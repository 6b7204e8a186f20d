"""Why the twin cannot go on, each in one sentence that a person can act upon."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import psutil

MEBIBYTE = 1 << 20


class StartError(Exception):
    """The twin cannot start or go on. Its text is one sentence, with more lines only where a log's end explains it."""


class FaultError(ValueError):
    """Not a fault, or a file of faults that cannot be used; the text says why, a line for each mistake."""


def check_disk(folder: Path, *, needed_mb: int, purpose: str) -> None:
    """Makes sure of room on the disk that holds `folder`, which need not exist yet.

    Raises:
        StartError: less than `needed_mb` mebibytes are free.
    """
    existing = next(parent for parent in [folder, *folder.parents] if parent.exists())
    free_mb = shutil.disk_usage(existing).free // MEBIBYTE
    if free_mb < needed_mb:
        raise StartError(
            f"There is not enough disk space for {purpose}: {folder} needs {needed_mb} MB free and has {free_mb} MB."
        )


def port_in_use(host: str, port: int) -> StartError:
    """The sentence for a taken port, with the process that holds it where the system tells."""
    holder = _holder_of(port)
    by = f"process {holder.pid} ({_name_of(holder)})" if holder else "another process"
    return StartError(f"Port {port} on {host} is in use by {by}: end it, or choose another with PORT=.")


def _holder_of(port: int) -> psutil.Process | None:
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:  # macOS tells only root of other users' sockets
        return _own_holder_of(port)
    for connection in connections:
        if connection.pid and _listens(connection.status, connection.laddr, port):
            return psutil.Process(connection.pid)
    return None


def _own_holder_of(port: int) -> psutil.Process | None:
    for process in psutil.process_iter():
        try:
            connections = process.net_connections(kind="tcp")
        except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
        if any(_listens(connection.status, connection.laddr, port) for connection in connections):
            return process
    return None


def _listens(status: str, address: tuple[object, ...], port: int) -> bool:
    return status == psutil.CONN_LISTEN and len(address) > 1 and address[1] == port


def _name_of(process: psutil.Process) -> str:
    try:
        command = process.cmdline()
    except psutil.Error:
        return "unknown"
    words = [os.path.basename(command[0]), *command[1:4]] if command else [process.name()]  # noqa: PTH119 - not a path of ours
    return " ".join(words)[:80]
