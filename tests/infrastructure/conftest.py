"""Each stage is synthesized once a session, when the first test asks for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from cdk.parts.layers import LayerSet
from functions.manifest import Manifest
from tests.infrastructure.synthesis import SYNTHESES, Synthesis, project_manifest, small_layers, synthesize

Synthesize = Callable[[str], Synthesis]


@pytest.fixture(scope="session")
def layers(tmp_path_factory: pytest.TempPathFactory) -> LayerSet:
    return small_layers(tmp_path_factory.mktemp("layers"))


@pytest.fixture(scope="session")
def synthesis_of(tmp_path_factory: pytest.TempPathFactory, layers: LayerSet) -> Synthesize:
    folder: Path = tmp_path_factory.mktemp("assemblies")

    @cache
    def synthesis_of(key: str) -> Synthesis:
        return synthesize(key, folder / key, layers)

    return synthesis_of


@pytest.fixture(params=list(SYNTHESES))
def stage(request: pytest.FixtureRequest, synthesis_of: Synthesize) -> Synthesis:
    """Each of the syntheses in turn."""
    return synthesis_of(request.param)


@pytest.fixture
def prod(synthesis_of: Synthesize) -> Synthesis:
    return synthesis_of("prod")


@pytest.fixture
def dev(synthesis_of: Synthesize) -> Synthesis:
    return synthesis_of("dev")


@pytest.fixture
def wide(synthesis_of: Synthesize) -> Synthesis:
    """Four cells, MSK Serverless, own domain names, an account, a mail address."""
    return synthesis_of("wide")


@pytest.fixture(scope="session")
def manifest() -> Manifest:
    return project_manifest()
