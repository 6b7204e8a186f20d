"""`python -m local logs`: what a function prints, as it prints it."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from urllib.parse import quote

from local.cli.control import ask_stack

POLL_S = 0.3


def logs(data: Path, function: str, *, follow: bool) -> int:
    """Prints the last lines of a function of the stack that runs, then those that come, until Ctrl-C.

    Args:
        data: the stack's data folder.
        function: its name in the manifest.
        follow: false ends after the lines that are there.

    Raises:
        StartError: no stack runs, or there is no such function.
    """
    last = 0
    try:
        while True:
            for line in ask_stack(data, "GET", f"/_local/logs/{quote(function, safe='')}?after={last}")["lines"]:
                last = line["number"]
                sys.stdout.write(f"{line['text']}\n")
            sys.stdout.flush()
            if not follow:
                return 0
            time.sleep(POLL_S)
    except KeyboardInterrupt:
        return 0
