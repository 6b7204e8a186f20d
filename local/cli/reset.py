"""`python -m local reset`: removes the data that runs keep."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from local.engines import DataFolder


def reset(data: Path) -> int:
    """Removes the data folder and everything in it.

    Raises:
        StartError: a run uses it.
    """
    if not data.exists():
        sys.stdout.write(f"There is nothing to remove at {data}.\n")
        return 0
    with DataFolder(data) as folder:
        folder.wipe()
    shutil.rmtree(data, ignore_errors=True)
    sys.stdout.write(f"Removed {data}.\n")
    return 0
