"""`python -m local stop`: ends the stack that runs, in order."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from local.engines import read_run
from local.failures import StartError

DEADLINE_S = 40.0
POLL_S = 0.05


def stop(data: Path) -> int:
    """Asks the stack that runs on a data folder to end, and returns when it has.

    Raises:
        StartError: it does not end within 40 seconds.
    """
    facts = read_run(data)
    if facts is None:
        sys.stdout.write(f"No stack runs on {data}.\n")
        return 0
    # The folder's lock is held, so the process that noted itself there lives: its id cannot be another's.
    os.kill(facts["pid"], signal.SIGTERM)
    deadline = time.monotonic() + DEADLINE_S
    while read_run(data) is not None:
        if time.monotonic() > deadline:
            raise StartError(f"The stack on {data} (process {facts['pid']}) has not ended yet.")
        time.sleep(POLL_S)
    sys.stdout.write("Stopped; the data is kept.\n")
    return 0
