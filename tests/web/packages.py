"""Node and the packages of web/, installed once for each lock file."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from functions.manifest import Site
from local.observer import NullObserver
from local.site_build import SiteBuild, npm_environment

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web"
CACHE = Path(os.environ.get("PARLEY_CACHE", ROOT / ".cache"))


def install_packages() -> None:
    """Installs what web/'s lock file names, unless that was done before; SiteBuildError where it fails."""
    site = Site(directory=WEB / "app" / "dist", source=WEB, script="build:app")
    asyncio.run(SiteBuild(site, cache=CACHE, observer=NullObserver()).install())


def run_node(
    program: str, *arguments: str, stdin: str | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a program of a package, or a script of web/, to its end.

    Args:
        program: such as `eslint` or `sdk/scripts/build.mjs`.
    """
    path = WEB / program if program.endswith(".mjs") else WEB / "node_modules" / ".bin" / program
    variables = {**npm_environment(CACHE), **(environment or {})}
    return subprocess.run(  # noqa: PLW1510 - what it means that it failed is the caller's to say
        ["node", str(path), *arguments], cwd=WEB, env=variables, input=stdin, capture_output=True, text=True
    )
