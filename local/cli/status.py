"""`python -m local status`: whether a stack runs, and where everything is."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console

from local.cli.addresses import print_addresses
from local.engines import read_run


def status(data: Path) -> int:
    """Prints the table of addresses of the stack that runs on the data folder; returns 1 if none does."""
    facts = read_run(data)
    if facts is None:
        sys.stdout.write(f"No stack runs on {data}.\n")
        return 1
    print_addresses(facts["addresses"], Console())
    return 0
