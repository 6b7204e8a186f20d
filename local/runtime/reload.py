"""Notices changed Python files by looking at their times, which works alike on every system and for every editor."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

SKIPPED = frozenset({"__pycache__", ".git", ".venv", "node_modules"})


class CodeWatcher:
    """Says which of some folders' Python files changed since it was last asked."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._seen = {folder: _files_of(folder) for folder in folders}

    def changed(self) -> set[Path]:
        """The folders in which a file was written, added or removed. Reads the disk: meant for a thread."""
        changed = set()
        for folder, before in self._seen.items():
            now = _files_of(folder)
            if now != before:
                self._seen[folder] = now
                changed.add(folder)
        return changed


def _files_of(folder: Path) -> Mapping[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    folders = [os.fspath(folder)]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.name.endswith(".py"):
                        status = entry.stat()
                        found[entry.path] = (status.st_mtime_ns, status.st_size)
                    elif entry.is_dir() and entry.name not in SKIPPED:
                        folders.append(entry.path)
        except OSError:  # removed while it was read: the next look tells
            continue
    return found
