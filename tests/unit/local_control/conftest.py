"""Runs the asynchronous tests of this folder under uvloop, as the twin runs."""

from __future__ import annotations

import pytest


@pytest.fixture(params=[pytest.param(("asyncio", {"use_uvloop": True}), id="uvloop")])
def anyio_backend(request: pytest.FixtureRequest) -> object:
    return request.param
