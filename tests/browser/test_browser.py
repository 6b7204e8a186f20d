"""The web app in a real browser against a real stack: the specs of this folder, each as one test.

The browser and what drives it are npm packages, installed once into this folder; Node is the Python environment's.
`python -m pytest tests/browser -k chat` runs one of them; BROWSER_RESULTS and PICTURES say where what they leave goes.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.stack import Stack
from functions.manifest import Site, load_manifest
from local.observer import EngineState, NullObserver
from local.settings import Settings
from local.site_build import SiteBuild, npm_environment

HERE = Path(__file__).parent
PROJECT_ROOT = HERE.parents[1]
RUNNER = "node_modules/@playwright/test/cli.js"
DEADLINE_S = 600

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(DEADLINE_S + 300)]


class Told(NullObserver):
    """Remembers why an installation or a build failed."""

    failure = ""

    def engine(self, name: str, state: EngineState, detail: str = "", progress: float | None = None) -> None:
        if state == "failed":
            self.failure = detail


@pytest.fixture(scope="session")
def browser_packages() -> None:
    cache = Settings.read().cache
    asyncio.run(SiteBuild(Site(HERE / "none", HERE), cache=cache, observer=NullObserver()).install())


@pytest.fixture(scope="session")
def built_site() -> Site:
    site, told = load_manifest(PROJECT_ROOT / "functions" / "manifest.toml").site, Told()
    assert site is not None
    assert asyncio.run(SiteBuild(site, cache=Settings.read().cache, observer=told).run()), told.failure
    assert not told.failure
    return site


@pytest.fixture(scope="session")
def app(browser_packages: None, built_site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that serves the app as it is in this tree."""
    stack = Stack(tmp_path_factory.mktemp("browser") / "data")
    stack.start()
    try:
        stack.wait_until_healthy()
        yield stack
    finally:
        if stack.process.poll() is None:
            stack.stop()


@pytest.mark.parametrize("spec", sorted(path.name.split(".")[0] for path in (HERE / "specs").glob("*.spec.ts")))
def test_the_app_in_a_browser(app: Stack, tmp_path: Path, spec: str) -> None:
    environment = npm_environment(Settings.read().cache, os.environ)
    node = shutil.which("node", path=environment["PATH"])
    assert node is not None
    environment |= {"STACK_URL": app.url}
    environment.setdefault("BROWSER_RESULTS", str(tmp_path))
    environment.setdefault("PICTURES", str(tmp_path))
    done = subprocess.run(
        [node, RUNNER, "test", f"specs/{spec}.spec.ts"],
        cwd=HERE,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=DEADLINE_S,
    )
    sys.stdout.write(done.stdout)
    assert done.returncode == 0, done.stdout
