"""Building a site with the npm that the environment has."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from functions.manifest import Site
from local.observer import EngineState, NullObserver
from local.site_build import SiteBuild, digest_of

BUILD = "const fs = require('fs'); fs.mkdirSync('dist', {recursive: true}); fs.appendFileSync('dist/builds', 'x');"
WRITE = "fs.copyFileSync('page.html', 'dist/index.html');"


@dataclass
class Told(NullObserver):
    states: list[tuple[EngineState, str]] = field(default_factory=list)

    def engine(self, name: str, state: EngineState, detail: str = "", progress: float | None = None) -> None:
        self.states.append((state, detail))


@dataclass
class Project:
    """A small npm project without dependencies, whose builds are counted."""

    root: Path

    def __post_init__(self) -> None:
        package = {"name": "page", "version": "1.0.0", "scripts": {"build": "node build.cjs"}}
        self.root.mkdir()
        (self.root / "package.json").write_text(json.dumps(package))
        lock = {"name": "page", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": {**package}}}
        (self.root / "package-lock.json").write_text(json.dumps(lock))
        (self.root / "build.cjs").write_text(f"{BUILD}\n{WRITE}\n")
        (self.root / "page.html").write_text("the first")

    @property
    def site(self) -> Site:
        return Site(self.root / "dist", self.root)

    @property
    def builds(self) -> int:
        return len((self.site.directory / "builds").read_text())

    def run(self, told: Told) -> bool:
        return asyncio.run(SiteBuild(self.site, cache=self.root.parent / "cache", observer=told).run())


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "web")


def test_builds_once_and_again_only_when_a_source_changed(project: Project) -> None:
    told = Told()
    assert project.run(told)
    assert (project.site.directory / "index.html").read_text() == "the first"
    assert told.states[-1] == ("ready", str(project.site.directory))
    (project.root / "page.html").write_text("the second")
    assert project.run(told)
    assert (project.site.directory / "index.html").read_text() == "the second"


def test_does_nothing_while_the_sources_stay_the_same(project: Project) -> None:
    assert project.run(Told())
    told = Told()
    assert project.run(told)
    assert told.states == []
    assert project.builds == 1


def test_a_build_that_fails_is_told_with_its_words_and_leaves_the_older_one(project: Project) -> None:
    assert project.run(Told())
    (project.root / "build.cjs").write_text("console.error('the sources are wrong'); process.exit(3);")
    told = Told()
    assert project.run(told)
    state, words = told.states[-1]
    assert state == "failed"
    assert "status 3" in words
    assert "the sources are wrong" in words
    assert (project.site.directory / "index.html").read_text() == "the first"


def test_packages_that_cannot_be_installed_fail_and_are_tried_again(project: Project) -> None:
    whole = (project.root / "package-lock.json").read_text()
    (project.root / "package-lock.json").unlink()
    told = Told()
    assert not project.run(told)
    assert told.states[-1][0] == "failed"
    (project.root / "package-lock.json").write_text(whole)
    assert project.run(Told())


def test_two_at_once_build_once(project: Project) -> None:
    async def both() -> list[bool]:
        builds = [SiteBuild(project.site, cache=project.root.parent / "cache", observer=Told()) for _ in range(2)]
        return await asyncio.gather(*(build.run() for build in builds))

    assert asyncio.run(both()) == [True, True]
    assert project.builds == 1


def test_the_digest_sees_names_and_contents_but_nothing_that_is_made(project: Project) -> None:
    before = digest_of(project.root)
    (project.root / "node_modules").mkdir()
    (project.root / "node_modules" / "a").write_text("installed")
    (project.root / "dist").mkdir()
    (project.root / "dist" / "b").write_text("built")
    assert digest_of(project.root) == before
    (project.root / "page.html").rename(project.root / "other.html")
    assert digest_of(project.root) != before
