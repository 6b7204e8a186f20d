"""`python -m local fast-database`: builds the database's fast server with cargo."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from local.engines.database import FAST_CRATE, FAST_SERVER, FAST_VERSION
from local.failures import StartError, check_disk

BUILD_DISK_MB = 3072


def build_fast_database(cache: Path) -> int:
    """Builds the server into the cache folder, where `run` finds it; takes about 6 minutes on two cores.

    Raises:
        StartError: there is no cargo, no room, or the build failed.
    """
    if (cache / "bin" / FAST_SERVER).is_file():
        sys.stdout.write(f"{FAST_SERVER} is there already: {cache / 'bin' / FAST_SERVER}\n")
        return 0
    cargo = shutil.which("cargo")
    if not cargo:
        raise StartError("cargo was not found: install Rust (its installer is at rustup.rs), then try again.")
    check_disk(cache, needed_mb=BUILD_DISK_MB, purpose="the build")
    version = f"{FAST_CRATE}@{FAST_VERSION}"
    command = [cargo, "install", "--ignore-rust-version", "--locked", "--root", str(cache), version]
    status = subprocess.run(command, check=False).returncode
    if status:
        raise StartError(f"{FAST_SERVER} could not be built: cargo ended with status {status}; its words are above.")
    sys.stdout.write(f"Built {cache / 'bin' / FAST_SERVER}; the next `make run` uses it.\n")
    return 0
